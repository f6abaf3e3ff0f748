"""What is known of the time of one endpoint and partition, and its row in STATE. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tap_twitter_stream.coverage.gaps import CRASHED, STOPPED_BY_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.coverage.gaps import Line

UNNUMBERED = 0  # the one open connection that STATE knows of; no frame of a log has this number
# The instants of two threads differ by less where one log gets both; a clock is set back by more.
_SAME_US = 1_000_000
_GONE = "gone"  # stands at the end of a row: what came after its instant no log tells any more
Doubt: TypeAlias = tuple[int, int, int, str]  # start, end, connection that ended it, cause


@dataclass(slots=True)
class Track:
    """What is known of one endpoint and partition.

    Attributes:
        alive_us: The last instant that is decided: captured, or in a gap.
        since_us: When the connections that are open began to follow on each other, if known.
        heard: Open connections by number, which grows with time, and when each last brought a byte.
        sure_us: Last byte of those that have closed since then.
        doubts: Stretches in which one of two connections was away and the other one silent. The
            next byte of that one shows that they were captured, its end that they were not.
        cause: How the last connection ended; that it crashed while the only one is open. After an
            orderly run, that it was stopped.
        window_id: The run that connected last.
        log_is_gone: Whether something came after ``alive_us`` of which no log tells any more.
    """

    alive_us: int | None = None
    since_us: int | None = None
    heard: dict[int, int] = field(default_factory=dict)
    sure_us: int = 0
    doubts: list[Doubt] = field(default_factory=list)
    cause: str = ""
    window_id: str = ""
    last_id: str | None = None
    posts_per_s: float | None = None
    log_is_gone: bool = False

    def name(self, connection: int) -> None:
        """Give the connection that STATE knew its number."""
        if connection not in self.heard and UNNUMBERED in self.heard:
            self.heard[connection] = self.heard.pop(UNNUMBERED)

    def forget_open(self) -> None:
        """Note that what comes now is from before the connections were opened that are known."""
        self.heard.clear()
        self.doubts.clear()

    def doubt(self, at_us: int, connection: int) -> None:
        """Note that a connection joins another, of which we do not know yet whether it lives."""
        if self.alive_us is not None and at_us > self.alive_us:
            self.doubts.append((self.alive_us, at_us, connection, self.cause))
            self.alive_us = at_us

    def hear(self, at_us: int, connection: int, *, is_old: bool = False) -> int:
        """Note a byte; return how many microseconds it shows to be captured."""
        if self.alive_us is None:
            self.alive_us = at_us
        self.heard[connection] = at_us
        shown_us = at_us - self.alive_us
        if shown_us > 0 or shown_us < -_SAME_US:  # also when the clock was set back
            self.alive_us = at_us
        shown_us = max(0, shown_us)
        if self.doubts and not is_old:
            shown_us += sum(one[1] - one[0] for one in self.doubts if connection < one[2])
            self.doubts = [one for one in self.doubts if connection >= one[2]]
        return shown_us

    def take_back(self, from_us: int, connection: int) -> int:
        """Take back what a connection showed from an instant on; return how many microseconds."""
        if self.alive_us is None:
            return 0
        self.name(connection)
        others = [us for number, us in self.heard.items() if number != connection]
        # What another connection has brought since is captured all the same, a doubt never was.
        others += [end_us for _, end_us, *_ in self.doubts]
        back_us = max([from_us, self.since_us or from_us, self.sure_us, *others])
        self.heard[connection] = from_us
        return self._go_back(back_us)

    def step_back(self, whole_until_us: int) -> int:
        """Take back what connections showed that all bring what is old; return how much."""
        decided_us = [self.since_us or whole_until_us, self.sure_us]
        decided_us += [end_us for _, end_us, *_ in self.doubts]
        return self._go_back(max(whole_until_us, *decided_us))

    def _go_back(self, at_us: int) -> int:
        taken_us = max(0, (self.alive_us or 0) - at_us)
        if self.alive_us is not None:
            self.alive_us -= taken_us
        return taken_us

    def give_up(self) -> list[Doubt]:
        """Take out the doubts that no open connection can resolve: all are younger."""
        oldest = min(self.heard, default=None)
        lost = [one for one in self.doubts if oldest is None or one[2] <= oldest]
        self.doubts = [one for one in self.doubts if one not in lost]
        return lost


def to_row(line: Line, track: Track) -> list[object]:
    """Return what the next run needs, for STATE."""
    row = [*line, track.alive_us, track.window_id, track.last_id, *_ending(track)]
    return [*row, _GONE] if track.log_is_gone else row


def _ending(track: Track) -> list[object]:
    # If the run is stopping, the next one finds that it did not end as it should.
    cause = CRASHED if track.cause == STOPPED_BY_US else track.cause
    if track.heard and (len(track.heard) > 1 or track.sure_us or cause != CRASHED):
        copies = [[*map(list, track.heard.items())], [*map(list, track.doubts)], track.sure_us]
        return ["", *copies, cause]
    return ["" if track.heard else track.cause]


def from_rows(rows: object, *, log_continues: bool = True) -> Iterator[tuple[Line, Track]]:
    """Read what :func:`to_row` made; rows of another shape are left out.

    Args:
        rows: What a ledger exported into STATE.
        log_continues: Whether the log goes on where that was written.
    """
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(endpoint), int(partition), int(alive_us), str(window_id), last_id, *rest]:
                gone = rest[1:] and rest[-1] == _GONE
                rest = rest[:-1] if gone else rest
                cause = rest[0] if rest and isinstance(rest[0], str) else STOPPED_BY_US
                track = Track(
                    alive_us=alive_us,
                    heard={} if cause else {UNNUMBERED: alive_us},
                    cause=cause or CRASHED,
                    window_id=window_id,
                    last_id=last_id if isinstance(last_id, str) else None,
                )
                if not _read_copies(track, rest[1:]):
                    continue
                track.log_is_gone = bool(gone or (track.heard and not log_continues))
                yield (endpoint, partition), track


def _read_copies(track: Track, lists: list[object]) -> bool:
    """Read what a row says of copies, if it says anything. False if that has another shape."""
    match lists:
        case []:
            return True
        case [list(heard), list(doubts), int(sure_us), *rest]:
            track.heard, track.doubts, track.sure_us = {}, [], sure_us
            track.cause = rest[0] if rest and isinstance(rest[0], str) else CRASHED
            for one in heard:
                match one:
                    case [int(number), int(us)]:
                        track.heard[number] = us
                    case _:
                        return False
            for one in doubts:
                match one:
                    case [int(start_us), int(end_us), int(by), str(cause)]:
                        track.doubts.append((start_us, end_us, by, cause))
                    case _:
                        return False
            return True
        case _:
            return False
