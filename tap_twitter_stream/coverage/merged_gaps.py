"""Make fewer and longer gaps of many, for a STATE that has to stay small. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_twitter_stream.coverage.gaps import Gap, Line

# What a gap waits for, if it is no connection of that number.
ANY_WAY, WAITING = 0, -1
# So many starts that a merged gap remembers take the room of one gap in STATE. They get a fifth of
# it at most: with less room for gaps more is merged, so asked for again, which may cost money.
_STARTS_A_GAP = 13
_SHARE_OF_STARTS = 5


def few(gaps: Iterable[tuple[Gap, int]], most: int) -> list[tuple[Gap, int]]:
    """Merge neighbours of a line, the nearest first, until few enough are left.

    What lies between them was covered, and is then asked for again: that costs duplicates, which
    are known, while a gap that is forgotten costs posts. Starts beyond what there is room for are
    forgotten: the rows of those gaps stay pending.
    """
    lines: dict[Line, list[tuple[Gap, int]]] = defaultdict(list)
    for one in sorted(gaps, key=lambda one: one[0].started_us):
        lines[one[0].line].append(one)
    while _size(lines.values(), most) > most:
        pairs = [
            (later[0].started_us - earlier[0].ended_us, line, index)
            for line, row in lines.items()
            for index, (earlier, later) in enumerate(pairwise(row))
        ]
        if not pairs:
            break
        _, line, index = min(pairs)
        earlier, later = lines[line][index : index + 2]
        lines[line][index : index + 2] = [_merged(earlier, later)]
    room = most - sum(map(len, lines.values()))
    left = max(0, min(room, most // _SHARE_OF_STARTS)) * _STARTS_A_GAP
    found = []
    for gap, way in (one for row in lines.values() for one in row):
        known = gap.absorbed[:left]
        left -= len(known)
        found.append((replace(gap, absorbed=known), way))
    return found


def _size(rows: Iterable[list[tuple[Gap, int]]], most: int) -> int:
    """Return how many gaps take as much of STATE as these and the starts they remember."""
    gaps = [gap for row in rows for gap, _ in row]
    starts = sum(len(gap.absorbed) for gap in gaps)
    return len(gaps) + min(-(-starts // _STARTS_A_GAP), most // _SHARE_OF_STARTS)


def _merged(earlier: tuple[Gap, int], later: tuple[Gap, int]) -> tuple[Gap, int]:
    one, two = earlier[0], later[0]
    estimates = [each for each in (one.estimated_lost, two.estimated_lost) if each is not None]
    gap = replace(
        one,
        ended_us=max(one.ended_us, two.ended_us),
        estimated_lost=sum(estimates) if estimates else None,
        came_back=one.came_back + two.came_back,
        absorbed=(*one.absorbed, two.started_us, *two.absorbed),
    )
    # No connection of now brings both; the next one may.
    return gap, ANY_WAY if {earlier[1], later[1]} == {ANY_WAY} else WAITING
