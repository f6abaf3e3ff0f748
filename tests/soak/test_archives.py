"""Large archives, and archives whose reading is killed again and again.

``TAP_SOAK=1``: a gigabyte, and twenty kills. ``TAP_FIGURES`` names a file to note figures in.
"""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.archive import corpus
from tests.archive.runs import tar
from tests.e2e.figures import note
from tests.e2e.harness import arguments, environment, is_running
from tests.limits import HANG_S
from tests.soak.test_endurance import LONG, cpu_s, memory_mb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = int(os.environ.get("TAP_FAULTS_SEED") or (random.getrandbits(31) if LONG else 7))
ARCHIVE_MB = 1000 if LONG else 12
KILLS = 20 if LONG else 3
KILLED_MB = 120 if LONG else 8
POSTS = 300  # of either dialect, made anew with other ids again and again
LOOK_S = 0.2
MOST_GROWTH_MB = 24  # of memory, from the first third to the last


def repeated(size_mb: float) -> Iterator[list[bytes]]:
    """Yield the same made-up lines with ever other ids, so much of them."""
    lines = [*corpus.stream_lines(POSTS), *corpus.classic_lines(POSTS)]
    prefix = json.loads(lines[0])["data"]["id"][:4].encode()
    left_bytes = size_mb * 1e6
    for number in range(1000, int(prefix)):  # ids of earlier years
        if left_bytes <= 0:
            return
        made = [line.replace(prefix, b"%d" % number) for line in lines]
        left_bytes -= sum(map(len, made)) + len(made)
        yield made
    msg = "too few prefixes"
    raise AssertionError(msg)


def settings(folder: Path, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - settings
    return {"endpoints": ["archive"], "archive_paths": [str(folder)], "dedupe_max_ids": 1, **more}


def timed(command: str, folder: Path) -> tuple[float, int]:
    """Run a pipe of commands that ends in ``wc -l``; return seconds and lines."""
    began_s = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - the system's
        check=True,
        capture_output=True,
        env=environment(folder),
        timeout=1800,
    )
    return time.monotonic() - began_s, int(done.stdout.split()[-1])


def test_a_large_archive_takes_flat_memory(tmp_path: Path) -> None:
    """A gigabyte of lines in one gzip file (short form: 12 MB), beside ``zcat | wc -l``."""
    folder = tmp_path / "archive"
    folder.mkdir()
    posts = size_bytes = 0
    with gzip.open(folder / "all.jsonl.gz", "wb", compresslevel=1) as file:
        for lines in repeated(ARCHIVE_MB):
            size_bytes += file.write(corpus.text(lines))
            posts += 2 * POSTS
    zcat_s, _ = timed(f"zcat {folder}/all.jsonl.gz | wc -l", tmp_path)
    with (tmp_path / "log").open("wb") as log, (tmp_path / "count").open("wb") as count:
        began_s = time.monotonic()
        tap = subprocess.Popen(
            arguments(tmp_path, settings(folder)),
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(tmp_path),
        )
        target = subprocess.Popen(
            ["grep", "-cE", '^{"type":"RECORD","stream":"(tweets|statuses)"'],  # noqa: S607 - the system's
            stdin=tap.stdout,
            stdout=count,
        )
        memory, used_s, pause = [], 0.0, threading.Event()
        while is_running(tap.pid):
            memory.append(memory_mb(tap.pid))
            used_s = cpu_s(tap.pid)
            pause.wait(LOOK_S)
        tap_s = time.monotonic() - began_s
        assert tap.stdout
        tap.stdout.close()
        assert (tap.wait(), target.wait()) == (0, 0), (tmp_path / "log").read_text()
    assert int((tmp_path / "count").read_bytes()) == posts
    memory = [one for one in memory if one]  # one that has ended has none
    third = len(memory) // 3
    first, last = max(memory[: 2 * third]), max(memory[2 * third :])
    note(
        "archive: one gzip file",
        {
            "megabytes": round(size_bytes / 1e6),
            "posts": posts,
            "zcat_mb_per_s": round(size_bytes / 1e6 / zcat_s, 1),
            "tap_mb_per_s": round(size_bytes / 1e6 / tap_s, 1),
            "tap_posts_per_s": round(posts / tap_s),
            "tap_cpu_s": round(used_s, 1),
            "memory_mb": [round(min(memory)), round(max(memory))],
        },
    )
    assert last <= first + MOST_GROWTH_MB, memory


def kinds(folder: Path) -> int:
    """Make an archive of files of every kind; return how many posts it holds."""
    folder.mkdir()
    posts = 0
    for number, lines in enumerate(repeated(KILLED_MB)):
        text = corpus.text(lines)
        posts += 2 * POSTS
        if number % 3 == 0:
            (folder / f"{number:04d}.jsonl").write_bytes(text)
        elif number % 3 == 1:
            (folder / f"{number:04d}.jsonl.gz").write_bytes(gzip.compress(text, 1))
        else:
            parts = {f"{n}.json.bz2": bz2.compress(corpus.text(lines[n::4])) for n in range(4)}
            (folder / f"{number:04d}.tar").write_bytes(tar(parts))
    return posts


class Run:
    """One run, killed after so many posts or not; what it wrote before its last STATE counts."""

    def __init__(self, folder: Path, config: object, state: object, after: int | None) -> None:
        self.covered: list[str] = []
        self.state = state
        with (folder / "log").open("wb") as log:
            tap = subprocess.Popen(
                arguments(folder, config, state=state),
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(folder),
            )
            assert tap.stdout
            ids: list[str] = []
            for line in tap.stdout:
                if not line.endswith(b"\n"):
                    break  # cut by the kill
                message = json.loads(line)
                if message["type"] == "STATE":
                    self.state = message["value"]
                    self.covered += ids
                    ids = []
                elif message.get("stream") in {"tweets", "statuses"} and "record" in message:
                    record = message["record"]
                    ids.append(record.get("id_str") or record["id"])
                    if len(ids) + len(self.covered) == after:
                        tap.send_signal(signal.SIGKILL)
            tap.stdout.close()
            self.code = tap.wait(HANG_S)
        self.said = (folder / "log").read_text()


def test_kills_anywhere_lose_no_post_and_repeat_none_that_a_state_covers(tmp_path: Path) -> None:
    """Twenty kills at random moments (short form: three), each run a whole start of the tap."""
    print(f"TAP_FAULTS_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    chance = random.Random(SEED)
    posts = kinds(tmp_path / "archive")
    config = settings(tmp_path / "archive", state_interval_seconds=0.1)
    covered: list[str] = []
    state: object = None
    places, kills = set(), 0
    while True:
        after = chance.randint(1, posts // (KILLS + 1)) if kills < KILLS else None
        run = Run(tmp_path, config, state, after)
        state = run.state
        covered += run.covered
        if run.code == 0:
            break
        assert run.code == -signal.SIGKILL, run.said
        kills += 1
        if state:
            capture = state["bookmarks"]["capture_windows"]["capture"]  # type: ignore[index]
            places.add((capture["archive"]["file"], capture["archive"]["offset"]))
    figures = {"kills": kills, "seed": SEED, "places": len(places), "posts": posts}
    note("archive: kills", figures | {"covered": len(covered), "unique": len(set(covered))})
    assert kills == KILLS, figures
    assert len(covered) == len(set(covered)) == posts, figures
