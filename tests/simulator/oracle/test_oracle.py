from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import FILTERED, call, connect, read_reply
from twitter_stream_simulator import Scenario, Simulator, read_oracle

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS = [
    {"steps": [{"do": "send", "posts": 3}, {"do": "cut_line"}]},
    {
        "steps": [
            {"do": "bad_line"},
            {"do": "send", "posts": 2},
            {"do": "duplicate"},
            {"do": "close"},
        ]
    },
]


def test_file_tells_the_same_as_memory(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    scenario = Scenario(rate_per_s="max", connections=CONNECTIONS, record_messages=True)
    with Simulator(scenario, oracle_path=path) as sim:
        read_reply(connect(sim))
        read_reply(connect(sim))
    oracle = read_oracle(path)
    assert oracle.ids == {n: sim.oracle.sent_ids(connection=n) for n in (1, 2)}
    assert oracle.all_ids() == sim.oracle.sent_ids()
    assert oracle.endpoints == {1: "sample", 2: "sample"}
    assert oracle.cut_ids == sim.oracle.connections[0].cut_ids
    assert [entry["ending"] for entry in oracle.of_kind("closed")] == ["cut_line_fin", "close"]
    assert len(oracle.of_kind("bad_line")) == 1
    assert {e["id"]: e["line"].encode() for e in oracle.of_kind("message")} == sim.oracle.messages
    (summary,) = oracle.of_kind("summary")
    assert (summary["messages"], summary["billed_posts"], summary["bill_usd"]) == (6, 5, 0.025)


def test_torn_last_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    path.write_text('{"kind":"request"}\n{"kind":"sent","conn', encoding="utf-8")
    assert len(read_oracle(path).entries) == 1


def test_file_is_up_to_date_within_a_second_while_posts_flow(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    with Simulator(Scenario(rate_per_s=100.0), oracle_path=path) as sim, connect(sim):
        assert sim.wait_for(lambda: bool(read_oracle(path).all_ids()), HANG_S)


def test_requests_are_noted_without_secrets() -> None:
    with Simulator() as sim:
        call(sim, FILTERED, access_token="top-secret", expansions="author_id")
        (request,) = sim.oracle.requests
    assert request["query"] == {"access_token": "…", "expansions": "author_id"}
    assert (request["path"], request["status"]) == (FILTERED, 400)
    assert "top-secret" not in json.dumps(request)


def test_client_that_leaves_is_noted_with_whole_messages_only() -> None:
    with Simulator(Scenario(rate_per_s="max")) as sim:
        connection = connect(sim)
        assert sim.wait_for(lambda: sim.oracle.sent_total > 500, HANG_S)
        connection.close()
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
    (seen,) = sim.oracle.connections
    assert seen.ending == "client"
    assert seen.messages == len(sim.oracle.sent_ids())
    assert not set(seen.cut_ids) & set(sim.oracle.sent_ids())


def test_waiting_for_what_does_not_happen_ends_in_time() -> None:
    with Simulator() as sim:
        assert sim.wait_for(lambda: False, 0.05) is False


@pytest.mark.parametrize("endpoint", ["sample", "filtered"])
def test_ids_can_be_asked_for_by_endpoint(endpoint: str) -> None:
    connections = [{"steps": [{"do": "send", "posts": 2}, {"do": "close"}]}]
    scenario = Scenario(connections=connections, rules=[{"value": "fog"}], rate_per_s="max")
    with Simulator(scenario) as sim:
        replies = {
            "sample": read_reply(connect(sim)),
            "filtered": read_reply(connect(sim, FILTERED)),
        }
        assert sim.oracle.sent_ids(endpoint=endpoint) == replies[endpoint].ids
