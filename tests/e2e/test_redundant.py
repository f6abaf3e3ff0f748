"""Two connections, one output: either may break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, config_for
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

SEND: dict[str, Any] = {"do": "send", "seconds": 1.0}
LATE: dict[str, Any] = {"do": "send", "seconds": 2.5}


@pytest.mark.parametrize("fault", ["cut_line", "rst"])
def test_either_connection_may_break_without_a_gap(tmp_path: Path, fault: str) -> None:
    entries = [{"steps": [SEND, {"do": fault}]}, {"steps": [LATE, {"do": fault}]}]
    with Simulator(Scenario(rate_per_s=50, max_connections=2, connections=entries)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), redundant_connections=2)
        with Tap(tmp_path, config) as tap:
            assert sim.wait_for(lambda: len(sim.oracle.connections) >= 4, HANG_S), tap.stderr
            tap.has(200)
            assert tap.stop() == 0, tap.stderr
    assert len(tap.ids()) == len(set(tap.ids()))
    assert tap.records("capture_gaps") == []
    window = tap.window
    check_books(window)
    assert window["lost_seconds"] == 0
    assert "filtered (copy 2): connected" in tap.stderr
