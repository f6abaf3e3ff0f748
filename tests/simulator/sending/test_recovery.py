from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import FILTERED, RULES, call, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, Simulator, clock, read_oracle
from twitter_stream_simulator.material.ids import LOW_BITS, SNOWFLAKE_EPOCH_MS

if TYPE_CHECKING:
    from pathlib import Path

RATE_PER_S = 400.0
SAMPLE10 = "/2/tweets/sample10/stream?partition=1"
RULE = {"value": "cat", "tag": "cats"}


def utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_s(post_id: str) -> float:
    return ((int(post_id) >> LOW_BITS) + SNOWFLAKE_EPOCH_MS) / 1000


def gone_for(sim: Simulator, span_s: float, path: str = FILTERED) -> tuple[float, float]:
    """Read some posts, stay away for a while and connect again; return when nobody was there."""
    before = len(sim.oracle.connections)
    read_posts(connect(sim, path), 20)
    first = sim.oracle.connections[before]
    assert sim.wait_for(lambda: not first.is_open, HANG_S)
    gone_s = first.closed_s
    assert gone_s is not None
    assert sim.wait_for(lambda: clock.now_s() > gone_s + span_s, HANG_S)
    read_posts(connect(sim, path), 1)
    assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
    return gone_s, sim.oracle.connections[before + 1].opened_s


def test_posts_go_on_while_nobody_is_connected(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    with Simulator(Scenario(rate_per_s=RATE_PER_S, rules=[RULE]), oracle_path=path) as sim:
        gone_s, back_s = gone_for(sim, 0.3)
        missed = sim.oracle.missed_ids()
        assert abs(len(missed) - (back_s - gone_s) * RATE_PER_S) <= 5
        assert missed == sorted(missed)
        assert all(gone_s - 0.001 <= at_s(one) <= back_s + 0.1 for one in missed)
        assert set(missed).isdisjoint(sim.oracle.sent_ids())
        assert set(missed) <= sim.oracle.lost_ids()
        assert sim.oracle.missed_ids(endpoint="sample") == []
    assert read_oracle(path).missed_ids == missed


def test_nothing_is_missed_without_a_rule() -> None:
    with Simulator(Scenario(rate_per_s=RATE_PER_S, rules=[RULE])) as sim:
        read_posts(connect(sim, FILTERED), 1)
        call(sim, RULES, {"delete": {"values": ["cat"]}})
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        gone_s = clock.now_s()
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.1, HANG_S)
        call(sim, RULES, {"add": [RULE]})
        missed = len(sim.oracle.missed_ids())
        read_posts(connect(sim, FILTERED), 1)
        assert missed == 0


@pytest.mark.parametrize("gzip", [False, True])
def test_recovery_brings_what_was_sent_and_what_was_missed_and_ends(gzip: bool) -> None:  # noqa: FBT001
    with Simulator(Scenario(rate_per_s=RATE_PER_S, rules=[RULE], record_messages=True)) as sim:
        began_s = clock.now_s()
        gone_for(sim, 0.3)
        sent, missed = sim.oracle.sent_ids(), sim.oracle.missed_ids()
        billed = sim.oracle.summary()["billed_posts"]
        reply = read_reply(connect(sim, f"{FILTERED}?start_time={utc(began_s)}", gzip=gzip))
        assert (reply.status, reply.complete) == (200, True)
        assert set(reply.ids) >= set(sent) | set(missed)
        assert len(set(reply.ids)) == len(reply.ids)
        assert sim.oracle.connections[-1].recovery
        fresh = set(reply.ids) - set(sent)
        assert sim.oracle.summary()["billed_posts"] == billed + len(fresh)
        assert sim.oracle.lost_ids() <= set(sim.oracle.connections[0].cut_ids) - set(reply.ids)
        line = next(line for line in reply.lines if json.loads(line)["data"]["id"] == missed[0])
        assert sim.oracle.messages[missed[0]] == line
        again = read_reply(connect(sim, f"{FILTERED}?start_time={utc(began_s)}", gzip=gzip))
        assert set(again.lines) >= set(reply.lines)
        assert sim.oracle.summary()["billed_posts"] <= billed + len(fresh) + len(again.ids)


def test_recovery_brings_the_seconds_asked_for_and_no_other() -> None:
    """Takes a bit more than two seconds: X counts in whole ones."""
    with Simulator(Scenario(rate_per_s=100)) as sim:
        read_posts(connect(sim, SAMPLE10), 10)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        start_s = int(clock.now_s()) + 1
        assert sim.wait_for(lambda: clock.now_s() > start_s + 1, HANG_S)
        span = f"start_time={utc(start_s)}&end_time={utc(start_s + 1)}"
        reply = read_reply(connect(sim, f"{SAMPLE10}&{span}"))
        assert 98 <= len(reply.ids) <= 101
        assert all(start_s <= at_s(one) <= start_s + 1.01 for one in reply.ids)
        assert set(reply.ids) <= set(sim.oracle.missed_ids(endpoint="sample10", partition=1))


def test_recovery_beside_a_live_stream_has_slots_and_scripts_of_its_own() -> None:
    scripts: list[dict[str, Any]] = [
        {"steps": [{"do": "send", "posts": 30, "rate_per_s": "max"}, {"do": "idle"}]},
        {"recovery": True, "steps": [{"do": "http", "status": 503}]},
        {"recovery": True, "steps": [{"do": "send", "posts": 7}, {"do": "cut"}]},
        {"recovery": True, "steps": [{"do": "idle"}]},
    ]
    path = f"{SAMPLE10}&start_time={utc(clock.now_s() - 60)}"
    with (
        Simulator(Scenario(connections=scripts, max_recoveries=1)) as sim,
        connect(sim, SAMPLE10) as live,
    ):
        assert live.recv(1)
        assert sim.wait_for(lambda: sim.oracle.sent_total == 30, HANG_S)
        assert call(sim, path)[0] == 503
        reply = read_reply(connect(sim, path))
        assert (reply.ids, reply.complete) == (sim.oracle.sent_ids(connection=1)[:7], False)
        with connect(sim, path) as third:
            assert third.recv(12) == b"HTTP/1.1 200"
            status, body, _ = call(sim, path)
            assert (status, body["connection_issue"]) == (429, "TooManyConnections")
        assert sim.oracle.connections[0].is_open


def test_a_cut_post_comes_with_the_recovery() -> None:
    steps = [{"do": "send", "posts": 3, "rate_per_s": "max"}, {"do": "cut_line"}]
    path = f"{SAMPLE10}&start_time={utc(clock.now_s() - 60)}"
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        read_reply(connect(sim, SAMPLE10))
        (cut_id,) = sim.oracle.connections[0].cut_ids
        assert sim.oracle.lost_ids() == {cut_id}
        assert read_reply(connect(sim, path)).ids[:4] == [
            *sim.oracle.sent_ids(connection=1),
            cut_id,
        ]
        assert cut_id not in sim.oracle.lost_ids()


def test_silence_counts_as_absence_if_the_stream_ends_with_it() -> None:
    steps = [{"do": "send", "posts": 1}, {"do": "silence", "seconds": 0.3}, {"do": "cut"}]
    with Simulator(Scenario(rate_per_s=RATE_PER_S, connections=[{"steps": steps}])) as sim:
        read_reply(connect(sim, SAMPLE10))
        read_posts(connect(sim, SAMPLE10), 1)
        assert len(sim.oracle.missed_ids()) >= 0.3 * RATE_PER_S * 0.9


def test_an_end_without_a_start_is_refused() -> None:
    with Simulator() as sim:
        status, body, _ = call(sim, f"{SAMPLE10}&end_time={utc(clock.now_s() - 60)}")
        assert (status, body["title"]) == (400, "Invalid Request")


def test_the_oracle_can_be_asked_for_what_nobody_came_back_for() -> None:
    steps = [{"do": "send", "posts": 1}, {"do": "cut"}]
    with Simulator(Scenario(rate_per_s=RATE_PER_S, connections=[{"steps": steps}])) as sim:
        read_reply(connect(sim, SAMPLE10))
        gone_s = clock.now_s()
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.1, HANG_S)
        sim.catch_up()
        before = len(sim.oracle.missed_ids())
        assert before >= 0.1 * RATE_PER_S - 1
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.2, HANG_S)
        read_posts(connect(sim, SAMPLE10), 1)
        ids = sim.oracle.missed_ids()
        assert len(set(ids)) == len(ids) > before
