"""What a script can put in place of a stream, or in its head."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, Reply, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, ScenarioError, Simulator, clock
from twitter_stream_simulator.scenario.answers import PROBLEMS


def answered(**step: object) -> Reply:
    """Return the answer of one connect."""
    with Simulator(Scenario(connections=[{"steps": [step]}])) as sim:
        connection = connect(sim)
        if step["do"] == "http":
            connection.shutdown(1)
        return read_reply(connection)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_can_be_answered(problem: str) -> None:
    reply = answered(do="http", problem=problem)
    assert reply.status == PROBLEMS[problem].status
    assert int(reply.headers["content-length"]) == len(PROBLEMS[problem].body or b"")
    if "html" not in reply.headers["content-type"]:
        assert not reply.rest.startswith(b"<")


def test_three_meanings_of_429_differ_in_their_bodies() -> None:
    names = ("rate-limited", "too-many-connections", "usage-capped")
    bodies = [json.loads(PROBLEMS[name].body or b"") for name in names]
    assert [body["type"].rpartition("/")[2] for body in bodies] == [
        "about:blank".rpartition("/")[2],
        "streaming-connection",
        "usage-capped",
    ]


def test_what_a_step_names_wins_over_its_problem() -> None:
    reply = answered(do="http", problem="usage-capped", status=503, headers={"Retry-After": 9})
    assert (reply.status, reply.headers["retry-after"]) == (503, "9")


@pytest.mark.parametrize("in_s", [-60, 86400])
def test_the_end_of_a_rate_limit_can_lie_anywhere(in_s: int) -> None:
    reply = answered(do="http", status=429, rate_limit_reset_in_s=in_s)
    assert reply.headers["x-rate-limit-remaining"] == "0"
    assert abs(int(reply.headers["x-rate-limit-reset"]) - clock.now_s() - in_s) < 5


def test_headers_can_be_left_out() -> None:
    gone = ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "content-type"]
    reply = answered(do="http", status=429, headers=dict.fromkeys(gone))
    assert reply.headers.keys().isdisjoint(gone)


def test_a_redirect_and_an_empty_200() -> None:
    redirect = answered(do="http", status=302, headers={"location": "/elsewhere"})
    assert (redirect.status, redirect.headers["location"]) == (302, "/elsewhere")
    empty = answered(do="http", status=200, body="")
    assert (empty.status, empty.headers["content-length"]) == (200, "0")


def test_a_stream_can_open_without_its_usual_head() -> None:
    steps: list[dict[str, Any]] = [
        {"do": "open", "headers": {"content-type": None, "Server": "made up"}},
        {"do": "send", "posts": 1},
        {"do": "close"},
    ]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        reply = read_reply(connect(sim))
    assert "content-type" not in reply.headers
    assert reply.headers["server"] == "made up"
    assert len(reply.ids) == 1


def test_no_answer_is_silence_and_then_an_end() -> None:
    assert answered(do="no_answer", seconds=0.1).status == 0


def test_a_client_that_gives_up_on_no_answer_frees_its_slot() -> None:
    with Simulator(Scenario(connections=[{"steps": [{"do": "no_answer"}]}])) as sim:
        connect(sim).close()
        # Else the second one may be met first, and gets no answer.
        assert sim.wait_for(lambda: len(sim.oracle.requests) == 1, HANG_S)
        assert read_posts(connect(sim, SAMPLE), 1)
        assert [request["status"] for request in sim.oracle.requests] == [0, 200]


def test_half_open_notices_no_client_and_keeps_its_slot() -> None:
    steps = [{"do": "send", "posts": 1}, {"do": "half_open", "seconds": 0.6}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        read_posts(connect(sim), 1)
        connection = connect(sim)
        assert connection.recv(12) == b"HTTP/1.1 429"
        connection.close()
        assert sim.wait_for(lambda: sim.oracle.connections[0].ending == "half_open", HANG_S)


def test_the_simulator_ends_although_a_connection_is_half_open() -> None:
    with Simulator(Scenario(connections=[{"steps": [{"do": "half_open"}]}])) as sim:
        connection = connect(sim)
        assert sim.wait_for(lambda: bool(sim.oracle.connections), HANG_S)
    connection.close()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"do": "http"}], "needs a 'problem', or a 'status' from 200 to 599"),
        ([{"do": "http", "problem": "flood"}], "Unknown problem 'flood'"),
        ([{"do": "http", "status": 429, "headers": []}], "'headers' of step 'http'"),
        ([{"do": "no_answer"}, {"do": "close"}], "must be the only one"),
        ([{"do": "send"}, {"do": "open"}], "must be the first"),
        ([{"do": "bad_gzip", "how": "odd"}], "'how' must be one of corrupt, truncated, checksum"),
        ([{"do": "half_open"}, {"do": "close"}], "Step 1 ends the connection"),
    ],
)
def test_scripts_that_cannot_be_played_are_refused(
    steps: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        Scenario(connections=[{"steps": steps}])
