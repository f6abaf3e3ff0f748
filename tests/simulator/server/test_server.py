from __future__ import annotations

import json
import socket
import threading
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import (
    FILTERED,
    RULES,
    SAMPLE,
    call,
    connect,
    read_posts,
    read_reply,
)
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.generation.worlds import PAGE_POSTS
from twitter_stream_simulator.protocol.endpoints import ENDPOINTS

BRIEF: tuple[dict[str, Any], ...] = ({"steps": [{"do": "send", "posts": 1}, {"do": "close"}]},)


def test_wrong_token_is_refused_with_401() -> None:
    with Simulator() as sim:
        status, body, headers = call(sim, RULES, token="wrong")
        assert (status, body["title"], body["status"]) == (401, "Unauthorized", 401)
        assert "x-transaction-id" in headers


def test_filtered_stream_without_rules_is_refused_with_409() -> None:
    with Simulator() as sim:
        status, body, _ = call(sim, FILTERED)
        assert (status, body["connection_issue"]) == (409, "RuleConfigurationIssue")


def test_second_connection_is_refused_with_429() -> None:
    with Simulator() as sim, connect(sim) as first:
        assert first.recv(1)
        status, body, headers = call(sim, SAMPLE)
        assert (status, body["connection_issue"]) == (429, "TooManyConnections")
        assert headers["x-rate-limit-remaining"] == "48"


def test_slot_is_free_again_as_soon_as_the_client_has_closed() -> None:
    with Simulator(Scenario(rate_per_s=0.0)) as sim:
        for _ in range(5):
            with connect(sim) as connection:
                assert connection.recv(12) == b"HTTP/1.1 200"


def test_connects_beyond_the_limit_are_refused_until_reset() -> None:
    with Simulator(Scenario(connect_limit=2, connections=BRIEF, after="repeat_last")) as sim:
        for _ in range(2):
            assert read_reply(connect(sim)).status == 200
        status, body, headers = call(sim, SAMPLE)
        assert (status, body["type"]) == (429, "about:blank")
        assert headers["x-rate-limit-limit"] == "2"
        assert headers["x-rate-limit-remaining"] == "0"
        assert int(headers["x-rate-limit-reset"]) > 1_700_000_000


def test_connect_limit_can_be_switched_off() -> None:
    scenario = Scenario(connect_limit=None, connections=BRIEF, after="repeat_last")
    with Simulator(scenario) as sim:
        replies = [read_reply(connect(sim)) for _ in range(60)]
        assert {reply.status for reply in replies} == {200}
        assert "x-rate-limit-limit" not in replies[0].headers


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"tweet.fields": "id,shoe_size"}, "tweet.fields"),
        ({"expansions": "author"}, "expansions"),
        ({"colour": "red"}, "colour"),
        ({"backfill_minutes": "9"}, "backfill_minutes"),
        ({"start_time": "2026-01-01T00:00:00Z"}, "start_time"),
    ],
)
def test_parameter_that_x_does_not_know_is_refused_with_400(
    query: dict[str, str], name: str
) -> None:
    with Simulator() as sim:
        status, body, _ = call(sim, SAMPLE, **query)
        assert status == 400
        assert body["type"].endswith("/invalid-request")
        assert list(body["errors"][0]["parameters"]) == [name]


def test_unknown_path_is_404() -> None:
    with Simulator() as sim:
        assert call(sim, "/2/nothing")[0] == 404


def test_key_and_secret_buy_the_bearer_token() -> None:
    with Simulator(Scenario(consumer_key="k y", consumer_secret="s/t")) as sim:
        assert _token(sim, "k%20y:s%2Ft")["access_token"] == sim.bearer_token
        with pytest.raises(HTTPError, match="403"):
            _token(sim, "k%20y:wrong")


def _token(sim: Simulator, pair: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{sim.url}/oauth2/token",
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {b64encode(pair.encode()).decode()}"},
    )
    with urllib.request.urlopen(request, timeout=HANG_S) as answer:
        token: dict[str, Any] = json.load(answer)
        return token


def test_usage_counts_the_posts_delivered() -> None:
    with Simulator(Scenario(connections=BRIEF)) as sim:
        read_reply(connect(sim))
        _, body, _ = call(sim, "/2/usage/tweets", **{"usage.fields": "daily_project_usage"})
        assert body["data"]["project_usage"] == "1"
        assert [day["usage"] for day in body["data"]["daily_project_usage"]["usage"]] == ["1"]


def test_home_page_tells_a_person_what_this_is() -> None:
    with Simulator() as sim, urllib.request.urlopen(sim.url, timeout=HANG_S) as answer:
        page = answer.read().decode()
        assert "simulator" in page
        assert sim.url in page
        for row in ENDPOINTS:
            assert row.path in page


def test_oracle_page_shows_what_was_sent() -> None:
    with Simulator(Scenario(connections=BRIEF)) as sim:
        read_reply(connect(sim))
        _, body, _ = call(sim, "/simulator/oracle")
        assert (body["messages"], body["connects"], body["bill_usd"]) == (1, 1, 0.005)


def test_stop_page_asks_for_the_end() -> None:
    with Simulator() as sim:
        call(sim, "/simulator/stop", {})
        assert sim.wait_for(sim.stop_requested.is_set, HANG_S)


def test_closing_leaves_no_thread_and_ends_open_streams() -> None:
    before = set(threading.enumerate())
    with Simulator(Scenario(rate_per_s=0.0)) as sim:
        idle = connect(sim)
        assert idle.recv(12) == b"HTTP/1.1 200"
    assert set(threading.enumerate()) == before
    with idle, idle.makefile("rb") as rest:
        assert not rest.read().endswith(b"\r\n0\r\n\r\n")
    assert sim.oracle.connections[0].ending == "stop"


def test_closing_ends_a_send_that_the_client_does_not_read() -> None:
    with Simulator(Scenario(rate_per_s="max")) as sim:
        stuck = connect(sim)
        assert sim.wait_for(lambda: sim.oracle.sent_total > 1000, HANG_S)
    assert sim.oracle.connections[0].is_open is False
    stuck.close()


def test_only_loopback_is_served() -> None:
    with pytest.raises(ValueError, match="not a loopback address"):
        Simulator(host="0.0.0.0")  # noqa: S104 - that is what must fail


def test_rules_changed_on_an_open_stream_hold_at_once() -> None:
    scenario = Scenario(rate_per_s=200.0, rules=[{"value": "teapot", "tag": "old"}])
    with Simulator(scenario) as sim, connect(sim, FILTERED) as stream:
        assert sim.wait_for(lambda: sim.oracle.sent_total > 0, HANG_S)
        call(sim, RULES, {}, delete_all="true")
        sim.rules.add("harbour", "new")
        sent_before = sim.oracle.sent_total
        # What was on its way already is at most a page.
        posts = read_posts(stream, sent_before + PAGE_POSTS + 5)
        assert posts[0]["matching_rules"][0]["tag"] == "old"
        assert posts[-1]["matching_rules"][0]["tag"] == "new"
        assert "harbour" in posts[-1]["data"]["text"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0\xff\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_with_400(garbage: bytes) -> None:
    with Simulator() as sim:
        connection = socket.create_connection(("127.0.0.1", int(sim.url.rsplit(":", 1)[1])), 5)
        connection.sendall(garbage)
        assert read_reply(connection).status == 400
