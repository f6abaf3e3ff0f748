"""Where the time of the reading side goes: a recorded log is replayed, plain and under a profiler.

python -m bench.hot_path            the table
python -m bench.hot_path --posts N  of so many posts
python -m bench.hot_path --classic  of v1.1 statuses
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.corpus import STREAM_NAMES, record
from bench.measure import middle
from bench.report import table
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import BlockingSink, Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.spool.reader import LogReader

if TYPE_CHECKING:
    from collections.abc import Callable

_TOP = 16


def replay_log(folder: Path) -> int:
    """Turn a whole log into RECORD lines for ``/dev/null``; return how many posts it held."""
    handle = os.open(os.devnull, os.O_WRONLY)
    output = Output(lambda: BlockingSink(handle))
    emitter = Emitter(output, {name: RawLane(name) for name in STREAM_NAMES})
    options = ReplayOptions(spool_id="bench", max_line_bytes=4 << 20)
    replay = Replay(options, emitter, Dedupe(3600.0, 1_000_000), None)
    reader = LogReader(folder, 0, verify_before=0)
    try:
        while frames := reader.read():
            for frame in frames:
                replay.handle(frame)
            output.push(1.0)
    finally:
        reader.close()
        os.close(handle)
    return replay.tally.records


def cpu_us_per_post(folder: Path) -> float:
    """Replay once; return the CPU time a post."""
    started_s = time.process_time()
    posts = replay_log(folder)
    return (time.process_time() - started_s) / posts * 1e6


def profile(work: Callable[[], Any]) -> list[tuple[str, int, float]]:
    """Return the dearest functions: name, calls, share of the time spent in themselves."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    # Typeshed does not know `stats`, which the module's own printer reads.
    stats: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total_s = sum(entry[2] for entry in stats.values())
    dearest = sorted(stats.items(), key=lambda item: -item[1][2])[:_TOP]
    return [(_name(key), entry[1], entry[2] / total_s) for key, entry in dearest]


def _name(key: tuple[str, int, str]) -> str:
    path, _, function = key
    if path == "~":
        return function.strip("<>").replace("|", "")
    return f"{Path(path).parent.name}/{Path(path).name}: {function}"


def hot_path(posts: int, rounds: int, *, classic: bool = False) -> str:
    """Record a log, replay it, and return the table in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder, posts, classic=classic)
        cpu_us = middle(cpu_us_per_post(folder) for _ in range(rounds))
        rows = profile(lambda: replay_log(folder))
    shown = [(name, f"{calls / posts:.2f}", f"{share:.0%}") for name, calls, share in rows]
    return (
        f"Replay of a recorded log to `/dev/null`, without receiver and pipe: "
        f"{cpu_us:.1f} µs CPU a post. Shares are of time inside the function itself under "
        f"cProfile, which makes short functions look dearer than they are.\n\n"
        + table(("function", "calls/post", "share"), [(f"`{a}`", b, c) for a, b, c in shown])
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=16_384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--classic", action="store_true")
    asked = parser.parse_args()
    print(hot_path(asked.posts, asked.rounds, classic=asked.classic))
