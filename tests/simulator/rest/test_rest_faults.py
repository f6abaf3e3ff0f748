from __future__ import annotations

import http.client
from typing import Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import RULES, call
from twitter_stream_simulator import Scenario, ScenarioError, Simulator, clock

SEARCH = "/2/tweets/search/recent"
PAGE = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body>502 Bad Gateway</body></html>"
)


def test_the_nth_call_of_an_endpoint_gets_its_fault() -> None:
    faults: list[dict[str, Any]] = [
        {"endpoint": "search_recent", "call": 2, "do": "http", "problem": "overloaded"},
        {"endpoint": "search_recent", "call": 3, "do": "http", "status": 429,
         "rate_limit_reset_in_s": 60},
        {"endpoint": "counts_recent", "do": "http", "status": 500, "body": {"a": 1}},
    ]  # fmt: skip
    with Simulator(Scenario(rest_faults=faults)) as sim:
        answers = [call(sim, SEARCH, query="cat") for _ in range(4)]
        assert [status for status, _, _ in answers] == [200, 503, 429, 200]
        assert answers[1][1]["title"] == "Service Unavailable"
        headers = answers[2][2]
        assert headers["x-rate-limit-remaining"] == "0"
        assert 58 <= int(headers["x-rate-limit-reset"]) - clock.now_s() <= 60
        for _ in range(2):
            assert call(sim, "/2/tweets/counts/recent", query="cat")[:2] == (500, {"a": 1})
        assert [one["status"] for one in sim.oracle.requests] == [200, 503, 429, 200, 500, 500]
        assert sim.oracle.summary()["billed_counts"] == 0


def test_a_refused_call_does_not_count() -> None:
    faults = [{"endpoint": "rules_list", "call": 1, "do": "http", "status": 503}]
    with Simulator(Scenario(rest_faults=faults)) as sim:
        assert call(sim, RULES, token="wrong")[0] == 401
        assert call(sim, RULES, nonsense="1")[0] == 400
        assert [call(sim, RULES)[0] for _ in range(2)] == [503, 200]


def test_a_page_of_html_and_half_an_answer() -> None:
    faults: list[dict[str, Any]] = [
        {"endpoint": "usage", "call": 1, "do": "http", "problem": "bad-gateway-page"},
        {"endpoint": "usage", "call": 2, "do": "http", "status": 200, "body": '{"da',
         "headers": {"content-length": "9"}},
    ]  # fmt: skip
    with Simulator(Scenario(rest_faults=faults)) as sim:
        host = sim.url.removeprefix("http://")
        headers = {"Authorization": f"Bearer {sim.bearer_token}", "Connection": "close"}
        connection = http.client.HTTPConnection(host, timeout=HANG_S)
        connection.request("GET", "/2/usage/tweets", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 502
        assert answer.getheader("content-type") == "text/html; charset=utf-8"
        assert answer.read() == PAGE
        connection.close()
        connection.request("GET", "/2/usage/tweets", headers=headers)
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        connection.close()


@pytest.mark.parametrize("step", [{"do": "refuse"}, {"do": "no_answer", "seconds": 0.05}])
def test_a_call_may_get_no_answer(step: dict[str, Any]) -> None:
    with Simulator(Scenario(rest_faults=[{"endpoint": "usage", "call": 1, **step}])) as sim:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            call(sim, "/2/usage/tweets")
        assert call(sim, "/2/usage/tweets")[0] == 200


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"do": "refuse"}, "Unknown endpoint None"),
        ({"endpoint": "filtered", "do": "refuse"}, "Unknown endpoint 'filtered'"),
        ({"endpoint": "usage", "do": "send"}, "Step 'send' is for streams"),
        ({"endpoint": "usage", "do": "http"}, "needs a 'problem', or a 'status'"),
        ({"endpoint": "usage", "call": 0, "do": "refuse"}, "at least 1"),
    ],
)
def test_a_fault_that_does_not_fit_is_named(fault: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario(rest_faults=[fault])
    assert sentence in str(caught.value)
