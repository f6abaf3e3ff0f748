from __future__ import annotations

import pytest

from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.errors import ApiRefusedError, ApiUnavailableError, StopRequestedError
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import START_S, Dice, FakeClock, Reply, ScriptedServer

NETWORK = parse_settings({}, require_auth=False).network
FINE = Reply(body={"data": []})


def ask(server: ScriptedServer, clock: FakeClock, max_retries: int = 3) -> dict[str, object]:
    with make_session(NETWORK, "CANARY-token") as session:
        caller = Caller(session, server.url, clock=clock, max_retries=max_retries, chance=Dice())
        return caller.json("GET", "/2/x")


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (Reply(503), [5.0, 10.0]),
        (Reply(429), [60.0, 120.0]),
        (Reply(500, b"<html>oops</html>"), [5.0, 10.0]),
        (Reply(200, b"<html>log in to the hotel</html>"), [0.0, 1.0]),
        (Reply(200, b"[]"), [0.0, 1.0]),
        (Reply(0), [5.0, 10.0]),
    ],
)
def test_what_may_pass_is_asked_again(reply: Reply, waits: list[float]) -> None:
    clock = FakeClock()
    with ScriptedServer(reply, reply, FINE) as server:
        assert ask(server, clock) == {"data": []}
    assert clock.waits == waits


def test_reset_header_is_obeyed() -> None:
    clock = FakeClock()
    headers = (
        ("x-rate-limit-remaining", "0"),
        ("x-rate-limit-reset", str(int(START_S + 300))),
    )
    with ScriptedServer(Reply(429, headers=headers), FINE) as server:
        ask(server, clock)
    assert clock.waits == [300.0]


def test_tries_are_bounded() -> None:
    clock = FakeClock()
    with ScriptedServer(Reply(503)) as server:
        with pytest.raises(ApiUnavailableError, match="Try again later") as caught:
            ask(server, clock, max_retries=2)
        assert len(server.requests) == 3
    assert caught.value.status == 503
    assert clock.waits == [5.0, 10.0]


def test_nobody_listening_is_unavailable() -> None:
    with ScriptedServer(FINE) as server:
        pass
    with pytest.raises(ApiUnavailableError) as caught:
        ask(server, FakeClock())
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"title": "Unauthorized", "detail": "Unauthorized"}, "credentials"),
        (402, {}, "credits"),
        (403, b"<html>Forbidden</html>", "plan"),
        (404, b"", "api_url"),
        (302, b"", "final address"),
        (429, {"title": "UsageCapExceeded"}, "limit"),
    ],
)
def test_refusal_is_told_at_once_with_a_remedy(
    status: int, body: dict[str, object] | bytes, words: str
) -> None:
    clock = FakeClock()
    with (
        ScriptedServer(Reply(status, body)) as server,
        pytest.raises(ApiRefusedError, match=words) as caught,
    ):
        ask(server, clock)
    assert caught.value.status == status
    assert clock.waits == []
    assert "CANARY" not in str(caught.value)


def test_stop_ends_the_wait() -> None:
    clock = FakeClock(stop_after_waits=1)
    with ScriptedServer(Reply(503)) as server, pytest.raises(StopRequestedError):
        ask(server, clock)
    assert len(server.requests) == 1
