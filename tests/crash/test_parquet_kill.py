"""Kill a run that writes Parquet at random moments: only whole files, and every id once.

``TAP_KILLS`` says how many kills (3), ``TAP_SEED`` repeats a schedule.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.crash.test_kill import MOST_KILLS, ids_in
from tests.e2e.datasets import ids, manifests, settings
from tests.e2e.harness import Json, Tap, config_for, wait_until
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("TAP_KILLS", "3"))
SEED = int(os.environ.get("TAP_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
CHAINS = [min(MOST_KILLS, KILLS - done) for done in range(0, KILLS, MOST_KILLS)]
RATE_PER_S = 400.0


class Chain:
    """Runs over one spool and one dataset, each but the last of them killed."""

    def __init__(self, folder: Path, sim: Simulator, seed: int) -> None:
        print(f"seed {seed}")  # noqa: T201 - what repeats a failure
        self._chance = random.Random(seed)
        self._folder = folder
        self.root = folder / "data"
        self._config = config_for(
            sim,
            spool_dir=str(folder / "spool"),
            spool_fsync_ms=50,
            parquet_seal_seconds=1,
            shutdown_grace_seconds=100,  # the last run has to read what the killed ones left
            batch_config=settings(self.root, batch_size=300),
        )
        self._states: list[Json] = []
        self.spooled: set[str] = set()
        self.replaced = 0

    def _state(self) -> Json | None:
        """Return the STATE of a runner that sometimes loses what it was told last."""
        if not self._states:
            return None
        lost = self._chance.random() < 0.3
        return self._states[-2 if lost and len(self._states) > 1 else -1]

    def killed_run(self) -> None:
        """Run for a while, kill without warning, and look at what is there."""
        with Tap(self._folder, self._config, state=self._state()) as tap:
            receiver = tap.receiver()
            tap.says("connected", timeout_s=120)
            threading.Event().wait(self._chance.uniform(0.0, 2.5))
            victims = self._chance.choice(((tap.process.pid, receiver), (tap.process.pid,)))
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            assert wait_until(lambda: not _runs(receiver))
        self._states += tap.states
        self.replaced += "are removed" in tap.stderr
        self.spooled |= ids_in(self._folder / "spool")
        self.check_files()

    def last_run(self) -> None:
        """Run once more, to its own end."""
        with Tap(self._folder, self._config, state=self._state()) as tap:
            tap.says("connected", timeout_s=120)
            assert tap.stop() == 0, tap.stderr
        self.spooled |= ids_in(self._folder / "spool")

    def check_files(self) -> None:
        """Check that whatever readers can see is a whole file."""
        for path in self.root.glob("*/dt=*/hr=*/*"):
            pq.ParquetFile(path).read()
        for manifest in manifests(self.root):
            for one in manifest["files"]:
                assert one["ends"] <= manifest["end"]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("chain", range(len(CHAINS)))
def test_files_are_whole_and_every_id_is_there_once(tmp_path: Path, chain: int) -> None:
    """Takes some 5 s a kill, most of it the start of the tap.

    Mutant: name files without writing them down first, and a kill behind the rename doubles them.
    """
    with Simulator(Scenario(rate_per_s=RATE_PER_S)) as sim:
        runs = Chain(tmp_path, sim, SEED + chain)
        for _ in range(CHAINS[chain]):
            runs.killed_run()
        runs.last_run()
    runs.check_files()
    found = ids(runs.root)
    assert len(found) == len(set(found))
    assert runs.spooled <= set(found)
    listed = [one["path"] for m in manifests(runs.root) for one in m["files"]]
    there = [str(path.relative_to(runs.root)) for path in runs.root.glob("*/dt=*/*/*")]
    assert sorted(listed) == sorted(there)
    newest = manifests(runs.root)[-1]
    capture = newest["state"]["bookmarks"]["capture_windows"]["capture"]
    assert newest["end"][0] == capture["position"]
