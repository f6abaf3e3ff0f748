from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, TypeAlias, cast

from tap_twitter_stream.policy.ending import ClosedByServer, Ending, Stalled, StoppedByUs
from tap_twitter_stream.receive import process as receiver_module
from tap_twitter_stream.receive import pump as pump_module
from tap_twitter_stream.receive.pump import Life, Pump
from tap_twitter_stream.receive.waiting_log import WaitingLog
from tests.fakes import START_S, FakeClock
from tests.spool.disk import Disk
from tests.spool.logs import frames_from, held, payloads, writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tap_twitter_stream.api.stream import OpenStream

STALL_S = 45.0
END = ClosedByServer(clean=True)
Step: TypeAlias = "tuple[float, bytes | Ending]"  # seconds until it comes


class FullUntil(Disk):
    """A disk that has room from some moment on."""

    def __init__(self, clock: FakeClock, until_s: float) -> None:
        super().__init__()
        self._clock = clock
        self.until_s = until_s

    def writev(self, handle: int, parts: Sequence[bytes]) -> int:  # type: ignore[override]
        if self._clock.now_s() < self.until_s:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().writev(handle, parts)


class Stream:
    """What a connection brings, and nothing more at the end."""

    def __init__(self, clock: FakeClock, *script: Step) -> None:
        self.wire_bytes = 0
        self._clock = clock
        self._script = list(script)

    def read(self, timeout_s: float) -> bytes | Ending | None:
        if not self._script:
            self._clock.advance(timeout_s)
            return None
        after_s, what = self._script.pop(0)
        self._clock.advance(after_s)
        return what


class FullAgain(Stream):
    """The disk is full again as soon as the second piece has come."""

    def __init__(self, clock: FakeClock, disk: FullUntil, *script: Step) -> None:
        super().__init__(clock, *script)
        self._disk = disk

    def read(self, timeout_s: float) -> bytes | Ending | None:
        got = super().read(timeout_s)
        if got == b"two\r\n":
            self._disk.until_s = START_S + 120
        return got


def live(folder: Path, *script: Step, full_s: float) -> tuple[Life, bytes]:
    """Pump a script onto a disk that is full at first; return the life, and what was stored."""
    clock = FakeClock()
    log = writer(folder, clock=clock, files=FullUntil(clock, START_S + full_s))
    waiting = WaitingLog(log, clock, "filtered")
    pump = Pump(waiting, clock, endpoint="filtered", stall_timeout_s=STALL_S)
    life = pump.run(cast("OpenStream", Stream(clock, *script)), 8)
    log.close()
    return life, b"".join(payloads(frames_from(folder)))


def test_a_pause_is_no_silence_of_x(tmp_path: Path) -> None:
    """Mutation: judge a stall by the last read, and throw away what waits in the socket."""
    script: list[Step] = [(0.0, b"one\r\n"), (0.0, b"two\r\n"), (0.0, END)]
    life, stored = live(tmp_path, *script, full_s=600)
    assert stored == b"one\r\ntwo\r\n"
    assert life.ending == END


def test_silence_after_a_pause_is_a_stall(tmp_path: Path) -> None:
    life, _ = live(tmp_path, (0.0, b"one\r\n"), full_s=600)
    assert life.ending == Stalled(STALL_S)


def test_an_end_found_after_a_pause_may_be_as_old_as_that(tmp_path: Path) -> None:
    script: list[Step] = [(1.0, b"one\r\n"), (0.0, b"two\r\n"), (0.0, END)]
    life, _ = live(tmp_path, *script, full_s=600)
    assert life.behind_us == life.last_byte_us == int((START_S + 1) * 1e6)


def test_a_second_pause_before_reading_has_caught_up_is_part_of_the_first(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = FullUntil(clock, START_S + 60)
    log = writer(tmp_path, clock=clock, files=disk)
    pump = Pump(WaitingLog(log, clock, "x"), clock, endpoint="filtered", stall_timeout_s=STALL_S)

    script: list[Step] = [(0.0, b"one\r\n"), (2.0, b"two\r\n"), (2.0, END)]
    life = pump.run(cast("OpenStream", FullAgain(clock, disk, *script)), 8)
    log.close()
    assert life.behind_us == int(START_S * 1e6)


def test_the_log_says_at_once_since_when_bytes_may_be_old(tmp_path: Path) -> None:
    """A kill leaves no end of the connection that could. Mutation: tell it at the end alone."""
    posts: list[Step] = [(1.5, b"%d\r\n" % number) for number in range(5)]
    live(tmp_path, (0.0, b"one\r\n"), *posts, (1.0, END), full_s=600)
    frames = frames_from(tmp_path)
    kinds = [frame.kind.name for frame in frames if frame.kind.name in {"BYTES", "BEHIND"}]
    assert kinds == ["BYTES", "BEHIND", *["BYTES"] * 3, "BEHIND", *["BYTES"] * 2]
    told = [held(frame)["behind_us"] for frame in frames if frame.kind.name == "BEHIND"]
    assert told == [int(START_S * 1e6), None]


def test_reading_that_goes_on_has_caught_up(tmp_path: Path) -> None:
    posts: list[Step] = [(1.5, b"%d\r\n" % number) for number in range(5)]
    life, _ = live(tmp_path, (0.0, b"one\r\n"), *posts, (1.0, END), full_s=600)
    assert life.behind_us is None
    assert life.last_byte_us == int((START_S + 607.5) * 1e6)


def test_a_wait_that_takes_too_long_is_a_pause(tmp_path: Path) -> None:
    """The process stood still, or the machine slept. Mutation: wait as long as X may be silent."""
    script: list[Step] = [(0.0, b"one\r\n"), (30.0, b"two\r\n"), (0.0, END)]
    life, _ = live(tmp_path, *script, full_s=0)
    assert life.behind_us == int(START_S * 1e6)


def test_a_process_that_stood_still_has_seen_no_stall(tmp_path: Path) -> None:
    life, stored = live(tmp_path, (0.0, b"one\r\n"), (90.0, b"two\r\n"), (0.0, END), full_s=0)
    assert stored == b"one\r\ntwo\r\n"
    assert life.ending == END


def test_a_connection_that_is_read_at_once_is_never_behind(tmp_path: Path) -> None:
    life, _ = live(tmp_path, (0.5, b"one\r\n"), (0.5, END), full_s=0)
    assert life.behind_us is None


class StoppedBy(Stream):
    """A stop comes together with some bytes."""

    def __init__(self, clock: FakeClock, last: bytes, *script: Step) -> None:
        super().__init__(clock, *script)
        self._stop, self._last = clock.stop, last

    def read(self, timeout_s: float) -> bytes | Ending | None:
        got = super().read(timeout_s)
        if got == self._last:
            self._stop()
        return got


def stop_at(folder: Path, last: bytes, *script: Step, max_bytes: int = 10**9) -> bytes:
    """Pump a script until a stop, then as far as the pump still reads; return what was stored."""
    clock = FakeClock()
    log = writer(folder, clock=clock, max_bytes=max_bytes)
    waiting = WaitingLog(log, clock, "filtered")
    pump = Pump(waiting, clock, endpoint="filtered", stall_timeout_s=STALL_S)
    life = pump.run(cast("OpenStream", StoppedBy(clock, last, *script)), 8)
    log.close()
    assert life.ending == StoppedByUs("stop")
    return b"".join(payloads(frames_from(folder)))


def test_what_had_come_when_a_stop_did_is_stored(tmp_path: Path) -> None:
    """Mutation: close the socket at a stop, with what a pause has left in its buffer."""
    posts: list[Step] = [(0.0, b"%d\r\n" % number) for number in range(100)]
    stored = stop_at(tmp_path, b"one\r\n", (0.0, b"one\r\n"), *posts, (0.0, END))
    assert stored == b"one\r\n" + b"".join(cast("bytes", step[1]) for step in posts)


def test_a_stop_does_not_wait_for_the_end_of_a_busy_stream(tmp_path: Path) -> None:
    posts: list[Step] = [(0.2, b"%d\r\n" % number) for number in range(100)]
    stored = stop_at(tmp_path, b"one\r\n", (0.0, b"one\r\n"), *posts)
    assert stored == b"one\r\n0\r\n1\r\n"


def test_a_stop_reads_nothing_more_into_a_full_log(tmp_path: Path) -> None:
    posts: list[Step] = [(0.0, b"x" * 500) for _ in range(100)]
    stored = stop_at(tmp_path, b"one\r\n", (0.0, b"one\r\n"), *posts, max_bytes=4_000)
    assert len(stored) < 4_000


def test_the_receiver_waits_for_the_last_reads_before_it_closes_the_log() -> None:
    """Else the connection's end is not written, and the next run takes it for a crash."""
    assert 2 * pump_module._LAST_READS_S <= receiver_module._JOIN_S  # noqa: SLF001 - two files' seam


def test_the_time_of_bytes_is_when_they_came_though_the_disk_was_full_then(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = FullUntil(clock, START_S)
    log = writer(tmp_path, clock=clock, files=disk)
    pump = Pump(WaitingLog(log, clock, "x"), clock, endpoint="filtered", stall_timeout_s=STALL_S)

    script: list[Step] = [(0.0, b"one\r\n"), (30.0, b"two\r\n"), (0.0, END)]
    pump.run(cast("OpenStream", FullAgain(clock, disk, *script)), 8)
    log.close()
    times = [frame.time_us for frame in frames_from(tmp_path) if frame.kind.name == "BYTES"]
    assert times == [int(START_S * 1e6), int((START_S + 30) * 1e6)]
