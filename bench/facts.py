"""What a reader must know of the machine, without names and paths."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from bench.measure import ROOT

_PACKAGES = ("msgspec", "singer-sdk", "requests", "urllib3", "tweepy", "twarc")
_QUIET_LOAD = 0.3


def machine_facts(load_before: float) -> list[str]:
    """Return sentences on when and where the figures were taken.

    Args:
        load_before: The load average before the bench began: what others were doing.
    """
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    others = "at work too" if load_before > _QUIET_LOAD else "hardly there"
    return [
        f"Date: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC; commit {_commit()}.",
        f"Machine: {_cpu()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {system}.",
        f"Load average before the run: {load_before:.1f}, so others were {others}.",
        f"Versions: {python}, {packages}, {_curl()}.",
    ]


def _commit() -> str:
    git = ("git", "-C", str(ROOT))
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, check=False)
    if head.returncode:
        return "unknown"
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=False)
    return head.stdout.decode().strip() + (" with later changes" if changed.stdout else "")


def _cpu() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def _curl() -> str:
    said = subprocess.run(["curl", "--version"], capture_output=True, check=True)  # noqa: S607
    return " ".join(said.stdout.decode().split()[:2])
