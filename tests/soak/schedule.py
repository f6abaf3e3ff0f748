"""One life of a capture, drawn by a seed: faults of X, runs that end badly, STATE that is lost."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import config_for, is_running, wait_until
from tests.e2e.pipeline import Pipeline
from tests.e2e.test_bad_disk import free_disk
from tests.limits import HANG_S
from tests.soak.test_random_faults import SLOW_KINDS
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.scenario.random_faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_FAST = [kind for kind in KINDS if kind not in SLOW_KINDS and not kind.startswith("http")]
_WAYS: tuple[list[str], ...] = ([], ["backfill"], ["recovery"], ["backfill", "recovery"])
KILLS: Mapping[str, tuple[str, ...]] = {
    "kill tap": ("tap",),
    "kill receiver": ("receiver",),
    "kill target": ("target",),
    "kill tap and receiver": ("tap", "receiver"),
    "kill tap and target": ("tap", "target"),
    "kill all": ("tap", "receiver", "target"),
}
_ACTS = (*KILLS, *KILLS, "stop", "stop", "freeze target", "freeze tap", "full disk", "stay away")


class Schedule:
    """Draws and plays one schedule.

    Args:
        folder: Of its spool, STATE and table.
        target: The command of the target.
        catalog: What is captured.
    """

    def __init__(self, folder: Path, target: Sequence[str], catalog: object, seed: int) -> None:
        self.seed = seed
        self._folder = folder
        self._target = target
        self._catalog = catalog
        self._chance = chance = random.Random(seed)
        self.endpoint = chance.choice(["filtered", "sample10"])
        self.gap_fill = chance.choice(_WAYS)
        self.acts = [chance.choice(_ACTS) for _ in range(chance.randint(1, 3))]
        self.loses_state = chance.random() < 0.25
        self._states: list[Any] = []
        scenario = Scenario(
            rate_per_s=chance.choice([40, 150]),
            connect_limit=None,
            max_connections=None,
            max_recoveries=None,
            random_faults={"seed": seed, "every_s": chance.uniform(1, 5), "kinds": _FAST},
        )
        self.sim = Simulator(scenario)

    def play(self) -> None:
        """Run as drawn; the simulator goes on until the caller has ended it."""
        config = config_for(
            self.sim,
            endpoints=[self.endpoint],
            spool_dir=str(self._folder / "spool"),
            state_interval_seconds=0.4,
            gap_fill=self.gap_fill,
            count_idle_time_as_gap=self._chance.random() < 0.5,
            shutdown_grace_seconds=30,
        )
        for act in self.acts:
            with self._pipeline(config) as line:
                self._begun(line)
                self._wait(0.3, 2.0)
                self._do(act, line)
                self._take(line)
            if act == "stay away":
                self._wait(0.5, 2.0)
        if self.loses_state and self._states:
            self._states = self._states[: self._chance.randrange(len(self._states))]
        with self._pipeline(config) as line:
            self._begun(line)
            # The gaps of this run's start are old enough for a recovery after two seconds.
            self._wait(4.0, 5.0)
            assert line.stop() == (0, 0), line.said()
            self._take(line)

    def _pipeline(self, config: object) -> Pipeline:
        state = self._states[-1] if self._states else None
        return Pipeline(self._folder, config, self._target, state=state, catalog=self._catalog)

    def _begun(self, line: Pipeline) -> None:
        """Wait until the run is connected."""
        line.find_receiver()
        seen = len(self.sim.oracle.connections)
        assert self.sim.wait_for(lambda: len(self.sim.oracle.connections) > seen, HANG_S), (
            line.said()
        )

    def _wait(self, least_s: float, most_s: float) -> None:
        threading.Event().wait(self._chance.uniform(least_s, most_s))

    def _take(self, line: Pipeline) -> None:
        if state := line.acknowledged():
            self._states.append(state)

    def _do(self, act: str, line: Pipeline) -> None:
        pids = {"tap": line.tap.pid, "receiver": line.receiver, "target": line.target.pid}
        if names := KILLS.get(act):
            for name in self._chance.sample(names, len(names)):
                with suppress(ProcessLookupError):
                    os.kill(pids[name], signal.SIGKILL)
            line.ended()
            return
        if act.startswith("freeze"):
            pid = pids[act.removeprefix("freeze ")]
            os.kill(pid, signal.SIGSTOP)
            self._wait(0.5, 1.5)
            os.kill(pid, signal.SIGCONT)
        elif act == "full disk":
            self._fill_disk(line.receiver)
        codes = line.stop()
        assert codes == (0, 0), (act, codes, line.said())

    def _fill_disk(self, receiver: int) -> None:
        """Let no file of the receiver grow for a moment."""
        sizes = [path.stat().st_size for path in (self._folder / "spool").glob("*.log")]
        resource.prlimit(receiver, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))
        self._wait(0.5, 1.5)
        free_disk(receiver)
        assert wait_until(lambda: is_running(receiver))
