"""Signed requests for tests of v1.1 streams, with a signer that is not the simulator's own."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests_oauthlib import OAuth1

from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twitter_stream_simulator import Simulator

FILTER = "/1.1/statuses/filter.json"
SAMPLE = "/1.1/statuses/sample.json"


def signer(sim: Simulator, **changes: Any) -> OAuth1:  # noqa: ANN401 - as oauthlib has them
    keys = {
        "client_key": sim.consumer_key,
        "client_secret": sim.consumer_secret,
        "resource_owner_key": sim.access_token,
        "resource_owner_secret": sim.access_token_secret,
    }
    return OAuth1(**{**keys, **changes})


def signed(
    sim: Simulator,
    path: str = SAMPLE,
    form: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    url: str = "",
    **changes: Any,  # noqa: ANN401 - as oauthlib has them
) -> bytes:
    """Return a whole signed request; with a form it is a POST."""
    method = "GET" if form is None else "POST"
    request = requests.Request(method, (url or sim.url) + path, data=form, params=query)
    ready = request.prepare()
    ready.prepare_auth(signer(sim, **changes))
    assert ready.url
    parts = urlsplit(ready.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "Connection": "close", **ready.headers}
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        lines.append(f"{name}: {_text(value)}")
    body = _text(ready.body or "").encode()
    return "\r\n".join([*lines, "", ""]).encode() + body


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def send(sim: Simulator, wire: bytes) -> socket.socket:
    """Send a request and return its socket."""
    address = urlsplit(sim.url)
    connection = socket.create_connection((str(address.hostname), address.port or 0), HANG_S)
    connection.sendall(wire)
    return connection


def statuses(lines: list[bytes]) -> list[dict[str, Any]]:
    """Return the statuses among lines."""
    decoded = [json.loads(line) for line in lines if line.startswith(b"{")]
    return [message for message in decoded if "user" in message]
