"""Decide how a target is disturbed: chance goes in, a list of blows comes out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Blow:
    """One signal and its moment.

    Args:
        how: ``kill`` cannot be caught, ``term`` is what runners send.
        part: Moment as a part of the time that an undisturbed run took, 0 to 1.
        at_state: Strike as soon as that many STATEs were printed instead; None: by time.
    """

    how: Literal["kill", "term"]
    part: float
    at_state: int | None = None

    @property
    def moment(self) -> str:
        """When it strikes, in words."""
        if self.at_state is None:
            return f"after {self.part:.0%} of the usual time"
        return f"as STATE {self.at_state} came"

    def earlier(self) -> Blow:
        """Return the blow to strike when this one came too late: the target had ended."""
        return replace(self, part=self.part / 2, at_state=None)


def plan(kills: int, terms: int, states: int, chance: Callable[[], float]) -> list[Blow]:
    """Return the blows in the order in which to strike them.

    Every other kill comes the moment a STATE is printed: a target that prints before it stores
    has had no time to make good for it then. The rest, and all SIGTERMs, come at any time.

    Args:
        kills: How often to kill.
        terms: How often to send SIGTERM.
        states: STATEs that an undisturbed run printed.
        chance: Numbers from 0 to 1.
    """
    blows = [_kill(number, states, chance) for number in range(kills)]
    distance = max(1, kills // max(1, terms))
    for number in range(terms):
        blows.insert(min(len(blows), number * (distance + 1) + distance), Blow("term", chance()))
    return blows


def _kill(number: int, states: int, chance: Callable[[], float]) -> Blow:
    part, draw = chance(), chance()
    if not states or number % 2:
        return Blow("kill", part)
    return Blow("kill", part, at_state=1 + int(draw * states))
