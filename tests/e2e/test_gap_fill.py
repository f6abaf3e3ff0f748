"""What was missed comes back, by each way that X offers, and the books say how."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, children, config_for, wait_until
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SEND: dict[str, Any] = {"do": "send", "posts": 100, "rate_per_s": 200}
# The first reconnect is immediate and in vain, the next one comes after a second: two gaps.
CUT: list[dict[str, Any]] = [{"steps": [SEND, {"do": "cut"}]}, {"steps": [{"do": "close"}]}]
STATE_S = 0.3
AT_ONCE = 20  # posts that the live stream may have sent in the moment of its opening


def scenario(**more: object) -> Scenario:
    return Scenario.from_json({"rate_per_s": 200, "connections": CUT, **more})


def config(sim: Simulator, folder: Path, *methods: str, **more: object) -> dict[str, Any]:
    return config_for(
        sim,
        spool_dir=str(folder / "spool"),
        gap_fill=[*methods],
        state_interval_seconds=STATE_S,
        **more,
    )


def settled(tap: Tap) -> list[Mapping[str, Any]]:
    """Return each gap as it was written last."""
    return [*{row["gap_id"]: row for row in tap.records("capture_gaps")}.values()]


def filled(tap: Tap, kind: str) -> list[Mapping[str, Any]]:
    """Return the gaps of a kind."""
    return [row for row in settled(tap) if row["kind"] == kind]


def has_filled(tap: Tap, kind: str, count: int) -> bool:
    return len(filled(tap, kind)) >= count


def missed_total(sim: Simulator) -> int:
    """Return how many posts nobody got so far."""
    sim.catch_up()
    return len(sim.oracle.missed_ids())


def delivered(tap: Tap) -> dict[str, set[str]]:
    """Return the posts by how they came; each came once."""
    found: dict[str, set[str]] = {}
    for row in tap.records("tweets"):
        found.setdefault(row["_delivery"], set()).add(row["id"])
    assert len(tap.ids()) == len(set(tap.ids()))
    return found


@pytest.mark.parametrize(
    ("method", "delivery", "kind"),
    [("backfill", "backfill", "backfilled"), ("recovery", "recovery", "recovered")],
)
def test_a_gap_is_filled_while_the_stream_goes_on(
    tmp_path: Path, method: str, delivery: str, kind: str
) -> None:
    with Simulator(scenario()) as sim:
        with Tap(tmp_path, config(sim, tmp_path, method)) as tap:
            assert wait_until(lambda: [one["kind"] for one in settled(tap)] == [kind] * 2), (
                tap.stderr
            )
            tap.has(600)
            assert tap.stop() == 0, tap.stderr
        stopped_at = [one.closed_s for one in sim.oracle.connections]
        assert all(stopped_at)
        found = delivered(tap)
        missed = {one for one in sim.oracle.missed_ids() if one in tap.ids()}
        assert len(missed) > 100
        assert missed <= found[delivery]
        assert len(found[delivery] - missed) <= AT_ONCE
        assert sim.oracle.lost_ids().isdisjoint(tap.ids())
    gaps = settled(tap)
    assert {(gap["closed_by"], gap["pending"]) for gap in gaps} == {(method, False)}
    assert sum(gap["recovered_total"] for gap in gaps) == len(found[delivery])
    filled_s = sum(gap["duration_seconds"] for gap in gaps)
    window = tap.window
    check_books(window)
    assert window[f"{kind}_seconds"] == pytest.approx(filled_s, abs=0.001)
    assert window["lost_seconds"] == pytest.approx(0, abs=0.001)
    assert tap.states[-1]["bookmarks"]["capture_windows"]["capture"]["gaps"] == []


@pytest.mark.parametrize("method", ["backfill", "recovery"])
def test_a_plan_without_it_is_told_once_and_captured_on(tmp_path: Path, method: str) -> None:
    with (
        Simulator(scenario(access="self_serve")) as sim,
        Tap(tmp_path, config(sim, tmp_path, method)) as tap,
    ):
        assert wait_until(lambda: [one["pending"] for one in settled(tap)] == [False] * 2), (
            tap.stderr
        )
        tap.has(200)
        assert tap.stop() == 0, tap.stderr
    assert {gap["kind"] for gap in settled(tap)} == {"lost"}
    assert tap.stderr.count("| WARNING") == 1, tap.stderr
    assert tap.window["lost_seconds"] > 0.5


def test_a_killed_run_is_made_good_by_the_next(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s=200)) as sim:
        settings = config(sim, tmp_path, "recovery")
        with Tap(tmp_path, settings) as tap:
            tap.has(50)
            pids = (tap.process.pid, *children(tap.process.pid))
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            first, state = tap, tap.states[-1] if tap.states else None
        assert sim.wait_for(lambda: not any(one.is_open for one in sim.oracle.connections), HANG_S)
        before = sim.oracle.sent_total
        assert wait_until(lambda: missed_total(sim) > 200)
        assert sim.oracle.sent_total == before
        with Tap(tmp_path, settings, state=state) as tap:
            assert wait_until(lambda: bool(filled(tap, "recovered"))), tap.stderr
            assert tap.stop() == 0, tap.stderr
        ids = {*first.ids(), *tap.ids()}
        opened_s = sim.oracle.connections[-1].opened_s
        missed = [b for a in sim.oracle.absences if a.to_s <= opened_s + 1 for b in a.ids()]
        assert len(missed) > 200
        assert set(map(str, missed)) <= ids
    (gap,) = filled(tap, "recovered")
    assert gap["cause"] == "crashed"


def test_a_gap_outlives_a_run_that_could_not_fill_it(tmp_path: Path) -> None:
    refused = [{"recovery": True, "steps": [{"do": "http", "status": 503}]}] * 2
    with Simulator(scenario(connections=[*CUT, *refused])) as sim:
        settings = config(sim, tmp_path, "recovery")
        with Tap(tmp_path, settings) as tap:
            tap.says("(recovery): X answered HTTP 503")
            assert tap.stop() == 0, tap.stderr
        assert all(gap["pending"] for gap in settled(tap))
        state = tap.states[-1]
        assert len(state["bookmarks"]["capture_windows"]["capture"]["gaps"]) == 2
        with Tap(tmp_path, settings, state=state) as later:
            assert wait_until(lambda: len(filled(later, "recovered")) == 2, HANG_S), later.stderr
            assert later.stop() == 0, later.stderr
    rows = filled(later, "recovered")
    assert {row["gap_id"] for row in rows} == {row["gap_id"] for row in settled(tap)}
    assert sum(row["recovered_total"] for row in rows) > 100


def test_time_between_two_runs_is_filled_if_wanted(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s=200)) as sim:
        settings = config(sim, tmp_path, "backfill", count_idle_time_as_gap=True)
        runs: list[Tap] = []
        state = None
        for rows in (0, 1):
            with Tap(tmp_path, settings, state=state) as tap:
                tap.has(200)
                assert wait_until(partial(has_filled, tap, "backfilled", rows)), tap.stderr
                assert tap.stop() == 0, tap.stderr
            runs.append(tap)
            state = tap.states[-1]
        ids = [one for tap in runs for one in tap.ids()]
        got = set(ids)
        assert len(ids) == len(got)  # X sent again what the first run has emitted
        opened_s = sim.oracle.connections[-1].opened_s
        missed = [i for a in sim.oracle.absences if a.to_s <= opened_s + 1 for i in a.ids()]
        assert missed
        assert set(map(str, missed)) <= got
    (row,) = filled(runs[1], "backfilled")
    assert row["cause"] == "stopped_by_us"


def test_search_brings_what_was_missed_with_the_rules_it_matches(tmp_path: Path) -> None:
    """It takes 50 s: recent search does not know the last half minute yet."""
    with Simulator(scenario(access="self_serve")) as sim:
        rules = [{"value": "cat", "tag": "cats"}, {"value": "#fog OR dog", "tag": "b"}]
        ways = ("backfill", "recovery", "search")
        settings = config(sim, tmp_path, *ways, rules=rules, gap_fill_max_cost_usd=50)
        with Tap(tmp_path, settings) as tap:
            assert wait_until(partial(has_filled, tap, "searched", 2), HANG_S), tap.stderr
            assert tap.stop() == 0, tap.stderr
        # X was asked for a backfill and for a recovery once each, and said no.
        assert [one["status"] for one in tap.records("errors") if one["kind"] == "http"] == [
            400
        ] * 2
        found = delivered(tap)
        missed = {*map(str, sim.oracle.missed_ids())} - sim.oracle.lost_ids()
        assert len(missed) > 100
        assert missed <= found["search"]
        matched = {(row["tweet_id"], row["tag"]) for row in tap.records("tweet_rules")}
    assert {post_id for post_id, _ in matched} == set(tap.ids())
    assert len(matched) == len(tap.records("tweet_rules"))
    window = tap.window
    check_books(window)
    assert window["searched_seconds"] > 0.5
    assert window["lost_seconds"] == pytest.approx(0, abs=0.001)
    posts_usd = window["posts_billable_estimate"] * 0.005
    assert window["cost_estimate_usd"] == pytest.approx(posts_usd + 4 * 0.005)
