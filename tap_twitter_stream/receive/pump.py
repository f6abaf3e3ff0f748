"""Move the bytes of one open stream into the event log until the stream ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.policy.ending import Ending, Stalled, StoppedByUs
from tap_twitter_stream.receive.disconnect_notice import TAIL_BYTES, with_notice

if TYPE_CHECKING:
    from tap_twitter_stream.api.stream import OpenStream
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.receive.waiting_log import WaitingLog

_BEAT_S = 1.0  # a wait for bytes that takes much longer shows that nobody was running
_PAUSE_S = 1.0  # storing one read takes less, unless the disk or the log is full
_CAUGHT_UP_S = 5.0  # reading at full speed empties the buffers of both sides in less
# After a stop: what this kernel has taken in is read in less, and the receiver's process waits for
# its threads no more than twice as long before it closes the log.
_LAST_READS_S = 0.3


@dataclass(slots=True)
class Life:
    """What is known of a connection when it has ended.

    Attributes:
        tail: The last bytes it brought before a stop was asked for, if one was.
        last_byte_us: Until when all had come that X had sent, as far as is known.
        behind_us: Since when what came may be old, as reading had paused shortly before the end.
    """

    ending: Ending
    lived_s: float = 0.0
    data_seen: bool = False
    brought: bool = False  # a message, or a part of one
    wire_bytes: int = 0
    last_byte_us: int | None = None
    behind_us: int | None = None
    tail: bytes = b""


class _Pace:
    """Whether reading keeps up: what X sends during a pause stays in buffers, or is never sent.

    So a pause says nothing of X's silence, and an end that is found soon after one may be as old as
    the pause. It is one whether a disk was full or the process, or the machine, stood still.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_s, self._last_us = clock.monotonic_s(), clock.now_us()
        self._resumed_s = 0.0
        self.behind_us: int | None = None

    def has_paused(self, allowed_s: float = 0.0) -> bool:
        """Tell whether more time has passed since the last call than was to."""
        now_s, now_us = self._clock.monotonic_s(), self._clock.now_us()
        # Where a machine sleeps, only one of the clocks goes on.
        passed_s = max(now_s - self._last_s, (now_us - self._last_us) / 1e6)
        paused = passed_s > allowed_s + _PAUSE_S
        if paused:
            self.behind_us = self._last_us if self.behind_us is None else self.behind_us
            self._resumed_s = now_s
        elif now_s - self._resumed_s > _CAUGHT_UP_S:
            self.behind_us = None
        self._last_s, self._last_us = now_s, now_us
        return paused


class Pump:
    """Moves bytes from sockets to the log, for one endpoint."""

    def __init__(
        self, log: WaitingLog, clock: Clock, *, endpoint: str, stall_timeout_s: float
    ) -> None:
        self._log = log
        self._clock = clock
        self._endpoint = endpoint
        self._stall_timeout_s = stall_timeout_s
        self._behind_us: int | None = None  # as the log has it

    def run(self, stream: OpenStream, connection: int) -> Life:
        """Store what comes until the stream ends, falls silent or a stop is asked for.

        Raises:
            SpoolError: A stop came while the disk took nothing.
        """
        clock = self._clock
        opened_s = last_byte_s = clock.monotonic_s()
        pace = _Pace(clock)
        tail = b""
        life = Life(StoppedByUs("stop"))
        self._behind_us = None
        while True:
            has_room = clock.stopped or self._log.wait_for_room()
            if pace.has_paused():
                last_byte_s = clock.monotonic_s()
            if clock.stopped or not has_room:
                break
            silent_s = clock.monotonic_s() - last_byte_s
            if silent_s >= self._stall_timeout_s:
                life.ending = Stalled(silent_s)
                break
            wait_s = min(_BEAT_S, self._stall_timeout_s - silent_s)
            got = stream.read(wait_s)
            if pace.has_paused(wait_s):
                last_byte_s = clock.monotonic_s()
            if got is None:
                continue
            if not isinstance(got, bytes):
                life.ending = with_notice(got, tail, self._endpoint)
                break
            last_byte_s = clock.monotonic_s()
            life.data_seen = True
            if got:
                self._store(connection, got, pace.behind_us)
                tail = got[-TAIL_BYTES:] if len(got) >= TAIL_BYTES else (tail + got)[-TAIL_BYTES:]
            got = None  # else each of many connections keeps its last one, inflated, while it waits
        if isinstance(life.ending, StoppedByUs) and self._take_rest(
            stream, connection, pace.behind_us
        ):
            last_byte_s = clock.monotonic_s()
        ended_s = clock.monotonic_s()
        life.lived_s = ended_s - opened_s
        life.wire_bytes = stream.wire_bytes
        life.behind_us = pace.behind_us
        last_byte_us = clock.now_us() - int((ended_s - last_byte_s) * 1e6)
        life.last_byte_us = last_byte_us if pace.behind_us is None else pace.behind_us
        life.brought = bool(tail.strip())
        life.tail = tail
        return life

    def _take_rest(self, stream: OpenStream, connection: int, behind_us: int | None) -> bool:
        """Store what had come when a stop did: after a pause that may be much. True if any had."""
        until_s = self._clock.monotonic_s() + _LAST_READS_S
        any_had = False
        while self._clock.monotonic_s() < until_s and self._log.has_room():
            got = stream.read(0.0)
            if not isinstance(got, bytes):
                break
            any_had = True
            if got:
                self._store(connection, got, behind_us)
        return any_had

    def _store(self, connection: int, got: bytes, behind_us: int | None) -> None:
        time_us = self._clock.now_us()  # when it came, however long storing it takes
        if behind_us != self._behind_us:  # a kill leaves no other note of it
            self._behind_us = behind_us
            self._log.behind(behind_us, connection)
        self._log.received(connection, got, time_us)
