from __future__ import annotations

import contextlib
import errno
import random
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.errors import SpoolError, SpoolFullError
from tap_twitter_stream.spool import writer as writer_module
from tap_twitter_stream.spool.folder import identity, segments
from tap_twitter_stream.spool.frames import MAGIC, Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.spool.disk import Disk
from tests.spool.logs import abandon, frames_from, held, note, payloads, write_payloads, writer

if TYPE_CHECKING:
    from pathlib import Path

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
    assert (log.start, log.old_end, log.old_bytes) == (0, end, end)
    assert log.opened_at > end  # nobody closed it: what it had lost may have had these positions
    assert log.append(Kind.BYTES, b"two", connection=8) > end
    log.close()
    found = frames_from(tmp_path)
    assert [frame.position for frame in found] == sorted(frame.position for frame in found)


@pytest.mark.usefixtures("small_segments")
def test_each_segment_begins_with_the_window_and_the_open_connections(tmp_path: Path) -> None:
    log = writer(tmp_path)
    note(log, Kind.WINDOW, {"window_id": "w"})
    first = note(log, Kind.OPENED, {"connection_id": "a"})
    second = note(log, Kind.OPENED, {"connection_id": "b"})
    fill(log, 20)
    note(log, Kind.CLOSED, {"ending": {}}, connection=first)
    fill(log, 20)
    log.close()
    contexts = []
    for segment in segments(tmp_path):
        frame = frames_from(tmp_path, segment.base)[0]
        assert frame.kind is Kind.CONTEXT
        contexts.append(held(frame))
    follows = [context.pop("follows") for context in contexts]
    assert follows == [0, *(segment.base for segment in segments(tmp_path)[1:])]
    assert contexts[0] == {"window": {}, "connections": []}
    both = [[first, {"connection_id": "a"}], [second, {"connection_id": "b"}]]
    assert contexts[2] == {"window": {"window_id": "w"}, "connections": both}
    assert contexts[-1] == {"window": {"window_id": "w"}, "connections": both[1:]}


@pytest.mark.usefixtures("small_segments")
def test_a_roll_right_behind_an_opening_knows_the_connection(tmp_path: Path) -> None:
    """What rings is another connection's frame, which comes before the opener is heard of."""
    log = writer(tmp_path, ring=lambda: fill_silently(log))
    opened = note(log, Kind.OPENED, {"connection_id": "a"})
    note(log, Kind.CLOSED, {"ending": {}}, connection=opened)
    log.close()
    contexts = [held(frame) for frame in frames_from(tmp_path) if frame.kind is Kind.CONTEXT]
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
    note(log, Kind.WINDOW, {})
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


@pytest.mark.parametrize("free_bytes", range(0, 560, 7))
def test_a_full_disk_at_any_byte_leaves_a_log_to_read_and_to_go_on_with(
    tmp_path: Path, free_bytes: int, small_segments: None
) -> None:
    del small_segments
    disk = Disk()
    log = writer(tmp_path, files=disk)
    opened = note(log, Kind.OPENED, {"connection_id": "a"})
    sent = [b"%d" % number * 10 for number in range(20)]
    disk.free_bytes = free_bytes
    stored = stored_until_full(log, sent)
    before = frames_from(tmp_path)
    with pytest.raises(SpoolFullError, match=r"No space left.*Free disk space"):
        log.append(Kind.BYTES, sent[stored], connection=opened)
    assert frames_from(tmp_path) == before
    disk.heal()
    for payload in sent[stored:]:
        log.append(Kind.BYTES, payload, connection=opened)
    log.close()
    frames = frames_from(tmp_path)
    assert payloads(frames) == sent
    assert payloads(before) == sent[:stored]
    for segment in segments(tmp_path)[1:]:
        context = held(frames_from(tmp_path, segment.base)[0])
        (connection,) = context["connections"]
        assert connection[:2] == [opened, {"connection_id": "a"}]


def stored_until_full(log: LogWriter, sent: list[bytes]) -> int:
    stored = 0
    with contextlib.suppress(SpoolError):
        for payload in sent:
            log.append(Kind.BYTES, payload, connection=44)
            stored += 1
    return stored


def test_short_writes_are_finished(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, files=disk)
    disk.most_bytes = 3
    fill(log, 5)
    log.close()
    assert payloads(frames_from(tmp_path)) == [b"%03d" % number for number in range(5)]


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SpoolError, match="cannot be written"):
        writer(tmp_path / "file")


@pytest.mark.usefixtures("small_segments")
def test_a_durable_log_forces_each_file_before_the_next_begins(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, durable=True, files=disk)
    fill(log, 20)
    names = [segment.path.name for segment in segments(tmp_path)]
    for name, following in pairwise(names):
        draft = f".{following}.new"
        assert name in disk.synced[: disk.synced.index(draft)]
        assert disk.synced[disk.synced.index(draft) + 1] == tmp_path.name  # its entry, at once
    del disk.synced[:]
    log.sync()
    log.sync()
    assert disk.synced == names[-1:]
    log.close()


def test_what_a_killed_run_left_unforced_is_written_anew_by_the_next(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, durable=True, files=disk)
    fill(log, 3)
    abandon(log)
    name = segments(tmp_path)[0].path.name
    del disk.synced[:]
    writer(tmp_path, durable=True, files=disk).close()
    assert disk.synced[:2] == [f".{name}.new", tmp_path.name]
    assert payloads(frames_from(tmp_path)) == [b"000", b"001", b"002"]


def test_no_room_for_a_copy_is_no_reason_to_believe_a_second_fsync(tmp_path: Path) -> None:
    """Mutation: only call fsync again. The next run looks at the newest file alone."""
    disk = Disk()
    log = writer(tmp_path, durable=True, files=disk)
    fill(log, 1)
    disk.fails = {"fdatasync": errno.EIO}
    with pytest.raises(SpoolError):
        log.sync()
    abandon(log)
    disk.free_bytes = 80  # a new file's first frame, but no copy of the old one
    abandon(writer(tmp_path, durable=True, files=disk))
    disk.heal()
    abandon(writer(tmp_path, durable=True, files=disk))
    disk.cut_power(random.Random(0), kind="old")
    assert payloads(frames_from(tmp_path)) == [b"000"]


def test_no_room_for_a_copy_does_not_keep_a_log_from_being_read(tmp_path: Path) -> None:
    """What is in it has to get out, for that is what makes room."""
    disk = Disk()
    log = writer(tmp_path, durable=True, files=disk)
    fill(log, 20)
    abandon(log)
    disk.free_bytes = 300
    writer(tmp_path, durable=True, files=disk).close()
    assert len(payloads(frames_from(tmp_path))) == 20


def test_a_log_that_dies_with_the_run_is_never_forced(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, files=disk)
    del disk.synced[:]
    fill(log, 10)
    log.sync()
    log.close()
    assert disk.synced == []


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("call", ["fdatasync", "sync_folder"])
def test_a_disk_that_cannot_be_forced_once_is_never_believed_again(
    tmp_path: Path, call: str
) -> None:
    """Mutation: try again. The kernel then calls a success what it has thrown away."""
    disk = Disk()
    log = writer(tmp_path, durable=True, files=disk)
    fill(log, 3)
    disk.fails = {call: errno.EIO}
    with pytest.raises(SpoolError, match=r"cannot be forced to disk \(Input/output error\)"):
        log.sync() if call == "fdatasync" else fill(log, 20)
    for use in (log.sync, lambda: fill(log, 1), log.close):
        with pytest.raises(SpoolError, match="cannot be forced to disk"):
            use()
    assert not disk.fails


def test_a_write_that_cannot_be_undone_ends_the_log(tmp_path: Path) -> None:
    disk = Disk()
    log = writer(tmp_path, files=disk)
    fill(log, 2)
    disk.free_bytes, disk.fails = 10, {"ftruncate": errno.EIO}
    for _ in range(2):
        with pytest.raises(SpoolError, match="No space left"):
            fill(log, 1)
        disk.heal()
    abandon(log)
    assert payloads(frames_from(tmp_path)) == [b"000", b"001"]
    write_payloads(tmp_path, [b"next"])
    assert payloads(frames_from(tmp_path)) == [b"000", b"001", b"next"]


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS])
def test_a_broken_disk_is_not_called_full(tmp_path: Path, code: int) -> None:
    disk = Disk()
    log = writer(tmp_path, files=disk)
    disk.fails = {"writev": code}
    with pytest.raises(SpoolError) as caught:
        fill(log, 1)
    assert not isinstance(caught.value, SpoolFullError)


def test_new_frames_come_behind_what_state_says_however_much_was_lost(tmp_path: Path) -> None:
    end = write_payloads(tmp_path, [b"one"])
    spool_id = identity(tmp_path)
    log = writer(tmp_path, acknowledged=(spool_id, end + 10**9))
    assert log.opened_at == end + 10**9
    assert log.old_end == end
    fill(log, 1)
    log.close()
    frames = frames_from(tmp_path)
    assert payloads(frames) == [b"one", b"000"]
    assert not any(frame.kind is Kind.CORRUPT for frame in frames)
    other = writer(tmp_path, acknowledged=("another", 10**12))
    assert other.opened_at < 10**12


def test_a_log_that_its_run_closed_goes_on_without_a_hole(tmp_path: Path) -> None:
    log = writer(tmp_path)
    note(log, Kind.STOPPED, {"reason": "stop"})
    log.close()
    following = writer(tmp_path)
    assert following.opened_at == log.end
    following.close()


def test_a_new_segment_is_never_seen_without_its_first_frame(
    tmp_path: Path, small_segments: None
) -> None:
    del small_segments

    class Watched(Disk):
        def write(self, handle: int, data: bytes) -> int:  # type: ignore[override]
            while any(
                reader.read() for reader in readers
            ):  # a reader that looks at the worst moments
                pass
            return super().write(handle, data[:1])

    readers: list[LogReader] = []
    log = writer(tmp_path, files=Watched())
    reader = LogReader(tmp_path, 0, 0)
    readers.append(reader)
    fill(log, 30)
    assert all(one.path.read_bytes().startswith(MAGIC) for one in segments(tmp_path))
    reader.close()
    log.close()
