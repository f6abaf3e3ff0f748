"""One endpoint's way into the event log: what cannot be stored now is kept until it can be."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import SpoolFullError
from tap_twitter_stream.spool.entries import Behind
from tap_twitter_stream.spool.frames import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.spool.entries import Closed, Entry, Opened
    from tap_twitter_stream.spool.writer import LogWriter

_FULL_RETRY_S = 1.0
_ROOM_CHECK_S = 0.25

logger = logging.getLogger(__name__)


class WaitingLog:
    """Appends frames; while the disk is full nothing more is read from the socket meanwhile.

    Each append raises SpoolFullError when a stop comes before there is room, and SpoolError when
    the disk is broken.

    Args:
        label: How log lines call the endpoint.
    """

    def __init__(self, log: LogWriter, clock: Clock, label: str) -> None:
        self._log = log
        self._clock = clock
        self._label = label

    def opened(self, opened: Opened) -> int:
        """Note a connection; return its number."""
        return self._append(partial(self._log.append_entry, opened))

    def received(self, connection: int, payload: bytes, time_us: int) -> None:
        """Store what a connection sent at a time."""
        append = partial(self._log.append, Kind.BYTES, connection=connection, time_us=time_us)
        self._append(partial(append, payload))

    def behind(self, since_us: int | None, connection: int) -> None:
        """Note since when what a connection brings may be old; None: it no longer is."""
        entry = Behind(behind_us=since_us)
        self._append(partial(self._log.append_entry, entry, connection=connection))

    def closed(self, closed: Closed, connection: int) -> None:
        """Note the end of a connection, or of an attempt at one (number 0)."""
        self._append(partial(self._log.append_entry, closed, connection=connection))

    def note(self, entry: Entry) -> None:
        """Store what belongs to no connection."""
        self._append(partial(self._log.append_entry, entry))

    def has_room(self) -> bool:
        """Tell whether the log is below its own bound."""
        return self._log.has_room()

    def wait_for_room(self) -> bool:
        """Wait until the log is below its own bound. False when a stop came first."""
        if self._log.has_room():
            return True
        logger.warning(
            "%s: the spool is full, reading has stopped; X will drop the connection if this "
            "lasts. Speed the target up or raise spool_max_bytes.",
            self._label,
        )
        while not self._clock.stopped:
            if self._log.wait_for_room(_ROOM_CHECK_S):
                logger.info("%s: the spool has room again.", self._label)
                return True
        return False

    def _append(self, append: Callable[[], int]) -> int:
        told = False
        while True:
            try:
                position = append()
            except SpoolFullError as error:  # noqa: PERF203 - the loop is for this
                if self._clock.stopped:
                    raise
                if not told:
                    told = True
                    logger.warning("%s: %s Reading has stopped meanwhile.", self._label, error)
                self._clock.wait(_FULL_RETRY_S)  # after a stop one more try: there may be room now
            else:
                if told:
                    logger.info("%s: the spool can be written again.", self._label)
                return position
