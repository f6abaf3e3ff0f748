"""Runs that are killed one after the other, under faults that a seed chose."""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import Tap, children, config_for
from tests.soak.test_random_faults import LAG_S, LONG, SLOW_KINDS, happened_s, instant
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.scenario.random_faults import KINDS

if TYPE_CHECKING:
    from pathlib import Path

SEED = int(os.environ.get("TAP_FAULTS_SEED") or (random.getrandbits(31) if LONG else 7))
# The tap makes no more than 50 connects in 15 minutes, over all runs.
RUNS = 12 if LONG else 3
LAST_RUN_S = 2.0
FAULTS = {
    "seed": SEED,
    "every_s": 2,
    "kinds": [kind for kind in KINDS if kind not in SLOW_KINDS and not kind.startswith("http")],
}


class Found:
    """What all runs together gave to the target."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.gaps: dict[str, dict[str, Any]] = {}
        self.state: object = None

    def take(self, tap: Tap) -> None:
        """Keep what one run wrote; a later row of a gap replaces an earlier one."""
        self.ids.update(tap.ids())
        self.gaps.update((row["gap_id"], row) for row in tap.records("capture_gaps"))
        self.state = tap.states[-1] if tap.states else self.state

    def reports(self, partition: int | None, at_s: float) -> bool:
        """Say whether an instant of a partition lies in a gap."""
        return any(
            instant(row["started_at"]) - LAG_S <= at_s <= instant(row["ended_at"])
            for row in self.gaps.values()
            if row["partition"] == partition
        )


def killed(tap: Tap, chance: random.Random) -> None:
    """Let a run go for a moment, then kill the tap, its receiver or both."""
    tap.has(1)
    threading.Event().wait(chance.uniform(0.5, 2.5))
    pids = [tap.process.pid, *children(tap.process.pid)]
    for pid in pids[slice(*chance.choice([(0, 1), (1, 2), (0, 2)]))]:
        os.kill(pid, signal.SIGKILL)


def test_killed_runs_lose_nothing_in_silence(tmp_path: Path) -> None:
    """Three runs (long form: twelve), each a process that lives for up to three seconds."""
    print(f"TAP_FAULTS_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    chance, found = random.Random(SEED), Found()
    scenario = Scenario(
        rate_per_s=40, connect_limit=None, max_connections=None, random_faults=FAULTS
    )
    with Simulator(scenario) as sim:
        config = config_for(
            sim,
            endpoints=["sample10"],
            spool_dir=str(tmp_path / "spool"),
            state_interval_seconds=0.5,
        )
        for run in range(RUNS):
            last = run == RUNS - 1
            config["max_run_seconds"] = LAST_RUN_S if last else 60
            with Tap(tmp_path, config, state=found.state) as tap:
                if last:
                    assert tap.ended() == 0, tap.stderr
                else:
                    killed(tap, chance)
            found.take(tap)
    of = {connection.number: connection for connection in sim.oracle.connections}
    # A gap is reported when somebody connects again, so nothing is asked of the time after that.
    until_s = {one.partition: one.opened_s for one in sim.oracle.connections}
    assert found.ids <= set(sim.oracle.sent_ids())
    for batch in sim.oracle.batches:
        partition = of[batch.connection].partition
        if batch.at_s < until_s[partition] and not found.ids.issuperset(batch.ids()):
            assert found.reports(partition, batch.at_s), batch
    lost = sim.oracle.lost_ids()
    assert lost
    for absence in sim.oracle.absences:
        for post_id in set(absence.ids()) & lost:
            assert found.reports(absence.partition, happened_s(post_id)), absence
