"""Move the bytes of one open stream into the event log until the stream ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.api.last_words import TAIL_BYTES, with_notice
from tap_twitter_stream.policy.ending import Ending, Stalled, StoppedByUs

if TYPE_CHECKING:
    from tap_twitter_stream.api.connect import OpenStream
    from tap_twitter_stream.api.waiting_log import WaitingLog
    from tap_twitter_stream.clock import Clock


@dataclass(slots=True)
class Life:
    """What is known of a connection when it has ended. ``tail`` are the last bytes it brought."""

    ending: Ending
    lived_s: float = 0.0
    data_seen: bool = False
    brought: bool = False  # a message, or a part of one
    wire_bytes: int = 0
    last_byte_us: int | None = None
    tail: bytes = b""


class Pump:
    """Moves bytes from sockets to the log, for one endpoint."""

    def __init__(
        self, log: WaitingLog, clock: Clock, *, endpoint: str, stall_timeout_s: float
    ) -> None:
        self._log = log
        self._clock = clock
        self._endpoint = endpoint
        self._stall_timeout_s = stall_timeout_s

    def run(self, stream: OpenStream, connection: int) -> Life:
        """Store what comes until the stream ends, falls silent or a stop is asked for.

        Raises:
            SpoolError: A stop came while the disk took nothing.
        """
        clock = self._clock
        opened_s = last_byte_s = clock.monotonic_s()
        tail = b""
        life = Life(StoppedByUs("stop"))
        while True:
            if clock.stopped:
                break
            if not self._log.wait_for_room():
                break
            silent_s = clock.monotonic_s() - last_byte_s
            if silent_s >= self._stall_timeout_s:
                life.ending = Stalled(silent_s)
                break
            got = stream.read(self._stall_timeout_s - silent_s)
            if got is None:
                continue
            if not isinstance(got, bytes):
                life.ending = with_notice(got, tail, self._endpoint)
                break
            last_byte_s = clock.monotonic_s()
            life.data_seen = True
            if got:
                self._log.received(connection, got)
                tail = got[-TAIL_BYTES:] if len(got) >= TAIL_BYTES else (tail + got)[-TAIL_BYTES:]
        ended_s = clock.monotonic_s()
        life.lived_s = ended_s - opened_s
        life.wire_bytes = stream.wire_bytes
        life.last_byte_us = clock.now_us() - int((ended_s - last_byte_s) * 1e6)
        life.brought = bool(tail.strip())
        life.tail = tail
        return life
