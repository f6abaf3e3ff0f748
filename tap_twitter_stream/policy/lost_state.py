"""What is known of captured time when a run's STATE tells less than an earlier one did. Pure.

Frames go once STATE covers them. If then that STATE is lost, an older one or none knows less than
the log has held: only the run that began with it can tell, and so writes down what it began with.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from .tracks import Track, from_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .gaps import Line


class Then(Enum):
    """What the log has of the time between a STATE and the run that began with it.

    Attributes:
        READ: All of it, so that a connection of which it tells nothing ended with what STATE knew.
        DROPPED: No longer all. That run has read it: where a connection ended that was open in
            STATE, it knew, and if it came to connect it has told of the gap that this ended.
        GONE: It never had all, and that run did not know either.
    """

    READ = auto()
    DROPPED = auto()
    GONE = auto()


class LostState:
    """Corrects tracks by the STATE that an earlier run began with.

    Args:
        tracks: What STATE and log tell, and are told here.
    """

    def __init__(self, tracks: dict[Line, Track]) -> None:
        self._tracks = tracks
        self._outdated: set[Line] = set()  # our own STATE is older than the log
        self._open_then: dict[Line, Track] = {}

    def outdate(self, lines: Iterable[Line]) -> None:
        """Note of which lines STATE may know less than an earlier one did."""
        self._outdated = set(lines)

    def began(self, rows: object, then: Then) -> None:
        """Take what STATE told an earlier run at its beginning, as far as we know less.

        Args:
            rows: What a ledger exported into that STATE.
            then: What the log has of the time in between.
        """
        for line, track in self._open_then.items():  # that run never came to connect
            track.heard.clear()
            self._tracks[line] = track
        self._open_then = {}
        for line, track in from_rows(rows, log_continues=then is not Then.GONE):
            if self._knows_less(line, track):
                ended_later = track.heard and then is Then.DROPPED
                (self._open_then if ended_later else self._tracks)[line] = track
        self._outdated = set()

    def begins_at(self, rows: object, before_run: object) -> None:
        """Take what is told at the place where reading begins in the middle of an earlier run.

        Args:
            rows: What was known of the lines that the run had come to connect by then.
            before_run: What a ledger exported into the STATE that the run began with. Of lines
                that it had not connected since, the frames that say more are gone.
        """
        for told, log_continues in ((rows, True), (before_run, False)):
            for line, track in from_rows(told, log_continues=log_continues):
                known = self._tracks.get(line)
                if known is None or known.alive_us is None:
                    self._tracks[line] = track
                elif log_continues and self._knows_less(line, track):
                    known.log_is_gone = True  # what is in between was dropped, stored or not

    def opened(self, line: Line) -> None:
        """Note that a run has connected: it has told of what came before, if it knew more."""
        if self._open_then.pop(line, None):
            self._tracks.pop(line, None)

    def _knows_less(self, line: Line, track: Track) -> bool:
        known = self._tracks.get(line)
        if known is None or known.alive_us is None:
            return True
        return line in self._outdated and (track.alive_us or 0) > known.alive_us
