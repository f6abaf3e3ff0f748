"""Kill parts of a run at random moments; what had reached the spool must be in the table.

``TAP_KILLS`` says how many kills (5; for many: ``-o faulthandler_timeout=0``), ``TAP_SEED`` repeats
a schedule, ``TAP_FIGURES`` names a file to note figures in.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.e2e.figures import note
from tests.e2e.harness import children, config_for, is_running, wait_until, written
from tests.e2e.pipeline import Pipeline, duckdb_command
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.e2e.postgres import PostgresServer

    Query = Callable[[Path, str], list[list[Any]]]

KILLS = int(os.environ.get("TAP_KILLS", "5"))
SEED = int(os.environ.get("TAP_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
RATE_PER_S = 400.0
# X allows 50 connects in 15 minutes, and the tap's budget file makes that hold over kills.
MOST_KILLS = 40
CHAINS = [min(MOST_KILLS, KILLS - done) for done in range(0, KILLS, MOST_KILLS)]
VICTIMS = ("tap", "receiver", "tap and receiver", "all")


def ids_in(folder: Path) -> set[str]:
    """Return the ids of all whole lines that a spool holds, found by the plainest of means."""
    if not folder.exists() or not segments(folder):
        return set()
    reader = LogReader(folder, 0, verify_before=1 << 62)
    streams: dict[int, bytes] = {}
    while frames := reader.read():
        for frame in frames:
            if frame.kind is Kind.BYTES:
                streams[frame.connection] = streams.get(frame.connection, b"") + frame.payload
    reader.close()
    lines = [line for stream in streams.values() for line in stream.split(b"\n")[:-1]]
    return {json.loads(line)["data"]["id"] for line in lines if line.strip()}


class Chain:
    """Runs over one spool and one table, each but the last of them killed."""

    def __init__(self, folder: Path, sim: Simulator, target: Sequence[str], seed: int) -> None:
        print(f"seed {seed}")  # noqa: T201 - what repeats a failure
        self.chance = random.Random(seed)
        self._folder = folder
        self._sim = sim
        self._target = target
        self._state: dict[str, Any] | None = None
        self._config = config_for(
            sim,
            spool_dir=str(folder / "spool"),
            state_interval_seconds=0.2,
            spool_fsync_ms=50,
            shutdown_grace_seconds=25,  # a database on a busy machine takes its time
        )
        self.spooled: set[str] = set()
        self.unacknowledged = 0
        self._kills = 0

    def kill(self, victim: str) -> None:
        """Run, kill after a random number of posts, and take down what the spool then holds."""
        started = self._sim.oracle.sent_total
        wanted = started + self.chance.randrange(1, 400)
        with Pipeline(self._folder, self._config, self._target, state=self._state) as line:
            receiver = line.find_receiver()
            assert self._sim.wait_for(lambda: self._sim.oracle.sent_total >= wanted, 20), (
                line.said()
            )
            pids = {"tap": line.tap.pid, "receiver": receiver, "all": line.target.pid}
            chosen = [pid for name, pid in pids.items() if name in victim or victim == "all"]
            for pid in self.chance.sample(chosen, len(chosen)):
                os.kill(pid, signal.SIGKILL)
            codes = line.ended()
            assert codes[0] == (1 if victim == "receiver" else -signal.SIGKILL), line.said()
            assert victim == "all" or codes[1] == 0, line.said()
            self._take_down(line)

    def finish(self) -> None:
        """Run once more, undisturbed, until what was left is through."""
        started = self._sim.oracle.sent_total
        with Pipeline(self._folder, self._config, self._target, state=self._state) as line:
            line.find_receiver()
            assert self._sim.wait_for(lambda: self._sim.oracle.sent_total > started + 50, 20)
            assert line.stop() == (0, 0), line.said()
            self._take_down(line)

    def _take_down(self, line: Pipeline) -> None:
        before = self._state
        self._state = line.acknowledged() or self._state
        self.unacknowledged += self._state is before
        self.spooled |= ids_in(self._folder / "spool")

    def run(self, kills: int, victims: Sequence[str]) -> None:
        """Kill as often as wanted, then finish."""
        self._kills = kills
        for number in range(kills):
            self.kill(victims[number % len(victims)])
        self.finish()

    def check(self, rows: list[str], name: str) -> None:
        """Compare the table with what the spool ever held and with what was ever sent."""
        sent = set(self._sim.oracle.sent_ids())
        lost, invented = self.spooled - set(rows), set(rows) - sent
        figures = {
            "kills": self._kills,
            "seed": SEED,
            "sent": len(sent),
            "spooled": len(self.spooled),
            "in_table": len(set(rows)),
            "lost": len(lost),
            "repeated_rows": len(rows) - len(set(rows)),
            "runs_without_new_state": self.unacknowledged,
        }
        note(f"kill: {name}", figures)
        assert not lost, figures
        assert not invented, figures
        assert len(self.spooled) > 40 * self._kills, figures


def simulator() -> Simulator:
    """Return one that never refuses: each kill costs a connect."""
    return Simulator(Scenario(rate_per_s=RATE_PER_S, connect_limit=None, max_connections=None))


@pytest.mark.parametrize("kills", CHAINS)
def test_nothing_spooled_is_lost_with_a_target_that_acknowledges(
    tmp_path: Path, kills: int
) -> None:
    """Takes some 2 s a kill: each is a whole start of the tap."""
    table = tmp_path / "records.jsonl"
    script = Path(__file__).with_name("ack_target.py")
    with simulator() as sim:
        chain = Chain(tmp_path, sim, [sys.executable, str(script), str(table)], SEED)
        chain.run(kills, VICTIMS)
        records = [json.loads(line) for line in table.read_bytes().splitlines()]
        rows = [one["record"]["id"] for one in records if one["stream"] == "tweets"]
        chain.check(rows, "acknowledging target")
    windows = [one["record"] for one in records if one["stream"] == "capture_windows"]
    assert any(window["crashed"] for window in windows)


@pytest.mark.parametrize("kills", CHAINS)
def test_nothing_spooled_is_lost_with_duckdb(
    tmp_path: Path, kills: int, target: Callable[[str], Path], query_duckdb: Query
) -> None:
    """Takes some 4 s a kill: tap and target start anew each time."""
    command = duckdb_command(target("target-duckdb"), tmp_path)
    with simulator() as sim:
        chain = Chain(tmp_path, sim, command, SEED)
        chain.run(kills, ("tap", "receiver", "tap and receiver"))
        rows = query_duckdb(tmp_path / "out.duckdb", "SELECT id FROM tweets")
        chain.check([one for (one,) in rows], "target-duckdb")


@pytest.mark.parametrize("kills", CHAINS)
def test_nothing_spooled_is_lost_with_postgres(
    tmp_path: Path, kills: int, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 4 s a kill. The target is killed too: its STATE must not run ahead of its rows."""
    database = postgres.database()
    config = database.target_config(batch_size_rows=100)
    command = [str(target("target-postgres")), "--config", written(tmp_path / "t.json", config)]
    with simulator() as sim:
        chain = Chain(tmp_path, sim, command, SEED)
        chain.run(kills, ("all", *VICTIMS))
        rows = database.rows("SELECT id FROM x.tweets")
        chain.check([one for (one,) in rows], f"target-postgres, server {postgres.version}")


def test_receiver_does_not_outlive_its_tap(tmp_path: Path) -> None:
    with simulator() as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        table = [sys.executable, str(Path(__file__).with_name("ack_target.py"))]
        with Pipeline(tmp_path, config, [*table, str(tmp_path / "records.jsonl")]) as line:
            receiver = line.find_receiver()
            assert sim.wait_for(lambda: sim.oracle.sent_total > 10, HANG_S)
            os.kill(line.tap.pid, signal.SIGKILL)
            line.tap.wait()
            assert wait_until(lambda: not is_running(receiver), HANG_S)
            assert not children(line.tap.pid)
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
