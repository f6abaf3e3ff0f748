"""How long tests wait, and how they measure time on a machine that is busy with other things.

A test never passes or fails by how fast a machine is: what waits for something waits up to
``HANG_S``, and what measures a promised time asks ``Slowness`` how much longer everything takes.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

# A guard against hangs only. The slowest start of a target took 60 s on two cores with a load of
# 11; below pytest's faulthandler_timeout, so that the test that hangs is named with its own words.
# `make mutants`, which runs alone and hangs on purpose, sets a shorter one.
HANG_S = float(os.environ.get("TAP_HANG_S", "240"))

_SPIN_S = 0.005
_PAUSE_S = 0.045


class Slowness:
    """Measures how much longer than alone a process runs, while it is open.

    A thread of its own does a little work now and then and compares the time it took with the CPU
    time it used.

    Attributes:
        factor: At least 1; multiply promised times by it.
        measured: Whether ``factor`` is a first measurement yet.
    """

    def __init__(self) -> None:
        self.factor = 1.0
        self.measured = False
        self._wall_s = self._cpu_s = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _measure(self) -> None:
        while True:
            self._spin()
            self.factor = max(1.0, self._wall_s / self._cpu_s)
            self.measured = True
            if self._done.wait(_PAUSE_S):
                return

    def _spin(self) -> None:
        wall_s, cpu_s = time.monotonic(), time.thread_time()
        while time.thread_time() - cpu_s < _SPIN_S:
            pass
        self._wall_s += time.monotonic() - wall_s
        self._cpu_s += time.thread_time() - cpu_s
