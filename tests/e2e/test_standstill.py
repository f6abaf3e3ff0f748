"""The receiver stands still for a while, as in a paused container or on a machine that sleeps."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from tests.e2e.harness import Tap, config_for, wait_until
from tests.e2e.test_full_disk import check_ledger
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

ABSENT_S = 4.0


def test_an_end_that_was_slept_through_costs_what_the_ledger_names(tmp_path: Path) -> None:
    """Takes some eight seconds, as X has to be gone for longer than its ids are imprecise."""
    brief = {"steps": [{"do": "send", "seconds": 1.0}, {"do": "close"}]}
    with Simulator(Scenario(rate_per_s=200, connections=[brief])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool"))) as tap:
            tap.has(50)
            receiver = tap.receiver()
            os.kill(receiver, signal.SIGSTOP)
            (connection,) = sim.oracle.connections
            assert wait_until(lambda: time.time() > (connection.closed_s or time.time()) + ABSENT_S)
            os.kill(receiver, signal.SIGCONT)
            assert sim.wait_for(lambda: len(sim.oracle.connections) == 2, HANG_S)
            tap.has(len(sim.oracle.sent_ids()) + 500)
            assert tap.stop() == 0, tap.stderr
        assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
    assert len(check_ledger(sim, tap)) > 100
