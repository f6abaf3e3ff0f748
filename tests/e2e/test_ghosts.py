from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import Tap, config_for
from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, connect, read_posts
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kills", [True, False])
def test_a_ghost_is_ended_where_the_user_wants_that(tmp_path: Path, *, kills: bool) -> None:
    """Takes some 6 s with the setting, for the wait after a kill; without it X's minute begins."""
    with Simulator(Scenario(rate_per_s=200.0, ghost_slot_s=600.0)) as sim:
        read_posts(connect(sim, SAMPLE), 1)  # somebody before us, who did not say goodbye
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        config = config_for(sim, endpoints=["sample"], kill_ghost_connections=kills)
        config = {name: value for name, value in config.items() if "rules" not in name}
        with Tap(tmp_path, config) as tap:
            if kills:
                tap.has(20)
            else:
                tap.says("Reconnecting in")
            assert tap.stop() == 0
    deleted = [one for one in sim.oracle.requests if one["method"] == "DELETE"]
    assert len(deleted) == kills
    assert ("ended 1 connection " in tap.stderr) is kills
    refused = tap.records("capture_connections")[0]
    assert refused["http_status"] == 429
    assert (
        refused["reconnect_wait_seconds"] == 5 if kills else refused["reconnect_wait_seconds"] >= 60
    )
