from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.api.auth import fetch_bearer_token
from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.errors import ApiRefusedError
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import FakeClock, Reply, ScriptedServer
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = parse_settings({}, require_auth=False).network


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    scenario = Scenario(consumer_key="key with/odd+signs", consumer_secret="secret&:more")
    with Simulator(scenario) as running:
        yield running


def fetch(url: str, key: str, secret: str) -> str:
    with make_session(NETWORK) as session:
        return fetch_bearer_token(Caller(session, url, clock=FakeClock()), key, secret)


def test_key_and_secret_buy_the_token(simulator: Simulator) -> None:
    token = fetch(simulator.url, simulator.consumer_key, simulator.consumer_secret)
    assert token == simulator.bearer_token


def test_wrong_secret_is_one_sentence_without_it(simulator: Simulator) -> None:
    with pytest.raises(ApiRefusedError, match="copy both again") as caught:
        fetch(simulator.url, simulator.consumer_key, "CANARY-wrong")
    assert caught.value.status == 403
    assert "CANARY" not in str(caught.value)


def test_request_is_what_x_documents() -> None:
    body = {"token_type": "bearer", "access_token": "AAAA%2Fmade%3Dup"}
    with ScriptedServer(Reply(body=body)) as server:
        assert fetch(server.url, "xvz1", "L8qq") == "AAAA%2Fmade%3Dup"
    ((asked, headers, sent),) = server.requests
    assert asked == "POST /oauth2/token"
    assert headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert headers["authorization"] == "Basic eHZ6MTpMOHFx"
    assert sent == b"grant_type=client_credentials"


@pytest.mark.parametrize(
    "body", [{}, {"token_type": "mac", "access_token": "a"}, {"token_type": "bearer"}]
)
def test_answer_without_a_bearer_token_is_refused(body: dict[str, object]) -> None:
    with (
        ScriptedServer(Reply(body=body)) as server,
        pytest.raises(ApiRefusedError, match="no bearer token"),
    ):
        fetch(server.url, "k", "s")
