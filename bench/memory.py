"""Peak memory of tap and receiver: after few posts, after many, and behind a stuck target."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import tap_config
from bench.generator import sending, serving
from bench.measure import ROOT, measure, peak_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.generator import Source

_LOOK_S = 0.25


def peak_mb(posts: int) -> float:
    """Return the peak while so many posts go through a pipe."""
    scenario = sending(posts, chunking="message", gzip=False, closes=False)
    with serving(scenario) as source, tempfile.TemporaryDirectory() as folder:
        return measure(tap_config(source, Path(folder), max_records=posts), piped=True).peak_mb


def stalled_mb(seconds: float, spool_mb: int) -> tuple[float, float]:
    """Let the stream rush in while nobody reads the tap's pipe.

    Returns:
        The peak in MB, and how many MB the spool holds then.
    """
    scenario = {"rate_per_s": "max", "gzip": False}
    with serving(scenario) as source, tempfile.TemporaryDirectory() as folder:
        return _stalled(source, Path(folder), seconds, spool_mb)


def _stalled(source: Source, folder: Path, seconds: float, spool_mb: int) -> tuple[float, float]:
    command: Sequence[str] = tap_config(source, folder, spool_max_bytes=spool_mb << 20)
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peaks: dict[int, float] = {}
    try:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s and process.poll() is None:
            peaks.update(peak_memory(process.pid))
            time.sleep(_LOOK_S)
        kept = sum(path.stat().st_size for path in (folder / "spool").glob("*.log"))
    finally:
        process.kill()  # its receiver notices and ends by itself
        process.wait()
        if process.stdout:
            process.stdout.close()
    time.sleep(1.0)  # the receiver stores what it has before the folder goes
    return sum(peaks.values()), kept / (1 << 20)
