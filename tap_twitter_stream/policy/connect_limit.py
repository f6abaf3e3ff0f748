"""How many connects X still allows: past attempts in, the instant of the next allowed one out."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

# X's clock and ours differ a little, and a request takes time to reach X's counter.
MARGIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``limit`` attempts within any ``period_s``. Instants are seconds since 1970.

    ``blocked_until_s`` is what X's headers said: nothing is left before that instant.
    """

    limit: int = 50
    period_s: float = 900.0
    attempts: tuple[float, ...] = ()
    blocked_until_s: float = 0.0

    def earliest(self, now_s: float) -> float:
        """Return the instant from which the next attempt is allowed; never before ``now_s``."""
        recent = self._recent(now_s)
        free_s = now_s
        if len(recent) >= self.limit:
            free_s = recent[-self.limit] + self.period_s + MARGIN_S
        return max(now_s, free_s, self._blocked_s(now_s))

    def spend(self, now_s: float) -> Budget:
        """Return the budget after an attempt at ``now_s``. Write it down before connecting."""
        return replace(self, attempts=tuple(sorted((*self._recent(now_s), now_s))))

    def refund(self, at_s: float) -> Budget:
        """Return the budget without the attempt of ``at_s``, which X never saw."""
        attempts = list(self.attempts)
        if at_s in attempts:
            attempts.remove(at_s)
        return replace(self, attempts=tuple(attempts))

    def observe(self, remaining: int | None, reset_s: float | None, now_s: float) -> Budget:
        """Return the budget after X's headers told what is left.

        Others may use the same app, so only bad news counts: X's figure can block, never free.
        """
        if remaining is None or remaining > 0 or reset_s is None or reset_s <= now_s:
            return self
        until_s = min(reset_s, now_s + self.period_s) + MARGIN_S
        return replace(self, blocked_until_s=max(self._blocked_s(now_s), until_s))

    def joined(self, other: Budget) -> Budget:
        """Return what both know of the same app; an attempt that both know counts once."""
        attempts = Counter(self.attempts) | Counter(other.attempts)
        return replace(
            self,
            attempts=tuple(sorted(attempts.elements())),
            blocked_until_s=max(self.blocked_until_s, other.blocked_until_s),
        )

    def left(self, now_s: float) -> int:
        """Return how many attempts could be made at once."""
        if self._blocked_s(now_s) > now_s:
            return 0
        return max(0, self.limit - len(self._recent(now_s)))

    @classmethod
    def used_up(cls, limit: int, period_s: float, now_s: float) -> Budget:
        """Return the budget of somebody who lost count.

        Half of the attempts are taken as made just now: a crash loop that also damages its file
        stays slow, and one damaged file does not mean a quarter of an hour of silence.
        """
        return cls(limit, period_s, attempts=(now_s,) * math.ceil(limit / 2))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; limits come from the endpoint table, not from a file."""
        return {"attempts": list(self.attempts), "blocked_until_s": self.blocked_until_s}

    @classmethod
    def from_dict(cls, payload: dict[str, Any], limit: int, period_s: float) -> Budget:
        """Read what :meth:`to_dict` made.

        Raises:
            ValueError: It is something else.
        """
        attempts, blocked = payload.get("attempts"), payload.get("blocked_until_s")
        if not isinstance(attempts, list) or not all(map(_is_instant, (*attempts, blocked))):
            message = "not a connect budget"
            raise ValueError(message)
        return cls(limit, period_s, tuple(sorted(map(float, attempts))), float(blocked or 0.0))

    def _recent(self, now_s: float) -> list[float]:
        """Return the attempts that still count, oldest first.

        One in the future means that the clock was set back: it counts as made now, unless it is so
        far ahead that waiting for it would never end.
        """
        reach_s = self.period_s + MARGIN_S
        return [min(at_s, now_s) for at_s in self.attempts if abs(now_s - at_s) < reach_s]

    def _blocked_s(self, now_s: float) -> float:
        sound = self.blocked_until_s <= now_s + self.period_s + MARGIN_S
        return self.blocked_until_s if sound else 0.0


def _is_instant(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value)
