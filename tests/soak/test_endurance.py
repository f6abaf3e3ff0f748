"""Long captures. ``TAP_SOAK=1`` makes them as long as the docs say; else they take seconds."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.expected import Expected
from tests.e2e.figures import note
from tests.e2e.harness import config_for, wait_until, written
from tests.e2e.pipeline import Pipeline
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.postgres import Database, PostgresServer

# Read when the module is: a fixture keeps such variables out of the tests.
LONG = os.environ.get("TAP_SOAK") == "1"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Samples:
    """What was seen of a run, once in a while."""

    memory_mb: list[float] = field(default_factory=list)
    lag_s: list[float] = field(default_factory=list)


def memory_mb(*pids: int) -> float:
    """Return the resident memory of processes together."""
    pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """Return the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def every(interval_s: float, duration_s: float) -> range:
    """Return the rounds of a loop that looks that often for that long."""
    return range(max(2, int(duration_s / interval_s)))


def rounded(values: list[float]) -> dict[str, float]:
    """Return least, middle and most."""
    return {
        "min": round(min(values), 1),
        "median": round(statistics.median(values), 1),
        "max": round(max(values), 1),
    }


def stored(database: Database) -> int:
    """Return how many posts a reader of the warehouse sees."""
    if "tweets" not in database.tables():
        return 0
    ((total,),) = database.rows("SELECT count(*) FROM x.tweets")
    return int(total)


def test_a_steady_stream_into_postgres(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """250 posts/s, X's cap for self-serve plans, for ten minutes (short form: 6 s).

    Looks at lag, and at the CPU time of tap, target and server.
    """
    duration_s = 600.0 if LONG else 6.0
    database = postgres.database()
    config = database.target_config(use_copy=True, batch_size_rows=1000)
    command = [str(target("target-postgres")), "--config", written(tmp_path / "t.json", config)]
    samples, pause = Samples(), threading.Event()
    with Simulator(Scenario(rate_per_s=250, record_messages=True)) as sim:
        capture = config_for(
            sim,
            spool_dir=str(tmp_path / "spool"),
            max_run_seconds=duration_s,
            shutdown_grace_seconds=60,  # making fifteen tables takes longer where others work too
        )
        with Pipeline(tmp_path, capture, command) as line:
            receiver = line.find_receiver()
            began_s = time.monotonic()
            used = {"tap": 0.0, "receiver": 0.0, "target": 0.0}
            while line.tap.poll() is None and time.monotonic() - began_s < duration_s - 1:
                pids = {"tap": line.tap.pid, "receiver": receiver, "target": line.target.pid}
                used = {name: cpu_s(pid) for name, pid in pids.items()}
                samples.memory_mb.append(memory_mb(line.tap.pid, receiver))
                samples.lag_s.append((sim.oracle.sent_total - stored(database)) / 250)
                pause.wait(5.0 if LONG else 0.5)
            seconds = time.monotonic() - began_s
            assert line.ended(120) == (0, 0), line.said()
        texts = Expected(sim).texts
    rows = {key: text for key, text in database.rows("SELECT id, text FROM x.tweets")}  # noqa: C416
    missing = set(texts) - set(rows)
    assert len(missing) < 50  # what lay in the socket when the window ended
    assert {key: texts[key] for key in rows} == rows
    ((lag_s,),) = database.rows("SELECT max(max_lag_seconds) FROM x.capture_connections")
    note(
        f"250 posts/s into PostgreSQL {postgres.version}",
        {
            "seconds": round(seconds),
            "posts": len(rows),
            "cpu_percent_of_a_core": {
                name: round(100 * s / seconds, 1) for name, s in used.items()
            },
            "memory_mb": rounded(samples.memory_mb),
            "seconds_until_visible": rounded(samples.lag_s),
            "max_lag_to_the_tap_s": lag_s,
        },
    )


def test_a_target_slower_than_the_stream_never_reaches_the_socket(tmp_path: Path) -> None:
    """200 posts/s into a target that takes 16 KB/s, for five minutes (short form: 6 s)."""
    duration_s = 300.0 if LONG else 6.0
    slow = [sys.executable, str(Path(__file__).with_name("slow_target.py")), "16384"]
    samples, pause = Samples(), threading.Event()
    with Simulator(Scenario(rate_per_s=200)) as sim:
        capture = config_for(sim, spool_dir=str(tmp_path / "spool"), shutdown_grace_seconds=1)
        with Pipeline(tmp_path, capture, slow) as line:
            receiver = line.find_receiver()
            assert wait_until(lambda: sim.oracle.sent_total > 0)
            for _ in every(0.5, duration_s):
                samples.memory_mb.append(memory_mb(line.tap.pid, receiver))
                pause.wait(0.5)
            sent = sim.oracle.sent_total
            ((connection),) = sim.oracle.connections
            assert connection.is_open
            line.tap.terminate()
            assert line.tap.wait(30) == 4, line.said()  # the rest is in the log
        assert sent > 150 * duration_s  # the simulator was never held up
        spooled = sum(
            path.stat().st_size for path in (tmp_path / "spool").rglob("*") if path.is_file()
        )
    warm = samples.memory_mb[len(samples.memory_mb) // 4 :]
    assert max(warm) < warm[0] + 15
    note(
        "target takes 16 KB/s of 200 posts/s",
        {
            "seconds": duration_s,
            "sent": sent,
            "spool_mb": round(spooled / 1e6, 1),
            "memory_mb": rounded(samples.memory_mb),
            "connections": len(sim.oracle.connections),
        },
    )


def test_a_quiet_stream_reaches_postgres(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """One post a minute for seven minutes (short form: one a second): when is a row visible?

    target-postgres stores when its input ends or its oldest row has waited for five minutes.
    """
    duration_s, rate = (420.0, 1 / 60) if LONG else (5.0, 1.0)
    database = postgres.database()
    command = [
        str(target("target-postgres")),
        *("--config", written(tmp_path / "t.json", database.target_config())),
    ]
    first_seen_s = None
    with Simulator(Scenario(rate_per_s=rate)) as sim:
        capture = config_for(sim, spool_dir=str(tmp_path / "spool"), max_run_seconds=duration_s)
        with Pipeline(tmp_path, capture, command) as line:
            line.find_receiver()
            began_s = time.monotonic()
            pause = threading.Event()
            while line.tap.poll() is None:
                if first_seen_s is None and stored(database):
                    first_seen_s = time.monotonic() - began_s
                pause.wait(0.5)
            assert line.ended(60) == (0, 0), line.said()
        assert {key for (key,) in database.rows("SELECT id FROM x.tweets")} == set(
            sim.oracle.sent_ids()
        )
    note(
        f"quiet stream into PostgreSQL {postgres.version}",
        {
            "seconds": duration_s,
            "posts": sim.oracle.sent_total,
            "first_row_visible_after_s": first_seen_s and round(first_seen_s, 1),
            "all_rows_at_the_end": True,
        },
    )
