from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.errors import SpoolFullError
from tap_twitter_stream.spool import writer as writer_module
from tap_twitter_stream.spool.entries import Stopped
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tests.spool.disk import Disk
from tests.spool.logs import frames_from, payloads, writer

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.spool.writer import LogWriter


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 200)


def append(log: LogWriter, count: int) -> None:
    for number in range(count):
        log.append(Kind.BYTES, b"%03d" % number, connection=8)


def test_a_full_disk_drops_what_was_emitted_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Mutation: wait for room, as if the log were not what fills the disk."""
    disk = Disk()
    log = writer(tmp_path, files=disk, durable=True)
    append(log, 20)
    _, following, *_ = segments(tmp_path)
    log.emitted(following.end)
    disk.free_bytes = 10
    log.append(Kind.BYTES, b"more", connection=8)
    assert segments(tmp_path)[0] == following  # no more than was needed
    assert log.start == following.base
    assert payloads(frames_from(tmp_path))[-1] == b"more"
    (warning,) = caplog.records
    assert "disk of the spool is full: what was emitted longest ago is dropped" in warning.message


def test_a_full_disk_never_takes_what_was_not_emitted(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, files=disk)
    append(log, 20)
    before = segments(tmp_path)
    log.emitted(before[0].end - 1)
    disk.free_bytes = 10
    with pytest.raises(SpoolFullError):
        append(log, 1)
    assert segments(tmp_path) == before


def test_a_start_on_a_full_disk_drops_what_state_acknowledges_first(tmp_path: Path) -> None:
    """Mutation: begin the new file first. The log itself may be what fills the disk."""
    disk = Disk()
    log = writer(tmp_path, files=disk)
    append(log, 20)
    log.finish(Stopped(reason="stop"))
    _, following, *_ = segments(tmp_path)
    disk.free_bytes = 0
    with pytest.raises(SpoolFullError):
        writer(tmp_path, files=disk)
    with pytest.raises(SpoolFullError):
        writer(tmp_path, files=disk, acknowledged=("another", following.end))
    again = writer(tmp_path, files=disk, acknowledged=(log.spool_id, following.base))
    assert again.start == following.base
    assert again.opened_at == log.end
    again.close()
