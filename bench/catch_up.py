"""How fast a spool that a long outage of the target has filled is emitted.

python -m bench.catch_up [POSTS]    300,000 posts are about 1 GB

It records posts into a spool, starts the tap on it without a STATE, against a simulator that sends
nothing, and reads the tap's stdout until the last post has come.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.corpus import record
from twitter_stream_simulator import Scenario, Simulator

BLOCK_BYTES = 1 << 20
MARK = b'"stream":"tweets","record"'


def caught_up(process: subprocess.Popen[bytes], posts: int) -> tuple[float, float, int]:
    """Read until so many posts have come; return seconds to the first and the last, and bytes."""
    assert process.stdout  # noqa: S101 - PIPE was asked for
    began_s, first_s, seen, total_bytes, rest = time.perf_counter(), 0.0, 0, 0, b""
    while seen < posts:
        block = process.stdout.read1(BLOCK_BYTES)  # type: ignore[attr-defined]
        if not block:
            sys.exit("the tap has ended early")
        total_bytes += len(block)
        text = rest + block
        seen += text.count(MARK)
        rest = text[-len(MARK) + 1 :]
        first_s = first_s or (time.perf_counter() - began_s if seen else 0.0)
    return first_s, time.perf_counter() - began_s, total_bytes


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(posts: int) -> None:
    """Fill a spool, let the tap empty it, print the figures."""
    with tempfile.TemporaryDirectory(prefix="catch-up-") as folder:
        spool = Path(folder) / "spool"
        size_mb = record(spool, posts, chunking="64k") / 1e6
        with Simulator(Scenario(connections=[{"steps": [{"do": "idle"}]}])) as sim:
            config = Path(folder) / "config.json"
            settings = {
                "api_url": sim.url,
                "bearer_token": sim.bearer_token,
                "rules": [{"value": "cat"}],
                "rules_tag_prefix": "bench:",
                "spool_dir": str(spool),
            }
            config.write_text(json.dumps(settings))
            command = [sys.executable, "-m", "tap_twitter_stream", "--config", str(config)]
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as process:
                first_s, last_s, out_bytes = caught_up(process, posts)
                cpu_s = cpu_of(process.pid)
                process.kill()
    span_s = last_s - first_s
    print(
        f"{posts} posts, {size_mb:.0f} MB of spool: first record after {first_s:.1f} s, then "
        f"{posts / span_s:.0f} posts/s, {size_mb / span_s:.0f} MB/s read, "
        f"{out_bytes / 1e6 / span_s:.0f} MB/s written; {cpu_s / posts * 1e6:.0f} us of CPU a post, "
        f"start included; load average {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
