"""Which gaps somebody still tries to fill, and their rows in STATE. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.gaps import STOPPED_BY_US, Gap, GapKey, Line
from tap_twitter_stream.coverage.merged_gaps import ANY_WAY, WAITING, few
from tap_twitter_stream.coverage.track import from_rows
from tap_twitter_stream.state import STATE_GAPS

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(slots=True)
class PendingGaps:
    """The gaps that are not given up, each waiting for a backfill or for an order to fill it."""

    _gaps: dict[GapKey, Gap] = field(default_factory=dict)
    _backfilled_by: dict[GapKey, int] = field(default_factory=dict)
    """Those that a connection is bringing, by its number."""
    _waiting: set[GapKey] = field(default_factory=set)
    """Those whose backfill broke off: the next connection of the line may bring them."""
    _ordered: set[GapKey] = field(default_factory=set)

    def add(self, gap: Gap, *, backfilled_by: int | None = None) -> None:
        """Take a gap, perhaps with the connection of its line that is bringing it."""
        self._gaps[gap.key] = gap
        if backfilled_by is not None:
            self._backfilled_by[gap.key] = backfilled_by

    def find(self, key: GapKey) -> Gap | None:
        """Return a gap that is still pending."""
        return self._gaps.get(key)

    def backfilling(self, line: Line, connection: int) -> list[Gap]:
        """Return what a connection of a line is bringing."""
        found = sorted(self._backfilled_by.items())
        return [self._gaps[key] for key, by in found if by == connection and key[:2] == line]

    def waiting(self) -> list[Gap]:
        """Return what the next connection of its line may bring."""
        return [self._gaps[key] for key in self._waiting]

    def came_back(self, key: GapKey, posts: int) -> None:
        """Count posts that filling has brought."""
        if gap := self._gaps.get(key):
            self._gaps[key] = replace(gap, came_back=gap.came_back + posts)

    def break_off(self, line: Line, connection: int) -> None:
        """Note that a connection of a line has ended before its backfill had."""
        for gap in self.backfilling(line, connection):
            del self._backfilled_by[gap.key]
            self._waiting.add(gap.key)

    def reopen(self, line: Line, backfill_from_us: int | None, connection: int) -> None:
        """Decide what a new connection of the line brings of what waited for one."""
        for key in [key for key in self._waiting if key[:2] == line]:
            self._waiting.discard(key)
            if backfill_from_us is not None and backfill_from_us <= key[2]:
                self._backfilled_by[key] = connection

    def release(self, lines: Collection[Line]) -> None:
        """Let what waits for a connection that no line of these will make be ordered."""
        self._waiting = {key for key in self._waiting if key[:2] in lines}

    def take(self, key: GapKey) -> Gap | None:
        """Remove a gap, because it is settled."""
        self._backfilled_by.pop(key, None)
        self._waiting.discard(key)
        self._ordered.discard(key)
        return self._gaps.pop(key, None)

    def to_order(self) -> list[Gap]:
        """Return the gaps that nobody was told to fill yet, oldest first."""
        new = self._gaps.keys() - self._backfilled_by.keys() - self._waiting - self._ordered
        self._ordered |= new
        return sorted((self._gaps[key] for key in new), key=lambda gap: gap.started_us)

    def export(self, most: int = STATE_GAPS) -> list[list[object]]:
        """Return the rows for STATE, at most so many, but one for each line that has a gap."""
        return [
            [
                *(gap.endpoint, gap.partition, gap.started_us, gap.ended_us, gap.kind, gap.cause),
                *(gap.window_id, gap.last_id_before, gap.estimated_lost, gap.came_back, by),
                *([_steps(gap)] if gap.absorbed else []),
            ]
            for gap, by in few(((gap, self._way(key)) for key, gap in self._gaps.items()), most)
        ]

    def _way(self, key: GapKey) -> int:
        return WAITING if key in self._waiting else self._backfilled_by.get(key, ANY_WAY)

    @classmethod
    def restore(cls, rows: object, *, log_continues: bool = True) -> PendingGaps:
        """Read what :meth:`export` made; rows of another shape are left out.

        Args:
            rows: From STATE.
            log_continues: Whether the log goes on where they were written; if not, no connection
                of then brings anything.
        """
        pending = cls()
        for row in rows if isinstance(rows, list) else ():
            match row:
                case [
                    str(endpoint),
                    int(partition),
                    int(started_us),
                    int(ended_us),
                    str(kind),
                    str(cause),
                    str(window_id),
                    str() | None as last_id,
                    int() | None as estimated,
                    int(came_back),
                    int(by),
                    *rest,
                ] if started_us < ended_us:
                    gap = Gap(
                        *(endpoint, partition, kind, cause, started_us, ended_us, window_id),
                        *(last_id, estimated, came_back),
                        pending=True,
                        absorbed=_absorbed(rest, started_us, ended_us),
                    )
                    bringing = log_continues and by not in {WAITING, ANY_WAY}
                    pending.add(gap, backfilled_by=by if bringing else None)
                    if by != ANY_WAY and not bringing:
                        pending._waiting.add(gap.key)
        return pending


def _steps(gap: Gap) -> list[int]:
    """Return how long after each other the absorbed gaps began: short numbers for STATE."""
    return [two - one for one, two in pairwise([gap.started_us, *gap.absorbed])]


def _absorbed(rest: list[object], started_us: int, ended_us: int) -> tuple[int, ...]:
    """Read what :func:`_steps` made; a STATE of an earlier version has none."""
    match rest:
        case [list(steps), *_] if all(isinstance(step, int) and step > 0 for step in steps):
            found = tuple(accumulate(steps, initial=started_us))[1:]
            return tuple(one for one in found if one < ended_us)
    return ()


def missing_since(
    rows: object, gaps: object, *, idle_too: bool, not_before_us: int = 0
) -> list[tuple[str, int, int]]:
    """Return each line that misses posts, and since when.

    Args:
        rows: What a ledger exported into STATE.
        gaps: Its pending gaps there.
        idle_too: Whether time after an orderly end counts as well.
        not_before_us: Pending gaps from before this are no reason: no backfill reaches them.
    """
    since_us = {
        line: track.alive_us
        for line, track in from_rows(rows, log_continues=True)
        if track.alive_us is not None and (idle_too or track.cause != STOPPED_BY_US)
    }
    for gap in PendingGaps.restore(gaps).waiting():
        if gap.started_us >= not_before_us:
            since_us[gap.line] = min(since_us.get(gap.line, gap.started_us), gap.started_us)
    return [(*line, at_us) for line, at_us in since_us.items()]
