"""Posts into Parquet files, beside a copy of the raw lines and the SDK's own Parquet batches."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.clients import CLIENTS, Client, tap_config
from bench.generator import sending, serving
from bench.measure import ROOT
from bench.report import table
from bench.throughput import WIRES, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.generator import Source


def _batches(folder: Path) -> dict[str, Any]:
    return {"encoding": {"format": "parquet"}, "storage": {"root": str(folder / "data")}}


def _parquet(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    return tap_config(source, folder, max_records=source.posts, batch_config=_batches(folder))


def _copy(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    program = [sys.executable, "-m", "bench.peers", "copy"]
    return [*program, source.stream_url, source.token, str(source.posts), str(folder / "lines")]


def _usual(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    storage = {"root": (folder / "data").as_uri()}
    batches = {"encoding": {"format": "parquet", "compression": "gzip"}, "storage": storage}
    config = {"stream_url": source.stream_url, "token": source.token, "posts": source.posts}
    path = folder / "config.json"
    path.write_text(json.dumps({**config, "batch_config": batches}))
    return [sys.executable, "-m", "bench.usual_tap", "--config", str(path)]


_TAP = next(client for client in CLIENTS if client.name == "tap")
FILE_CLIENTS = (
    Client("copy", "tweepy copying raw lines", 40_960, False, False, _copy),  # noqa: FBT003
    Client("parquet", "this tap into Parquet, eight streams", 65_536, False, False, _parquet),  # noqa: FBT003
    _TAP,
    Client("usual", "usual SDK tap, SDK's Parquet, posts only", 10_240, False, False, _usual),  # noqa: FBT003
)


def parquet(rounds: int, scale: float) -> str:
    """Compare the clients, and the sizes of what they leave."""
    figures = compare(WIRES[0], rounds, FILE_CLIENTS, scale)
    heads = ("client", "posts/s", "±", "CPU µs/post", "peak MB")
    rows = [
        (
            client.label,
            f"{figures[client.name].posts_per_s:,.0f}",
            f"{figures[client.name].spread:.0%}",
            f"{figures[client.name].cpu_us:.1f}",
            f"{figures[client.name].peak_mb:.0f}",
        )
        for client in FILE_CLIENTS
    ]
    ratio = figures["parquet"].posts_per_s / figures["copy"].posts_per_s
    files, lines, zipped = sizes(max(1024, int(20_480 * scale) // 512 * 512))
    return (
        f"{table(heads, rows)}\n\nInto Parquet goes {ratio:.2f} x what tweepy copies. "
        f"The same records take {lines / 1e6:.1f} MB as JSON lines, {zipped / 1e6:.1f} MB of them "
        f"with gzip, and {files / 1e6:.1f} MB as Parquet; the simulator's texts repeat, which "
        "flatters both."
    )


def sizes(posts: int) -> tuple[int, int, int]:
    """Return bytes of the same records as Parquet, as JSON lines, and as those with gzip."""
    scenario = sending(posts, chunking="64k", gzip=False, closes=False)
    with serving(scenario) as fresh, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = replace(fresh, posts=posts)
        lines = _said(_TAP.command(source, folder, False)).splitlines(keepends=True)  # noqa: FBT003
        records = b"".join(line for line in lines if b'"RECORD"' in line[:20])
        _said(_parquet(source, folder, False))  # noqa: FBT003
        files = sum(path.stat().st_size for path in (folder / "data").rglob("*.parquet"))
    return files, len(records), len(gzip.compress(records, 6))


def _said(command: Sequence[str]) -> bytes:
    return subprocess.check_output(command, cwd=ROOT, stderr=subprocess.DEVNULL)
