"""Who may connect: rate windows and connection slots, by endpoint."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from twitter_stream_simulator import clock

# A client that closes and connects again at once must not meet its own dead connection: noticing
# takes the sending thread a moment.
SLOT_GRACE_S = 0.25


@dataclass(slots=True)
class _Window:
    """Requests of one endpoint in the current window."""

    resets_s: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the rate limit said to one request."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """Return the headers that tell the client."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset_s),
        }


class Gate:
    """Counts requests and open connections; safe to use from several threads."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._changed = threading.Condition()
        self._windows: dict[str, _Window] = {}
        self._open: Counter[str] = Counter()
        self._ghosts: dict[str, list[float]] = {}
        self._attempts: Counter[str] = Counter()

    def ask(self, endpoint: str, limit: int) -> Allowance:
        """Count one request against its limit."""
        now_s = clock.now_s()
        with self._changed:
            window = self._windows.get(endpoint)
            if window is None or now_s >= window.resets_s:
                window = self._windows[endpoint] = _Window(now_s + self._window_s)
            allowed = window.used < limit
            window.used += allowed
            return Allowance(allowed, limit, limit - window.used, int(window.resets_s) + 1)

    def enter(self, endpoint: str, limit: int | None) -> bool:
        """Take a connection slot, waiting a moment for one that is about to be free."""
        with self._changed:
            free = self._changed.wait_for(
                lambda: limit is None or self._taken(endpoint) < limit, SLOT_GRACE_S
            )
            self._open[endpoint] += free
            return free

    def haunt(self, endpoint: str, span_s: float) -> float:
        """Keep one more slot taken for a while, as X does for connections it thinks alive.

        Returns:
            The ghost, for :meth:`lay`.
        """
        with self._changed:
            ghost = clock.monotonic_s() + span_s
            self._ghosts.setdefault(endpoint, []).append(ghost)
            return ghost

    def lay(self, endpoint: str, ghost: float) -> None:
        """Free the slot of a ghost."""
        with self._changed:
            if ghost in self._ghosts.get(endpoint, ()):
                self._ghosts[endpoint].remove(ghost)
            self._changed.notify_all()

    def _taken(self, endpoint: str) -> int:
        """Count open connections and ghosts."""
        now_s = clock.monotonic_s()
        alive = [until_s for until_s in self._ghosts.get(endpoint, ()) if until_s > now_s]
        self._ghosts[endpoint] = alive
        return self._open[endpoint] + len(alive)

    def leave(self, endpoint: str) -> None:
        """Give a connection slot back."""
        with self._changed:
            self._open[endpoint] -= 1
            self._changed.notify_all()

    def next_attempt(self, endpoint: str) -> int:
        """Return the number, from 0, of an attempt that passed every check."""
        with self._changed:
            self._attempts[endpoint] += 1
            return self._attempts[endpoint] - 1
