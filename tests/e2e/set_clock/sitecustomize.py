"""Set the clock of a process that finds this folder on its path, once a file is there.

SET_CLOCK_BY says by how many seconds, SET_CLOCK_FILE names the file. The monotonic clock goes on,
as it does when an administrator or NTP sets the time.
"""

from __future__ import annotations

import os
import time

_BY_NS = int(float(os.environ["SET_CLOCK_BY"]) * 1e9)
_FILE = os.environ["SET_CLOCK_FILE"]
_real_ns = time.time_ns


def _time_ns() -> int:
    return _real_ns() + (_BY_NS if os.path.exists(_FILE) else 0)  # noqa: PTH110 - at each look


time.time_ns = _time_ns
time.time = lambda: _time_ns() / 1e9
