"""Time as an argument: what the clock says, and a wait that a stop can end early."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone


class Clock:
    """The real clock. The only place that reads the time or sleeps; tests pass another one.

    Args:
        stop: Set from anywhere (a signal handler, another thread) to end every wait.
    """

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = threading.Event() if stop is None else stop

    def now(self) -> datetime:
        """Return the instant, aware and in UTC."""
        return datetime.now(timezone.utc)

    def now_us(self) -> int:
        """Return microseconds since 1970, as log frames and records carry them."""
        return time.time_ns() // 1_000

    def now_s(self) -> float:
        """Return seconds since 1970, as X's rate-limit headers count them."""
        return time.time()

    def monotonic_s(self) -> float:
        """Return seconds of a clock that nobody sets; only differences mean anything."""
        return time.monotonic()

    def wait(self, s: float) -> bool:
        """Sleep for ``s`` seconds, or until a stop is asked for.

        Returns:
            True when a stop was asked for, before or during the wait.
        """
        return self._stop.wait(max(0.0, s))

    def stop(self) -> None:
        """Ask for a stop: running and future waits return True at once."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()
