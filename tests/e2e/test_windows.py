from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import capture, config_for, run, wait_until
from tests.limits import Slowness
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

FLOWING: dict[str, Any] = {"rate_per_s": 100.0}
QUIET: dict[str, Any] = {"rate_per_s": "max", "limit_posts": 30, "keep_alive_s": 0.1}


@pytest.mark.parametrize(
    ("reason", "bounds", "traffic"),
    [
        ("max_run", {"max_run_seconds": 1.5}, FLOWING),
        ("max_run", {"max_run_seconds": 1.5, "max_records": 10**6}, QUIET),
        ("idle", {"idle_exit_seconds": 1}, QUIET),
        ("max_records", {"max_records": 30}, QUIET),
        ("max_bytes", {"max_bytes": 50_000}, FLOWING),
        ("aligned", {"align_stop_to_seconds": 2}, FLOWING),
    ],
)
def test_each_bound_ends_the_run(
    tmp_path: Path, reason: str, bounds: dict[str, Any], traffic: dict[str, Any]
) -> None:
    with Simulator(Scenario.from_json(traffic)) as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool"), **bounds))
    assert (code, tap.window["stop_reason"], tap.window["exit_code"]) == (0, reason, 0), tap.stderr
    check_books(tap.window)
    assert tap.messages[-1]["type"] == "STATE"
    assert len(tap.ids()) == tap.window["messages"]


def test_stop_at_ends_the_run_at_its_instant(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim, Slowness() as slow:
        assert wait_until(lambda: slow.measured)
        stop_at = datetime.now(timezone.utc) + timedelta(seconds=4 * slow.factor)
        code, tap = run(tmp_path, config_for(sim, stop_at=stop_at.isoformat()))
    assert (code, tap.window["stop_reason"]) == (0, "stop_at")
    ended_at = datetime.fromisoformat(tap.window["ended_at"].replace("Z", "+00:00"))
    assert timedelta(0) <= ended_at - stop_at < timedelta(seconds=3 * slow.factor)


def test_aligned_end_lies_on_the_grid(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim, Slowness() as slow:
        before_s = time.time()
        _, tap = run(tmp_path, config_for(sim, align_stop_to_seconds=6))
    ended_s = datetime.fromisoformat(tap.window["ended_at"].replace("Z", "+00:00")).timestamp()
    assert 0 <= ended_s % 6 < 3 * slow.factor  # the rest is for the work after the end
    # The start of the tap, at most a whole step of the grid, and the work after the end.
    assert ended_s - before_s <= (3 + 6 + 3) * slow.factor


@pytest.mark.parametrize("chunking", ["message", "64k"])
def test_max_records_is_exact_and_the_rest_comes_next(tmp_path: Path, chunking: str) -> None:
    """Takes some 6 s: four runs. The first fills the spool, so that the others share it out."""
    with Simulator(Scenario(rate_per_s="max", limit_posts=300, chunking=chunking)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        capture(tmp_path, config, 300)
        first_code, first = run(tmp_path, {**config, "max_records": 77})
        second_code, second = run(tmp_path, {**config, "max_records": 100}, state=first.states[-1])
        third = capture(tmp_path, config, 123, state=second.states[-1])
    assert (first_code, second_code) == (0, 0)
    assert [len(first.ids()), len(second.ids()), len(third.ids())] == [77, 100, 123]
    assert [*first.ids(), *second.ids(), *third.ids()] == sim.oracle.sent_ids()
    for tap in (first, second, third):
        check_books(tap.window)
    assert first.window["left_in_spool"] == 223
    assert [tap.window["stop_reason"] for tap in (first, second)] == ["max_records"] * 2


def test_what_max_records_left_in_the_spool_comes_first_in_the_next_run(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s="max", limit_posts=2000)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        _, first = run(tmp_path, {**config, "max_records": 77})
        left = first.window["left_in_spool"]
        # No post more than that: what the first socket still held when it was closed is gone, and
        # with it perhaps all the rest of the limit.
        second = capture(tmp_path, config, left, state=first.states[-1])
        sent = sim.oracle.sent_ids()
    assert left > 0
    assert first.ids() == sent[:77]
    assert second.ids()[:left] == sent[77 : 77 + left]
    check_books(first.window)
    check_books(second.window)


def test_the_tightest_bound_wins(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s=100.0)) as sim:
        config = config_for(sim, max_run_seconds=60, idle_exit_seconds=30, max_records=20)
        code, tap = run(tmp_path, config)
    assert (code, tap.window["stop_reason"], len(tap.ids())) == (0, "max_records", 20)
