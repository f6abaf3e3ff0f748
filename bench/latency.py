"""From the simulator's send to the tap's pipe, on a quiet stream; both read one clock."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import tap_config
from bench.generator import serving
from bench.measure import ROOT
from twitter_stream_simulator.material.ids import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

_TWEET = re.compile(rb'"stream":"tweets","record":\{[^\n]*?"id":"(\d+)"')


def latencies_ms(posts: int, rate_per_s: float) -> list[float]:
    """Return the delay of each post, sorted: one post at a time, so often a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        oracle = folder / "oracle.jsonl"
        scenario = {"rate_per_s": rate_per_s, "gzip": False}
        with serving(scenario, oracle) as source:
            arrived_s = _arrivals(tap_config(source, folder), posts)
        sent = sent_s(oracle)
    return sorted((arrived_s[key] - sent[key]) * 1e3 for key in arrived_s if key in sent)


def _arrivals(command: Sequence[str], posts: int) -> dict[str, float]:
    """Run the tap until so many posts came out of its pipe; return when each did."""
    arrived_s: dict[str, float] = {}
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        rest = b""
        while len(arrived_s) < posts and (data := os.read(process.stdout.fileno(), 1 << 20)):
            now_s = time.time()
            whole, _, rest = (rest + data).rpartition(b"\n")
            for found in _TWEET.finditer(whole):
                arrived_s[found[1].decode()] = now_s
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    return arrived_s


def sent_s(oracle: Path) -> dict[str, float]:
    """Return when each post was handed to the kernel."""
    sent: dict[str, float] = {}
    for line in oracle.read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] == "sent":
            for run in entry["id_runs"]:
                sent.update((str(post_id), entry["t"]) for post_id in Run(*run))
    return sent


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of the sorted values does not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
