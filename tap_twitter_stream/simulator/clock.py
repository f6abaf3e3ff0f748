"""The only place of the simulator that reads a clock."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def now_s() -> float:
    """Return the seconds since 1970."""
    return time.time()


def monotonic_s() -> float:
    """Return seconds that never go back, for spans."""
    return time.monotonic()


def utc_text(at_s: float) -> str:
    """Return an instant as X writes it; X leaves the milliseconds at zero."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def utc_day(at_s: float) -> str:
    """Return the day on which X bills."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d")
