"""Gaps in what was captured, and what became of their parts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec.structs import replace as replaced

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Line: TypeAlias = tuple[str, int]  # endpoint, partition
GapKey: TypeAlias = tuple[str, int, int]  # endpoint, partition, start
LEFT_UNREAD = "left_unread"
STOPPED_BY_US = "stopped_by_us"
CRASHED = "crashed"
OPEN_KINDS = frozenset({"lost", "unknown"})


def cause_of(ending: str, behind_us: int | None) -> str:
    """Return why time is missing after a connection.

    Args:
        ending: The kind of its ending.
        behind_us: Since when what it brought may be old, None if it is not.
    """
    if ending == STOPPED_BY_US and behind_us is not None:
        return LEFT_UNREAD  # what X sent during the pause was not asked to be left out
    return ending


@dataclass(frozen=True, slots=True)
class GapPolicy:
    """Which gaps somebody fills.

    Args:
        fillable: Endpoints whose gaps can be filled by what the settings allow.
        idle_is_gap: Whether time between two runs is one too.
    """

    fillable: Collection[str] = ()
    idle_is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which posts may have been missed. Half-open: ``started_us`` is in it.

    ``window_id`` names the run in which it was found, ``came_back`` how many posts filling it has
    brought so far. ``pending`` gaps are still to be filled; ``note`` says why one was not.
    ``absorbed`` are the starts of later gaps that STATE took for one with it, oldest first.
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
    absorbed: tuple[int, ...] = ()

    @property
    def key(self) -> GapKey:
        """What names it, whoever fills it and when."""
        return (self.endpoint, self.partition, self.started_us)

    @property
    def line(self) -> Line:
        """The endpoint and partition it is a gap of."""
        return (self.endpoint, self.partition)


class Filled(msgspec.Struct, frozen=True, array_like=True):
    """What became of a part of a gap: its kind now, and why that is no better one."""

    kind: str
    started_us: int
    ended_us: int
    note: str = ""
    estimated_lost: int | None = None


def part_of(gap: Gap, part: Filled, *, came_back: int) -> Gap:
    """Return a part of a settled gap; what stays lost keeps its share of the estimate."""
    estimate = None
    if part.kind == "lost":
        estimate = part.estimated_lost
        if estimate is None and gap.estimated_lost is not None:
            share = (part.ended_us - part.started_us) / (gap.ended_us - gap.started_us)
            estimate = max(0, round(gap.estimated_lost * share) - gap.came_back)
    return replace(
        gap,
        kind=part.kind,
        started_us=part.started_us,
        ended_us=part.ended_us,
        estimated_lost=estimate,
        came_back=came_back,
        last_id_before=None if part.started_us in gap.absorbed else gap.last_id_before,
        pending=False,
        note=part.note,
        absorbed=(),
    )


def cut(parts: Sequence[Filled], starts_us: Sequence[int]) -> list[Filled]:
    """Cut parts where another gap had begun: each has a row of its own, which is to be settled."""
    pieces = []
    for part in parts:
        inside = [one for one in starts_us if part.started_us < one < part.ended_us]
        for begin_us, end_us in pairwise([part.started_us, *inside, part.ended_us]):
            estimate = part.estimated_lost
            if inside and estimate is not None:
                estimate = round(estimate * (end_us - begin_us) / (part.ended_us - part.started_us))
            piece = replaced(part, started_us=begin_us, ended_us=end_us, estimated_lost=estimate)
            pieces.append(piece)
    return pieces
