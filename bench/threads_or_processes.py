"""Should receiver and emitter share a loop, a process, or nothing? Print what each costs.

    python -m bench.threads_or_processes --rounds 5

Speed, CPU and memory at full rate; then, at a fixed rate and with a laborious emitter, how late
the receive loop takes posts off the socket. ``docs/decisions/0001-receiver-process.md`` holds what
a run of this showed.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arrangements import ARRANGEMENTS
from bench.clients import Client
from bench.generator import serving
from bench.latency import quantile, sent_s
from bench.measure import measure, middle
from bench.report import table
from bench.throughput import WIRES, compare
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.generator import Source

_ID = re.compile(rb'^\{"data":\{[^\n]*?"id":"(\d+)"', re.MULTILINE)
_LABOURS = {
    "map": "1 ms of Python a post",
    "call": "the same, and one long call into C each 100 posts",
}


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=65_536, help="of a run at full rate")
    parser.add_argument("--rate", type=float, default=300.0, help="posts/s for the latencies")
    parser.add_argument("--seconds", type=float, default=6.0, help="of a run for the latencies")
    asked = parser.parse_args()
    print(full_rate(asked.rounds, asked.posts), flush=True)
    for work, words in _LABOURS.items():
        print(f"\n{words}, {asked.rate:.0f} posts/s:\n")
        print(lateness(work, asked.rounds, asked.rate, int(asked.rate * asked.seconds)), flush=True)


def full_rate(rounds: int, posts: int) -> str:
    """Return the table of speed, CPU and memory."""
    clients = [
        Client(how, how, posts, True, True, partial(_fresh_command, how))  # noqa: FBT003
        for how in ARRANGEMENTS
    ]
    rows = []
    for wire in WIRES[:2]:
        for how, one in compare(wire, rounds, clients, 1.0).items():
            speed = (f"{one.posts_per_s:,.0f}", f"{one.spread:.0%}", f"{one.cpu_us:.1f}")
            rows.append((f"{how}, {wire.label}", *speed, f"{one.peak_mb:.0f}"))
    return table(("arrangement", "posts/s", "±", "CPU µs/post", "peak MB"), rows)


def lateness(work: str, rounds: int, rate_per_s: float, posts: int) -> str:
    """Return the table of how late posts are taken off the socket."""
    found: dict[str, list[list[float]]] = {how: [] for how in ARRANGEMENTS}
    for _ in range(rounds):
        for how, runs in found.items():
            runs.append(_lateness_ms(how, work, rate_per_s, posts))
    rows = [
        (
            how,
            *(f"{middle(quantile(run, share) for run in runs):.1f}" for share in (0.5, 0.99)),
            f"{middle(run[-1] for run in runs):.1f}",
        )
        for how, runs in found.items()
    ]
    return table(("arrangement", "p50 ms", "p99 ms", "max ms"), rows)


def _lateness_ms(how: str, work: str, rate_per_s: float, posts: int) -> list[float]:
    """Run once; return, sorted, how long after its sending each post was stamped in the log."""
    steps = [{"do": "send", "posts": posts}, {"do": "close"}]
    scenario = {"rate_per_s": rate_per_s, "gzip": False, "connections": [{"steps": steps}]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        oracle = folder / "oracle.jsonl"
        with serving(scenario, oracle) as source:
            measure(_command(how, source, folder / "log", work), piped=True)
        sent = sent_s(oracle)
        stamped = _stamped_s(folder / "log")
    return sorted((stamped[key] - sent[key]) * 1e3 for key in stamped if key in sent)


def _stamped_s(folder: Path) -> dict[str, float]:
    """Return when the receive loop took each post whose line began in a frame."""
    stamped: dict[str, float] = {}
    reader = LogReader(folder, 0, verify_before=0)
    while frames := reader.read():
        for frame in frames:
            if frame.kind is Kind.BYTES:
                for found in _ID.finditer(frame.payload):
                    stamped[found[1].decode()] = frame.time_us / 1e6
    reader.close()
    return stamped


def _fresh_command(how: str, source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    return _command(how, source, folder / "log", "none")


def _command(how: str, source: Source, folder: Path, work: str) -> Sequence[str]:
    folder.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "bench.arrangements", how]
    return [*program, source.stream_url, source.token, str(folder), work]


if __name__ == "__main__":
    main()
