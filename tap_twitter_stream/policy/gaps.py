"""Gaps in what was captured, and which of them somebody still tries to fill. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Line: TypeAlias = tuple[str, int]  # endpoint, partition
GapKey: TypeAlias = tuple[str, int, int]  # endpoint, partition, start

STATE_GAPS = 50  # more than these become fewer and longer ones in STATE


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which posts may have been missed. Half-open: ``started_us`` is in it.

    ``window_id`` names the run in which it was found, ``came_back`` how many posts filling it has
    brought so far. ``pending`` gaps are still to be filled; ``note`` says why one was not.
    """

    endpoint: str
    partition: int
    kind: str
    cause: str
    started_us: int
    ended_us: int
    window_id: str = ""
    last_id_before: str | None = None
    estimated_lost: int | None = None
    came_back: int = 0
    pending: bool = False
    note: str = ""

    @property
    def key(self) -> GapKey:
        """What names it, whoever fills it and when."""
        return (self.endpoint, self.partition, self.started_us)

    @property
    def line(self) -> Line:
        """The endpoint and partition it is a gap of."""
        return (self.endpoint, self.partition)


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a part of a gap: its kind now, and why that is no better one."""

    kind: str
    started_us: int
    ended_us: int
    note: str = ""
    estimated_lost: int | None = None


@dataclass(slots=True)
class PendingGaps:
    """The gaps that are not given up, each waiting for a backfill or for an order to fill it."""

    _gaps: dict[GapKey, Gap] = field(default_factory=dict)
    _backfilling: set[GapKey] = field(default_factory=set)
    _waiting: set[GapKey] = field(default_factory=set)
    """Those whose backfill broke off: the next connection of the line may bring them."""
    _ordered: set[GapKey] = field(default_factory=set)

    def add(self, gap: Gap, *, backfilling: bool) -> None:
        """Take a gap; ``backfilling`` means that its line's connection is bringing it."""
        self._gaps[gap.key] = gap
        if backfilling:
            self._backfilling.add(gap.key)

    def find(self, key: GapKey) -> Gap | None:
        """Return a gap that is still pending."""
        return self._gaps.get(key)

    def backfilling(self, line: Line) -> list[Gap]:
        """Return what the connection of a line is bringing."""
        return [self._gaps[key] for key in sorted(self._backfilling) if key[:2] == line]

    def came_back(self, key: GapKey, posts: int) -> None:
        """Count posts that filling has brought."""
        if gap := self._gaps.get(key):
            self._gaps[key] = replace(gap, came_back=gap.came_back + posts)

    def break_off(self, line: Line) -> None:
        """Note that the connection of a line has ended before its backfill had."""
        broken = {gap.key for gap in self.backfilling(line)}
        self._backfilling -= broken
        self._waiting |= broken

    def reopen(self, line: Line, backfill_from_us: int | None) -> None:
        """Decide what a new connection of the line brings of what waited for one."""
        for key in [key for key in self._waiting if key[:2] == line]:
            self._waiting.discard(key)
            if backfill_from_us is not None and backfill_from_us <= key[2]:
                self._backfilling.add(key)

    def take(self, key: GapKey) -> Gap | None:
        """Remove a gap, because it is settled."""
        for group in (self._backfilling, self._waiting, self._ordered):
            group.discard(key)
        return self._gaps.pop(key, None)

    def to_order(self) -> list[Gap]:
        """Return the gaps that nobody was told to fill yet, oldest first."""
        new = self._gaps.keys() - self._backfilling - self._waiting - self._ordered
        self._ordered |= new
        return sorted((self._gaps[key] for key in new), key=lambda gap: gap.started_us)

    def export(self) -> list[list[object]]:
        """Return at most ``STATE_GAPS`` rows for STATE."""
        return [
            [
                *(gap.endpoint, gap.partition, gap.started_us, gap.ended_us, gap.kind, gap.cause),
                *(gap.window_id, gap.last_id_before, gap.estimated_lost, gap.came_back),
            ]
            for gap in _few(self._gaps.values())
        ]

    @classmethod
    def restore(cls, rows: object) -> PendingGaps:
        """Read what :meth:`export` made; rows of another shape are left out."""
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
                ] if started_us < ended_us:
                    gap = Gap(
                        *(endpoint, partition, kind, cause, started_us, ended_us, window_id),
                        *(last_id, estimated, came_back),
                        pending=True,
                    )
                    pending.add(gap, backfilling=False)
        return pending


def _few(gaps: Iterable[Gap]) -> list[Gap]:
    """Merge neighbours of a line, the nearest first, until few enough are left.

    What lies between them was covered, and is then asked for again: that costs duplicates, which
    are known, while a gap that is forgotten costs posts.
    """
    lines: dict[Line, list[Gap]] = defaultdict(list)
    for gap in sorted(gaps, key=lambda gap: gap.started_us):
        lines[gap.line].append(gap)
    while sum(map(len, lines.values())) > STATE_GAPS:
        pairs = [
            (later.started_us - earlier.ended_us, line, index)
            for line, row in lines.items()
            for index, (earlier, later) in enumerate(pairwise(row))
        ]
        if not pairs:
            break
        _, line, index = min(pairs)
        earlier, later = lines[line][index : index + 2]
        lines[line][index : index + 2] = [_merged(earlier, later)]
    return [gap for row in lines.values() for gap in row]


def _merged(earlier: Gap, later: Gap) -> Gap:
    estimates = [one for one in (earlier.estimated_lost, later.estimated_lost) if one is not None]
    return replace(
        earlier,
        ended_us=max(earlier.ended_us, later.ended_us),
        estimated_lost=sum(estimates) if estimates else None,
        came_back=earlier.came_back + later.came_back,
    )
