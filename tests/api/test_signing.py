"""Requests of v1.1 as they go out: address, form and a signature worked out here by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from tap_twitter_stream.api.stream import OpenStream, open_stream
from tap_twitter_stream.receive.prepare import prepare
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import FakeClock, Reply, ScriptedServer

if TYPE_CHECKING:
    from tap_twitter_stream.receive.endpoint_loop import Target
    from tap_twitter_stream.receive.prepare import Prepared

USER = {
    "consumer_key": "KEYKEY",
    "consumer_secret": "CANARY+one/",
    "access_token": "42-TOKEN",
    "access_token_secret": "CANARY=two",
}
FILTER = {"track": ["small dog", "Ladies + Gentlemen", "猫"], "follow": ["12"]}


def prepared_for(**raw: Any) -> Prepared:  # noqa: ANN401 - settings of any kind
    settings = parse_settings({**USER, "statuses_filter": FILTER, **raw})
    return prepare(settings, FakeClock())[0]


def ask(prepared: Prepared, target: Target) -> None:
    with prepared.session(target) as session:
        answer = open_stream(session, target.request, 0, 0.0)
        assert isinstance(answer, OpenStream)
        answer.close()


def escaped(text: str) -> str:
    return quote(text, safe="-._~")


def signature_of(method: str, url: str, oauth: dict[str, str], params: list[Any]) -> str:
    """Return what RFC 5849 makes of a request, written down here once more."""
    pairs = [(name, value) for name, value in oauth.items() if name != "oauth_signature"]
    both = sorted((escaped(name), escaped(value)) for name, value in [*pairs, *params])
    joined = "&".join(f"{name}={value}" for name, value in both)
    base = "&".join(map(escaped, (method, url, joined)))
    key = f"{escaped(USER['consumer_secret'])}&{escaped(USER['access_token_secret'])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def test_each_attempt_is_signed_anew_form_and_query_included() -> None:
    with ScriptedServer(Reply()) as server:
        raw = {"endpoints": ["statuses_filter", "statuses_sample"], "api_url": server.url}
        prepared = prepared_for(**raw)
        by_form, by_query = prepared.targets
        by_query = replace(by_query, request=replace(by_query.request, params={"a": "b c"}))
        for target in (by_form, by_form, by_query):
            ask(prepared, target)
        nonces = set()
        for asked, headers, body in server.requests:
            method, path = asked.split(" ")
            path, _, query = path.partition("?")
            oauth = dict(re.findall(r'(oauth_\w+)="([^"]*)"', headers["authorization"]))
            oauth = {name: unquote(value) for name, value in oauth.items()}
            params = parse_qsl(body.decode()) + parse_qsl(query)
            assert oauth["oauth_token"] == USER["access_token"]
            assert oauth["oauth_signature"] == signature_of(
                method, server.url + path, oauth, params
            )
            nonces.add(oauth["oauth_nonce"])
            assert "CANARY" not in headers["authorization"]
        assert len(nonces) == 3
        assert [asked for asked, _, _ in server.requests] == [
            *["POST /1.1/statuses/filter.json"] * 2,
            "GET /1.1/statuses/sample.json?a=b+c",
        ]
        assert parse_qsl(server.requests[0][2].decode()) == [
            ("track", "small dog,Ladies + Gentlemen,猫"),
            ("follow", "12"),
        ]


def test_v1_1_has_its_own_host_stall_time_and_budget() -> None:
    prepared = prepared_for(endpoints=["statuses_filter", "sample"], bearer_token="AAAA")
    classic, younger = prepared.targets
    assert classic.request.url == "https://stream.twitter.com/1.1/statuses/filter.json"
    assert younger.request.url.startswith("https://api.x.com/2/")
    assert (classic.stall_timeout_s, younger.stall_timeout_s) == (90.0, 45.0)
    budget = prepared.budget(classic)
    assert [budget.spend_or_wait(float(one)) for one in range(5)] == [0.0] * 5
    assert budget.spend_or_wait(5.0) > 290.0


def test_settings_of_the_network_hold_for_v1_1_too() -> None:
    raw = {"stream_url": "https://mirror.example", "stall_timeout_seconds": 30}
    (target,) = prepared_for(endpoints=["statuses_filter"], **raw).targets
    assert target.request.url == "https://mirror.example/1.1/statuses/filter.json"
    assert target.stall_timeout_s == 30.0


def test_powerstream_takes_the_apps_token_and_its_own_spelling() -> None:
    raw = {"bearer_token": "AAAA", "backfill_minutes": 2}
    (target,) = prepared_for(endpoints=["powerstream"], **raw).targets
    assert target.request.url == "https://api.x.com/2/powerstream"
    assert target.asking(target.backfill_minutes).params == {"backfillMinutes": "2"}
