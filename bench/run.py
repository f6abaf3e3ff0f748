"""Measure the tap beside curl, tweepy, twarc2 and a usual SDK tap.

Writes ``docs/evidence/benchmarks.md``.

make bench                         everything: some ten minutes
make bench ARGS='--rounds 1 --scale 0.25 --dry-run'
make bench ARGS='--only throughput --wires gzip --dry-run'
make bench ARGS='--only classic'   one section anew; the document keeps the others
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench import classic, facts, latency, memory, reconnects, report, startup
from bench.clients import CLIENTS, tap_config
from bench.generator import sending, serving
from bench.hot_path import hot_path
from bench.measure import ROOT
from bench.parquet import parquet
from bench.throughput import WIRES, compare

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = ROOT / "docs" / "evidence" / "benchmarks.md"
_SAMPLE_POSTS = 2048
_NOTES = "## Notes"
_INTRODUCTION = """# Benchmarks

Made by `make bench`, but for the notes at the end. Everything comes from one run on one machine,
with the same generator (`twitter-stream simulate`, in a process of its own) for every client, in
rounds that take turns; each figure is the median of {rounds} rounds. Where the machine is shared,
read the ratios: what disturbs one client disturbs its neighbours too. Timings here are not tests
and fail nothing.
"""


def main() -> None:
    """Run the sections that were asked for, print them, and write the document if all were."""
    asked = _arguments()
    load_before = os.getloadavg()[0]
    started_s = time.monotonic()
    parts = [_INTRODUCTION.format(rounds=asked.rounds)]
    for name, section in SECTIONS.items():
        if name in asked.only:
            print(f"{name} ...", flush=True)
            parts.append(section(asked))
            print(parts[-1], "\n", flush=True)
    lines = "\n".join(f"- {fact}" for fact in facts.machine_facts(load_before))
    parts.insert(1, f"{lines}\n- The run took {(time.monotonic() - started_s) / 60:.0f} minutes.")
    if asked.dry_run:
        return
    if set(asked.only) == set(SECTIONS):
        parts.append(_notes())
        DOCUMENT.write_text("\n\n".join(part.strip() for part in parts if part) + "\n")
    else:
        DOCUMENT.write_text(with_sections(DOCUMENT.read_text(), parts[2:], parts[1]))
    print(f"written: {DOCUMENT.relative_to(ROOT)}")


def with_sections(text: str, sections: list[str], when: str) -> str:
    """Put sections of a run of their own in the place of the older ones; the rest stays.

    Args:
        text: The document.
        sections: What was measured; one that the document does not have goes before the notes.
        when: The facts of that run.
    """
    head, *old = re.split(r"\n(?=## )", text)
    for section in sections:
        title, _, body = section.partition("\n")
        new = f"{title}\n\nMeasured in a run of its own:\n\n{when}\n{body.rstrip()}\n"
        places = [at for at, one in enumerate(old) if one.partition("\n")[0] == title]
        notes = [at for at, one in enumerate(old) if one.startswith(_NOTES)]
        if places:
            old[places[0]] = new
        else:
            old.insert(notes[0] if notes else len(old), new)
    return "\n".join([head, *old])


def _notes() -> str:
    """Return what people wrote at the end of the document: it stays."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    return "".join(text.partition(_NOTES)[1:])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [client.name for client in CLIENTS]
    wires = [wire.name for wire in WIRES]
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many (default: 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the posts of a run")
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS))
    parser.add_argument("--clients", nargs="+", choices=names, default=names)
    parser.add_argument("--wires", nargs="+", choices=wires, default=wires)
    parser.add_argument("--dry-run", action="store_true", help="print, but write no document")
    return parser.parse_args()


def throughput(asked: argparse.Namespace) -> str:
    """Compare all clients over all wires."""
    clients = [client for client in CLIENTS if client.name in asked.clients]
    results = {
        wire.name: compare(wire, asked.rounds, clients, asked.scale)
        for wire in WIRES
        if wire.name in asked.wires
    }
    return (
        f"## Throughput\n\n{_what_is_sent()} Each client runs with many posts and with few; "
        "the difference counts, so start and end do not. CPU and memory are those of the client "
        "and its children (the tap's receiver), not of the generator nor of `cat` behind the "
        "pipe. Only "
        "curl, the usual tap and this tap put out what they read; ± is half the distance between "
        f"the best and the worst round.\n\n{report.throughput(results)}"
    )


def _what_is_sent() -> str:
    """Describe one stream: bytes a post, and records that the tap makes of it."""
    scenario = sending(_SAMPLE_POSTS, chunking="message", gzip=False, closes=False)
    with serving(scenario) as fresh, tempfile.TemporaryDirectory() as folder:
        source = replace(fresh, posts=_SAMPLE_POSTS)
        command = tap_config(source, Path(folder), max_records=source.posts)
        lines = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout.splitlines()
        with urllib.request.urlopen(f"{source.url}/simulator/oracle") as answer:
            sent = json.load(answer)
    records = Counter(
        line.split(b'"', 8)[7].decode() for line in lines if line.startswith(b'{"type":"RECORD"')
    )
    shares = ", ".join(
        f"{name} {count / _SAMPLE_POSTS:.2f}"
        for name, count in records.most_common()
        if count > _SAMPLE_POSTS // 100
    )
    bytes_each = sent["bytes"] / sent["messages"]
    return f"A post is {bytes_each:,.0f} bytes on average and becomes these records: {shares}."


def classic_statuses(asked: argparse.Namespace) -> str:
    """Compare the clients of v1.1, one message a chunk."""
    clients = [client for client in classic.CLIENTS if client.name in asked.clients]
    wire = WIRES[0]
    results = {wire.name: compare(wire, asked.rounds, clients, asked.scale, classic=True)}
    labels = {client.name: client.label for client in classic.CLIENTS}
    return (
        "## v1.1 statuses\n\nThe simulator's `statuses/sample`, signatures verified; the tap finds "
        "`full_text` and makes every id text. Otherwise as above.\n\n"
        f"{report.throughput(results, labels)}"
    )


def quiet(asked: argparse.Namespace) -> str:
    """Measure the latency of a quiet stream."""
    found = latency.latencies_ms(max(40, int(200 * asked.scale)), 20.0)
    marks = [f"{latency.quantile(found, share):.2f}" for share in (0.5, 0.9, 0.99)]
    row = [f"{len(found)} posts, one each 50 ms", *marks, f"{found[-1]:.2f}"]
    heads = ("stream", "p50 ms", "p90 ms", "p99 ms", "max ms")
    return (
        "## Latency, wire to stdout\n\nFrom the simulator's note that a post was handed to the "
        "kernel to its record at the reading end of the pipe, through the log on disk.\n\n"
        + report.table(heads, [row])
    )


def start(asked: argparse.Namespace) -> str:
    """Measure starts."""
    discover_s, import_s = startup.discovery_s(asked.rounds)
    any_s, post_s = startup.first_records_s(asked.rounds)
    rows = (
        ("`import singer_sdk` alone", f"{import_s:.2f}"),
        (f"`--discover` (+{(discover_s - import_s) * 1e3:.0f} ms)", f"{discover_s:.2f}"),
        ("start to the first RECORD", f"{any_s:.2f}"),
        ("start to the first post's RECORD, 50 posts/s", f"{post_s:.2f}"),
    )
    return "## Start\n\n" + report.table(("what", "s"), rows)


def memory_section(asked: argparse.Namespace) -> str:
    """Measure memory."""
    few, many = (int(posts * asked.scale) // 512 * 512 for posts in (20_480, 163_840))
    stalled_mb, kept_mb = memory.stalled_mb(10.0, 512)
    rows = (
        (f"{few:,} posts through a pipe", f"{memory.peak_mb(few):.0f}"),
        (f"{many:,} posts through a pipe", f"{memory.peak_mb(many):.0f}"),
        (f"nobody reads the pipe, {kept_mb:.0f} MB in the spool after 10 s", f"{stalled_mb:.0f}"),
    )
    heads = ("tap and receiver together", "peak MB")
    words = "Resident memory; the ids that deduplication remembers are what grows with posts."
    return f"## Memory\n\n{words}\n\n{report.table(heads, rows)}"


def files(asked: argparse.Namespace) -> str:
    """Compare ways into files."""
    return f"## Into files\n\nOne message a chunk.\n\n{parquet(asked.rounds, asked.scale)}"


def clean_closes(asked: argparse.Namespace) -> str:
    """Count connects against a server that closes at once."""
    seconds = 10.0 if asked.scale >= 1 else 3.0
    rows = [(name, str(reconnects.connects(name, seconds))) for name in reconnects.CLIENTS]
    return (
        f"## A server that closes every response at once\n\nConnects within {seconds:.0f} s of "
        "the first. X allows 50 in 15 minutes and answers 429 beyond that; the simulator's own "
        "limit is switched off here.\n\n" + report.table(("client", "connects"), rows)
    )


def profile(asked: argparse.Namespace) -> str:
    """Show where the time goes."""
    return "## Where the time goes\n\n" + hot_path(int(16_384 * asked.scale), asked.rounds)


SECTIONS: dict[str, Callable[[argparse.Namespace], str]] = {
    "throughput": throughput,
    "classic": classic_statuses,
    "files": files,
    "latency": quiet,
    "start": start,
    "memory": memory_section,
    "reconnects": clean_closes,
    "profile": profile,
}

if __name__ == "__main__":
    main()
