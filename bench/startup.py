"""How long it takes until something comes: the first record, or a catalog."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import tap_config
from bench.generator import serving, warm_up
from bench.measure import ROOT, middle

if TYPE_CHECKING:
    from collections.abc import Sequence

_IMPORT = (sys.executable, "-c", "import singer_sdk")
_DISCOVER = (sys.executable, "-m", "tap_twitter_stream", "--discover")


def discovery_s(rounds: int) -> tuple[float, float]:
    """Return what ``--discover`` takes, and what importing the SDK alone does."""
    pairs = [(_wall_s(_DISCOVER), _wall_s(_IMPORT)) for _ in range(rounds)]
    return middle(pair[0] for pair in pairs), middle(pair[1] for pair in pairs)


def first_records_s(rounds: int) -> tuple[float, float]:
    """Return the time to the first RECORD of any stream, and to that of the first post."""
    with serving({"rate_per_s": 50}) as source:
        warm_up(source)
        pairs = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                pairs.append(_first(tap_config(source, Path(folder), max_records=20)))
    return middle(pair[0] for pair in pairs), middle(pair[1] for pair in pairs)


def _first(command: Sequence[str]) -> tuple[float, float]:
    started_s = time.perf_counter()
    any_s = post_s = 0.0
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            now_s = time.perf_counter() - started_s
            if line.startswith(b'{"type":"RECORD"'):
                any_s = any_s or now_s
                if line.startswith(b'{"type":"RECORD","stream":"tweets"'):
                    post_s = post_s or now_s
    return any_s, post_s


def _wall_s(command: Sequence[str]) -> float:
    started_s = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started_s
