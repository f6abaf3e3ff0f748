"""Twenty partitions under faults that a seed chose. ``TAP_FAULTS_SEED`` plays one seed again."""

from __future__ import annotations

import contextlib
import os
import random
import statistics
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.e2e.expected import check_books
from tests.e2e.figures import note
from tests.e2e.harness import Tap, config_for, is_running, wait_until
from tests.limits import HANG_S
from tests.soak.test_endurance import memory_mb, rounded
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.material.ids import LOW_BITS, SNOWFLAKE_EPOCH_MS
from twitter_stream_simulator.scenario.random_faults import KINDS

if TYPE_CHECKING:
    from pathlib import Path

# Read when the module is: a fixture keeps such variables out of the tests.
LONG = os.environ.get("TAP_SOAK") == "1"
# The short form plays a seed that holds real loss in any case: some connects are refused.
SHORT_SEED = 2040571597
SEED = int(os.environ.get("TAP_FAULTS_SEED") or (random.getrandbits(31) if LONG else SHORT_SEED))
STALL_S = 21.0  # the least that the tap takes
# Each takes longer than the short form lasts.
SLOW_KINDS = ("stall", "half_open", "no_answer", "http_429", "too_many_connections")
# What the tap may call lost beside what was: the time a thread of either side takes to notice.
SLACK_S = 0.5
# A gap begins when the last byte came, which is a bit later than it was sent.
LAG_S = 1.0


def scenario() -> Scenario:
    """X's limit of connects holds in the long form; the tap keeps to it in both."""
    if LONG:
        faults: dict[str, Any] = {"seed": SEED, "every_s": 36}
        return Scenario(rate_per_s=10, random_faults=faults)
    kinds = [kind for kind in KINDS if kind not in SLOW_KINDS]
    faults = {"seed": SEED, "every_s": 0.4, "kinds": kinds}
    return Scenario(rate_per_s=20, random_faults=faults, connect_limit=None)


def happened_s(post_id: str) -> float:
    """Return when a post was made."""
    return ((int(post_id) >> LOW_BITS) + SNOWFLAKE_EPOCH_MS) / 1000


def instant(text: str) -> float:
    """Return the seconds since 1970 of a time in a record."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def gaps_by_partition(tap: Tap) -> dict[int, list[tuple[float, float]]]:
    """Return the times that the tap reports as not covered."""
    found: dict[int, list[tuple[float, float]]] = {}
    for row in tap.records("capture_gaps"):
        span = (instant(row["started_at"]), instant(row["ended_at"]))
        found.setdefault(row["partition"], []).append(span)
    return found


def test_twenty_partitions_under_random_faults(tmp_path: Path) -> None:
    """For ten minutes (short form: 8 s): what was sent arrives, what was lost is reported."""
    duration_s = 600.0 if LONG else 8.0
    print(f"TAP_FAULTS_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    with Simulator(scenario(), oracle_path=tmp_path / "oracle.jsonl") as sim:
        config = config_for(
            sim,
            endpoints=["firehose"],
            spool_dir=str(tmp_path / "spool"),
            max_run_seconds=duration_s,
            stall_timeout_seconds=STALL_S,
        )
        memory: list[float] = []
        with Tap(tmp_path, config) as tap:
            pids = (tap.process.pid, tap.receiver())
            while not wait_until(lambda: tap.process.poll() is not None, duration_s / 60):
                with contextlib.suppress(OSError):  # one of them may end just now
                    memory.append(memory_mb(*filter(is_running, pids)))
            assert tap.ended(60) == 0, tap.stderr
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
        ended_s = instant(tap.window["ended_at"])
        sim.catch_up()
        closed_s = max(c.closed_s or 0 for c in sim.oracle.connections)
    check_books(tap.window)
    sent, got = set(sim.oracle.sent_ids()), tap.ids()
    assert len(set(got)) == len(got)
    assert set(got) <= sent
    # The last posts may lie in a socket that the tap closes.
    assert all(happened_s(one) > closed_s - 3 for one in sent - set(got))

    lost, gaps = sim.oracle.lost_ids(), gaps_by_partition(tap)
    for absence in sim.oracle.absences:
        spans = gaps.get(absence.partition or 0, ())
        for post_id in set(absence.ids()) & lost:
            at_s = happened_s(post_id)
            if at_s > ended_s - LAG_S:
                continue
            reported = any(start - LAG_S <= at_s <= end for start, end in spans)
            assert reported, (absence, spans, post_id)
    reported_s = sum(end - start for spans in gaps.values() for start, end in spans)
    outages_s = sum(max(0.0, min(a.to_s, ended_s) - a.from_s) for a in sim.oracle.absences)
    faults = Counter(c.ending for c in sim.oracle.connections)
    assert reported_s <= outages_s + SLACK_S * sum(map(len, gaps.values()))
    assert lost
    if LONG:
        third = len(memory) // 3
        later, last = memory[third : 2 * third], memory[2 * third : -1]
        assert statistics.median(last) < statistics.median(later) + 8, memory
        assert len(sim.oracle.requests) <= 51  # one of them for the rules
    note(
        "20 partitions under random faults",
        {
            "seed": SEED,
            "seconds": duration_s,
            "posts": len(got),
            "connects": len(sim.oracle.requests),
            "endings": dict(faults),
            "lost": len(lost),
            "memory_mb": rounded(memory),
            "seconds_lost": round(outages_s, 1),
            "seconds_reported_as_lost": round(reported_s, 1),
        },
    )
