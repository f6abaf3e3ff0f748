"""Requests for v1.1 streams are refused unless their signature is right, recent and new."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.simulator.classic import FILTER, SAMPLE, send, signed
from tests.simulator.reader import read_reply
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.protocol.http import Request
from twitter_stream_simulator.server.classic_oauth import SignatureCheck, base_string

SCENARIO = Scenario(connections=[{"steps": [{"do": "close"}]}] * 20)
FORM = {"track": "été, paper moon & tea+toast", "follow": "1,2", "locations": "-1.5,2,3,4"}


def status_of(sim: Simulator, wire: bytes) -> tuple[int, bytes]:
    reply = read_reply(send(sim, wire))
    return reply.status, reply.body or reply.rest


def test_the_example_of_the_specification_gives_its_base_string() -> None:
    # RFC 5849, section 3.4.1.1, without the repeated parameter a request here cannot have.
    request = Request(
        "POST",
        "/request",
        dict(parse_qsl("b5=%3D%253D&a3=a&c%40=&a2=r%20b", keep_blank_values=True)),
        {"host": "EXAMPLE.COM:80", "content-type": "application/x-www-form-urlencoded"},
        b"c2",
    )
    given = {"oauth_consumer_key": "9djdj82h48djs9d2", "oauth_signature": "not signed"}
    assert base_string(request, given, "http") == (
        b"POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3Da%26b5%3D%253D%25253D"
        b"%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2"
    )


def test_parameters_of_form_and_query_belong_to_the_signature() -> None:
    with Simulator(SCENARIO) as sim:
        query = {"delimited": "length", "stall_warnings": "true"}
        wire = signed(sim, FILTER, FORM, query=query)
        assert status_of(sim, wire)[0] == 200
        assert status_of(sim, signed(sim, SAMPLE, query={"language": "pt,en"}))[0] == 200
        changed = signed(sim, FILTER, {"track": "cat"}).replace(b"track=cat", b"track=dog")
        status, body = status_of(sim, changed)
        assert status == 401
        assert body.startswith(b"<html>")
        assert b"Could not authenticate you" in body
        changed = signed(sim, SAMPLE, query={"language": "pt"}).replace(
            b"language=pt", b"language=de"
        )
        assert status_of(sim, changed)[0] == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"client_key": "other"},
        {"client_secret": "other"},
        {"resource_owner_key": "other"},
        {"resource_owner_secret": "other"},
        {"signature_method": "PLAINTEXT"},
    ],
)
def test_wrong_keys_are_unauthorized(changes: dict[str, Any]) -> None:
    with Simulator(SCENARIO) as sim:
        assert status_of(sim, signed(sim, **changes))[0] == 401
        assert not sim.oracle.connections


def test_a_bearer_token_opens_no_v11_stream_and_a_signature_no_v2_one() -> None:
    with Simulator(SCENARIO) as sim:
        wire = f"GET {SAMPLE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        wire += f"Authorization: Bearer {sim.bearer_token}\r\n\r\n"
        reply = read_reply(send(sim, wire.encode()))
        assert reply.status == 401
        assert reply.headers["content-type"].startswith("text/html")
        assert status_of(sim, signed(sim, "/2/tweets/sample/stream"))[0] == 401


def test_a_nonce_serves_once() -> None:
    with Simulator(SCENARIO) as sim:
        wire = signed(sim)
        assert status_of(sim, wire)[0] == 200
        status, body = status_of(sim, wire)
        assert status == 401
        assert b"Nonce was used before" in body


@pytest.mark.parametrize("off_s", [-400, 400])
def test_a_clock_that_is_wrong_is_named(off_s: int) -> None:
    with Simulator(SCENARIO) as sim:
        status, body = status_of(sim, signed(sim, timestamp=str(int(time.time()) + off_s)))
        assert status == 401
        assert b"Timestamp out of bounds" in body


def test_a_signature_made_for_https_holds_behind_a_tls_front() -> None:
    with Simulator(SCENARIO) as sim:
        secure = sim.url.replace("http://", "https://")
        wire = signed(sim, url=secure)
        assert urlsplit(secure).netloc.encode() in wire
        assert status_of(sim, wire)[0] == 200


def test_no_secret_is_noted() -> None:
    with Simulator(SCENARIO) as sim:
        status_of(sim, signed(sim, FILTER, FORM))
        assert sim.oracle.requests[0]["query"] == FORM
        assert "oauth" not in str(sim.oracle.requests)
        assert "SECRET" not in repr(SignatureCheck("a", "SECRET-1", "b", "SECRET-2"))
