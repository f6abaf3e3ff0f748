"""The only place of the simulator that reads a clock."""

from __future__ import annotations

import time
from datetime import datetime, timezone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())


def now_s() -> float:
    """Return the seconds since 1970."""
    return time.time()


def monotonic_s() -> float:
    """Return seconds that never go back, for spans."""
    return time.monotonic()


def utc_text(at_s: float) -> str:
    """Return an instant as X writes it; X leaves the milliseconds at zero."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def classic_text(at_s: float) -> str:
    """Return an instant as v1.1 writes it, whatever language this machine speaks."""
    at = datetime.fromtimestamp(at_s, timezone.utc)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day} {month} {at:%d %H:%M:%S} +0000 {at.year}"


def utc_day(at_s: float) -> str:
    """Return the day on which X bills."""
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d")
