"""How far a recovery has come, and whether that is all: what each connection brought goes in. Pure.

X ends such a connection when the interval is over and says nothing more, so a clean end may as well
be a deployment in the middle of it. The newest post tells, and how close to each other posts were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# X advises to take an interval for whole when what came reaches its last second.
_REACHED_MS = 1_000
# Posts do not come in order; what is asked for again begins a bit before the newest one.
_DISORDER_S = 5
# A pause of so many usual ones, before the interval's end, is hardly one.
_UNUSUAL = 10
_SURE, _UNSURE = 1, 3  # clean ends without anything newer that prove there is nothing
MOST_FRUITLESS = 3  # broken connections in a row that brought nothing newer


@dataclass(frozen=True, slots=True)
class RecoveryProgress:
    """One interval, in whole seconds since 1970; its end is excluded."""

    from_s: int
    to_s: int
    newest_ms: int | None = None
    spacing_ms: float | None = None
    quiet: int = 0
    fruitless: int = 0

    @property
    def ask_from_s(self) -> int:
        """Where the next request is to begin."""
        if self.newest_ms is None:
            return self.from_s
        return max(self.from_s, self.newest_ms // 1000 - _DISORDER_S)

    @property
    def done(self) -> bool:
        """Whether everything has come."""
        return self.quiet >= self._proof

    @property
    def given_up(self) -> bool:
        """Whether it is not worth another try."""
        return self.fruitless >= MOST_FRUITLESS

    def after(self, times_ms: Sequence[int], *, clean: bool) -> RecoveryProgress:
        """Return the progress after a connection.

        Args:
            times_ms: When the last posts that it brought were made; none may have come.
            clean: Whether X ended it properly.
        """
        newest_ms = max(
            [*times_ms, *([] if self.newest_ms is None else [self.newest_ms])], default=None
        )
        newer = newest_ms is not None and (self.newest_ms is None or newest_ms > self.newest_ms)
        spacing_ms = _spacing_ms(times_ms) or self.spacing_ms
        now = replace(self, newest_ms=newest_ms, spacing_ms=spacing_ms)
        if not clean:
            return replace(now, quiet=0, fruitless=0 if newer else self.fruitless + 1)
        reached = newest_ms is not None and newest_ms >= self.to_s * 1000 - _REACHED_MS
        quiet = _UNSURE if reached else (0 if newer else self.quiet + 1)
        return replace(now, quiet=quiet, fruitless=0)

    @property
    def _proof(self) -> int:
        """How many clean ends without anything newer are enough."""
        if self.newest_ms is None or self.spacing_ms is None:
            return _UNSURE
        left_ms = self.to_s * 1000 - self.newest_ms
        return _SURE if left_ms <= _UNUSUAL * self.spacing_ms + _REACHED_MS else _UNSURE


def _spacing_ms(times_ms: Sequence[int]) -> float | None:
    """Return the usual time between two posts, if there are two."""
    if len(times_ms) < 2:  # noqa: PLR2004 - the ends of one pause
        return None
    return (max(times_ms) - min(times_ms)) / (len(times_ms) - 1)
