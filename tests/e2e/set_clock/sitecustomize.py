"""Set the clock of a process that finds this folder on its path, some time after its start.

SET_CLOCK_BY says by how many seconds, SET_CLOCK_AT at which instant (seconds since 1970). The
monotonic clock goes on, as it does when an administrator or NTP sets the time.
"""

from __future__ import annotations

import os
import time

_BY_S = float(os.environ["SET_CLOCK_BY"])
_AT_S = float(os.environ["SET_CLOCK_AT"])
_real_ns = time.time_ns


def _time_ns() -> int:
    now_ns = _real_ns()
    return now_ns + int((_BY_S if now_ns >= _AT_S * 1e9 else 0.0) * 1e9)


time.time_ns = _time_ns
time.time = lambda: _time_ns() / 1e9
