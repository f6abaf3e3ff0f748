from __future__ import annotations

import contextlib
import errno
import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool import writer as writer_module
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import MAGIC, Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.spool.logs import frames_from, payloads, write_payloads, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_twitter_stream.spool.writer import LogWriter


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 200)


def fill(log: LogWriter, count: int) -> None:
    for number in range(count):
        log.append(Kind.BYTES, b"%03d" % number, connection=8)


def test_a_torn_tail_leaves_exactly_the_whole_frames_before_it(tmp_path: Path) -> None:
    sent = [b"one", b"", b"three" * 9]
    write_payloads(tmp_path / "log", sent)
    whole = segments(tmp_path / "log")[0].path.read_bytes()
    ends = [frame.end for frame in frames_from(tmp_path / "log") if frame.kind is Kind.BYTES]
    for size in range(len(whole) + 1):
        folder = tmp_path / str(size)
        shutil.copytree(tmp_path / "log", folder)
        segments(folder)[0].path.write_bytes(whole[:size])
        write_payloads(folder, [b"next"])
        kept = sent[: sum(end <= size for end in ends)]
        frames = frames_from(folder)
        assert payloads(frames) == [*kept, b"next"], size
        assert not any(frame.kind is Kind.CORRUPT for frame in frames)


def test_positions_go_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    end = write_payloads(tmp_path, [b"one"])
    log = writer(tmp_path)
    assert (log.start, log.opened_at) == (0, end)
    assert log.append(Kind.BYTES, b"two", connection=8) > end
    log.close()
    found = frames_from(tmp_path)
    assert [frame.position for frame in found] == sorted(frame.position for frame in found)


@pytest.mark.usefixtures("small_segments")
def test_each_segment_begins_with_the_window_and_the_open_connections(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.append_json(Kind.WINDOW, {"window_id": "w"})
    first = log.append_json(Kind.OPENED, {"connection_id": "a"})
    second = log.append_json(Kind.OPENED, {"connection_id": "b"})
    fill(log, 20)
    log.append_json(Kind.CLOSED, {"ending": {}}, connection=first)
    fill(log, 20)
    log.close()
    contexts = []
    for segment in segments(tmp_path):
        frame = frames_from(tmp_path, segment.base)[0]
        assert frame.kind is Kind.CONTEXT
        contexts.append(frame.json())
    assert contexts[0] == {"window": {}, "connections": []}
    both = [[first, {"connection_id": "a"}], [second, {"connection_id": "b"}]]
    assert contexts[2] == {"window": {"window_id": "w"}, "connections": both}
    assert contexts[-1] == {"window": {"window_id": "w"}, "connections": both[1:]}


@pytest.mark.usefixtures("small_segments")
def test_a_roll_right_behind_an_opening_knows_the_connection(tmp_path: Path) -> None:
    """What rings is another connection's frame, which comes before the opener is heard of."""
    log = writer(tmp_path, ring=lambda: fill_silently(log))
    opened = log.append_json(Kind.OPENED, {"connection_id": "a"})
    log.append_json(Kind.CLOSED, {"ending": {}}, connection=opened)
    log.close()
    contexts = [frame.json() for frame in frames_from(tmp_path) if frame.kind is Kind.CONTEXT]
    assert contexts[1]["connections"] == [[opened, {"connection_id": "a"}]]
    assert contexts[-1]["connections"] == []


def fill_silently(log: LogWriter) -> None:
    log._ring = lambda: None  # noqa: SLF001 - the ring under test must not ring itself
    fill(log, 20)
    log._ring = lambda: fill_silently(log)  # noqa: SLF001


def test_each_append_rings(tmp_path: Path) -> None:
    rung: list[int] = []
    log = writer(tmp_path, ring=lambda: rung.append(1))
    fill(log, 3)
    log.append_json(Kind.WINDOW, {})
    assert len(rung) == 4
    log.close()


def test_a_folder_in_use_is_refused_in_words(tmp_path: Path) -> None:
    log = writer(tmp_path)
    with pytest.raises(SpoolError, match="in use by another run of the tap"):
        writer(tmp_path)
    log.close()
    writer(tmp_path).close()


@pytest.mark.usefixtures("small_segments")
def test_dropping_deletes_only_whole_files_before_the_position(tmp_path: Path) -> None:
    log = writer(tmp_path)
    fill(log, 40)
    bases = [segment.base for segment in segments(tmp_path)]
    assert log.drop_before(bases[2] - 1) == bases[1]
    assert log.drop_before(bases[2]) == bases[2] - bases[1]
    assert log.start == bases[2]
    assert [segment.base for segment in segments(tmp_path)] == bases[2:]
    log.drop_before(log.end)
    assert [segment.base for segment in segments(tmp_path)] == bases[-1:]  # it is written to
    assert log.start == bases[-1]
    log.close()


@settings(max_examples=40)
@given(st.lists(st.integers(0, 60) | st.sampled_from(["room", "old", "write"]), max_size=30))
def test_bound_and_retention_never_delete_what_was_not_emitted(
    tmp_path_factory: pytest.TempPathFactory, actions: list[int | str]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    clock = FakeClock(now_s=4e9)  # every file is older than any retention
    log = writer(folder, max_bytes=800, clock=clock)
    positions: list[int] = []
    emitted = 0
    for action in actions:
        if action == "room":
            assert log.has_room() == (log.end - log.start < 800)
        elif action == "old":
            log.drop_older_than(1.0)
        elif action == "write":
            positions += [log.append(Kind.BYTES, b"x" * 20, connection=8) for _ in range(5)]
        elif positions:
            emitted = max(emitted, positions[int(action) % len(positions)])
            log.emitted(emitted)
        kept = {frame.position for frame in frames_from(folder)}
        assert kept >= {position for position in positions if position >= emitted}
    log.close()


def test_a_small_bound_still_makes_room_for_ever(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=2000)
    for _ in range(50):
        fill(log, 20)
        log.emitted(log.end)
        assert log.wait_for_room(0.0)
        assert log.end - log.start < 2000
    log.close()


def test_a_full_log_has_no_room_until_something_was_emitted(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=1000)
    fill(log, 100)
    assert not log.has_room()
    assert not log.wait_for_room(0.0)
    log.emitted(log.end)
    assert log.has_room()
    log.close()


@pytest.mark.usefixtures("small_segments")
def test_retention_keeps_young_files(tmp_path: Path) -> None:
    log = writer(tmp_path, clock=FakeClock(now_s=4e9))
    fill(log, 40)
    log.emitted(log.end)
    count = len(segments(tmp_path))
    log.drop_older_than(3.9e9)
    assert len(segments(tmp_path)) == count
    log.drop_older_than(1.0)
    assert len(segments(tmp_path)) == 1
    log.close()


class FullDisk:
    """Lets so many bytes through, then says that the disk is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
        self.free_bytes = free_bytes
        self._write = os.write
        monkeypatch.setattr(os, "writev", self.writev)
        monkeypatch.setattr(os, "write", self.write)

    def writev(self, handle: int, parts: Sequence[bytes]) -> int:
        return self.write(handle, b"".join(parts))

    def write(self, handle: int, data: bytes) -> int:
        if not self.free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(handle, data[: self.free_bytes])
        self.free_bytes -= written
        return written


@pytest.mark.parametrize("free_bytes", range(0, 560, 7))
def test_a_full_disk_at_any_byte_leaves_a_log_to_read_and_to_go_on_with(
    tmp_path: Path, free_bytes: int, small_segments: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del small_segments
    log = writer(tmp_path)
    opened = log.append_json(Kind.OPENED, {"connection_id": "a"})
    sent = [b"%d" % number * 10 for number in range(20)]
    with monkeypatch.context() as patch:
        disk = FullDisk(patch, free_bytes)
        stored = stored_until_full(log, sent)
        before = frames_from(tmp_path)
        with pytest.raises(SpoolError, match=r"No space left.*Free disk space"):
            log.append(Kind.BYTES, sent[stored], connection=opened)
        assert frames_from(tmp_path) == before
        disk.free_bytes = 1 << 30
        for payload in sent[stored:]:
            log.append(Kind.BYTES, payload, connection=opened)
    log.close()
    frames = frames_from(tmp_path)
    assert payloads(frames) == sent
    assert payloads(before) == sent[:stored]
    for segment in segments(tmp_path)[1:]:
        context = frames_from(tmp_path, segment.base)[0].json()
        assert context["connections"] == [[opened, {"connection_id": "a"}]]


def stored_until_full(log: LogWriter, sent: list[bytes]) -> int:
    stored = 0
    with contextlib.suppress(SpoolError):
        for payload in sent:
            log.append(Kind.BYTES, payload, connection=44)
            stored += 1
    return stored


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writev, write = os.writev, os.write
    log = writer(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", lambda handle, parts: writev(handle, [b"".join(parts)[:5]]))
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:3]))
        fill(log, 5)
    log.close()
    assert payloads(frames_from(tmp_path)) == [b"%03d" % number for number in range(5)]


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SpoolError, match="cannot be written"):
        writer(tmp_path / "file")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were forced to disk, in order."""
    names: list[str] = []

    def recording(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(handle: int) -> None:
            names.append(Path(f"/proc/self/fd/{handle}").readlink().name)
            real(handle)

        return sync

    monkeypatch.setattr(os, "fdatasync", recording(os.fdatasync))
    monkeypatch.setattr(os, "fsync", recording(os.fsync))
    return names


@pytest.mark.usefixtures("small_segments")
def test_a_durable_log_forces_each_file_before_the_next_begins(
    tmp_path: Path, synced: list[str]
) -> None:
    log = writer(tmp_path, durable=True)
    fill(log, 20)
    names = [segment.path.name for segment in segments(tmp_path)]
    for name, following in pairwise(names):
        draft = following.replace(".log", ".new")
        assert name in synced[: synced.index(draft)]
    del synced[:]
    log.sync()
    log.sync()
    assert synced == names[-1:]
    log.close()


def test_what_a_killed_run_left_unforced_is_forced_by_the_next(
    tmp_path: Path, synced: list[str]
) -> None:
    write_payloads(tmp_path, [b"one"])
    name = segments(tmp_path)[0].path.name
    writer(tmp_path, durable=True).close()
    assert name in synced


def test_a_log_that_dies_with_the_run_is_never_forced(tmp_path: Path, synced: list[str]) -> None:
    log = writer(tmp_path)
    del synced[:]
    fill(log, 10)
    log.sync()
    log.close()
    assert synced == []


def test_a_new_segment_is_never_seen_without_its_first_frame(
    tmp_path: Path, small_segments: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del small_segments
    log = writer(tmp_path)
    write = os.write
    reader = LogReader(tmp_path, 0, 0)

    def watched(handle: int, data: Any) -> int:  # noqa: ANN401 - bytes of any kind
        while reader.read():  # a reader that looks at the worst moments
            pass
        return write(handle, data[:1])

    monkeypatch.setattr(os, "write", watched)
    fill(log, 30)
    assert all(one.path.read_bytes().startswith(MAGIC) for one in segments(tmp_path))
    reader.close()
    log.close()
