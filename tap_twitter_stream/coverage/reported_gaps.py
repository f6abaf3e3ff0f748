"""Which gaps were told lately, for a reader of whom nobody knows whether it was told. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.gaps import OPEN_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_twitter_stream.coverage.gaps import Filled, Gap, Line

_MOST = 64  # of a line; what is older is not told of apart


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch of time as a row of ``capture_gaps`` has it; the start is part of the row's key."""

    started_us: int
    ended_us: int
    kind: str
    cause: str


class ToldGaps:
    """The last gaps of each line, as they are now."""

    def __init__(self) -> None:
        self._lines: dict[Line, deque[Told]] = {}

    def add(self, gaps: Iterable[Gap]) -> None:
        """Take note of gaps that are told."""
        for gap in gaps:
            told = Told(gap.started_us, gap.ended_us, gap.kind, gap.cause)
            self._lines.setdefault(gap.line, deque(maxlen=_MOST)).append(told)

    def cut(self, line: Line, at_us: int) -> None:
        """Let what is unknown end and begin anew here: a run that began to read here has told so.

        It takes a message whose first half is in a file that is gone for unknown by itself.
        """
        told = self._lines.setdefault(line, deque(maxlen=_MOST))
        if not told or told[-1].started_us != at_us:
            told.append(Told(at_us, at_us, "", ""))

    def settle(self, line: Line, parts: Sequence[Filled]) -> None:
        """Take note of what became of a stretch: each part has a row of its own.

        Whether what filled it was stored is not known to a reader who asks here.
        """
        borders = sorted({us for part in parts for us in (part.started_us, part.ended_us)})
        pieces = [piece for told in self._lines.get(line, ()) for piece in _cut(told, borders)]
        self._lines[line] = deque((_settled(piece, parts) for piece in pieces), maxlen=_MOST)

    def between(
        self, line: Line, start_us: int, end_us: int, *, but: Iterable[tuple[int, int]] = ()
    ) -> list[Told]:
        """Return the whole of a stretch: gaps as they were told, and what is unknown between them.

        The first one may begin earlier than the stretch does.

        Args:
            line: Endpoint and partition.
            start_us: Where the stretch begins.
            end_us: Where it ends.
            but: What of it is still to be told.
        """
        some: list[tuple[int, int, Told | None]] = [
            *((told.started_us, told.ended_us, told) for told in self._lines.get(line, ())),
            *((*span_us, None) for span_us in but),
            (end_us, end_us, None),
        ]
        found: list[Told] = []
        for from_us, until_us, told in sorted(some, key=itemgetter(0)):
            if until_us > start_us:
                if start_us < min(from_us, end_us):
                    found.append(Told(start_us, min(from_us, end_us), "unknown", ""))
                if told and from_us < min(until_us, end_us):
                    found.append(told)
                start_us = until_us
        return found

    def export(self) -> list[list[object]]:
        """Return rows that :meth:`restore` reads."""
        return [
            [*line, told.started_us, told.ended_us, told.kind, told.cause]
            for line, some in self._lines.items()
            for told in some
        ]

    @classmethod
    def restore(cls, rows: object) -> ToldGaps:
        """Read what :meth:`export` made; rows of another shape are left out."""
        gaps = cls()
        for row in rows if isinstance(rows, list) else ():
            match row:
                case [str(endpoint), int(partition), int(start_us), int(end_us), str(), str()]:
                    line = endpoint, partition
                    told = Told(start_us, end_us, *row[4:])
                    gaps._lines.setdefault(line, deque(maxlen=_MOST)).append(told)
        return gaps


def _cut(told: Told, borders_us: Sequence[int]) -> list[Told]:
    inside = [us for us in borders_us if told.started_us < us < told.ended_us]
    ends = pairwise([told.started_us, *inside, told.ended_us])
    return [replace(told, started_us=start_us, ended_us=end_us) for start_us, end_us in ends]


def _settled(told: Told, parts: Sequence[Filled]) -> Told:
    for part in parts:
        if part.kind not in OPEN_KINDS and _is_in(told, part):
            return replace(told, kind="unknown")
    return told


def _is_in(told: Told, part: Filled) -> bool:
    return part.started_us <= told.started_us and told.ended_us <= part.ended_us
