from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, config_for
from tests.limits import Slowness
from twitter_stream_simulator import Scenario, Simulator

DAY_S = 86_400.0
SET_CLOCK = Path(__file__).parent / "set_clock"


@pytest.fixture(params=[-DAY_S, DAY_S], ids=["back", "forward"])
def jump_s(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> float:
    """Make ready to set both processes' clock with the file ``set``; return by how much."""
    monkeypatch.setenv("PYTHONPATH", str(SET_CLOCK))
    monkeypatch.setenv("SET_CLOCK_BY", str(request.param))
    monkeypatch.setenv("SET_CLOCK_FILE", str(tmp_path / "set"))
    return float(request.param)


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [({"max_run_seconds": 5}, "max_run"), ({"max_run_seconds": 60, "max_records": 400}, "")],
)
def test_a_clock_that_is_set_changes_neither_the_posts_nor_the_length_of_the_run(
    tmp_path: Path, jump_s: float, bounds: dict[str, int], reason: str
) -> None:
    """Takes some 6 s: the run must be under way when the clock is set."""
    scenario = Scenario.from_json(
        {
            "rate_per_s": 100.0,
            "connections": [
                {"steps": [{"do": "send", "posts": 120}, {"do": "close"}]},
                {"steps": []},
            ],
        }
    )
    with Simulator(scenario) as sim, Slowness() as slow:
        begun_s = time.monotonic()
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), **bounds)
        with Tap(tmp_path, config) as tap:
            tap.has(150)  # the run is under way, on its second connection
            (tmp_path / "set").touch()
            code = tap.ended()
        took_s = time.monotonic() - begun_s
        sent = sim.oracle.sent_ids()
    assert code == 0, tap.stderr
    assert tap.window["stop_reason"] == (reason or "max_records")
    assert 4.5 < took_s < 15 * slow.factor
    assert tap.ids() == sent[: len(tap.ids())]
    check_books(tap.window)
    started, ended = (
        datetime.fromisoformat(tap.window[name].replace("Z", "+00:00")).timestamp()
        for name in ("started_at", "ended_at")
    )
    assert ended - started == pytest.approx(jump_s + took_s, abs=10)  # it was really set
    assert tap.messages[-1]["type"] == "STATE"
