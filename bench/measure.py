"""Run one command and measure it: wall time, CPU and memory of it and its children."""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parent.parent
_LOOK_S = 0.1
_LONGEST_S = 180.0


@dataclass(frozen=True)
class Sample:
    """One run. ``cpu_s`` and ``peak_mb`` cover the process and its children, not its reader."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class BenchError(RuntimeError):
    """A measured command failed, so its figures would mean nothing."""


def measure(
    command: Sequence[str], *, piped: bool = False, endings: Sequence[int] = (0,)
) -> Sample:
    """Run a command to its end.

    Args:
        command: What to run, in the checkout's folder.
        piped: Whether its standard output goes through a pipe to ``cat``, as to a target;
            otherwise it goes nowhere.
        endings: Exit codes that count as success.

    Raises:
        BenchError: It failed, or ran for minutes.
    """
    with tempfile.TemporaryFile() as said:
        started_s = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
            stderr=said,
        )
        cat = None
        if process.stdout:
            cat = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)  # noqa: S607
            process.stdout.close()
        peak_mb = _watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if cat:
            cat.wait()
        if process.returncode not in endings:
            said.seek(0)
            tail = said.read().decode(errors="replace")[-1500:]
            msg = f"{' '.join(command)} ended with {process.returncode}:\n{tail}"
            raise BenchError(msg)
    return Sample(wall_s, usage.ru_utime + usage.ru_stime, peak_mb)


def _watch(pid: int) -> float:
    """Wait for the end of a process; return the most memory it and its children held, in MB."""
    handle = os.pidfd_open(pid)
    deadline_s = time.monotonic() + _LONGEST_S
    peaks: dict[int, float] = {}
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        while not poll.poll(_LOOK_S * 1000):
            peaks.update(peak_memory(pid))
            if time.monotonic() > deadline_s:
                os.kill(pid, 9)
    finally:
        os.close(handle)
    return sum(peaks.values())


def peak_memory(pid: int) -> dict[int, float]:
    """Return the peak resident MB of a process and of each of its children, by pid."""
    peaks = {}
    for one in (pid, *_children(pid)):
        found = re.search(r"^VmHWM:\s+(\d+) kB", _read(f"/proc/{one}/status"), re.MULTILINE)
        if found:
            peaks[one] = int(found[1]) / 1024
    return peaks


def _children(pid: int) -> list[int]:
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # it has just ended
        return ""


def middle(values: Iterable[float]) -> float:
    """Return the median, which one disturbed run cannot move."""
    return median(list(values))
