"""Who may open a v1.1 stream: a request in, the refusal or the request without its form out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.classic_predicates import PredicateError, parse_predicates
from twitter_stream_simulator.protocol.http import REASONS, Answer
from twitter_stream_simulator.server.classic_oauth import SignatureCheck, form_parameters

if TYPE_CHECKING:
    from twitter_stream_simulator.protocol.endpoints import Endpoint
    from twitter_stream_simulator.protocol.http import Request
    from twitter_stream_simulator.scenario.scenario import Scenario
    from twitter_stream_simulator.sending.gate import Gate

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
# Unlike v2, nothing says when to come back.
CALM_DOWN = b"Easy there, Turbo. Too many requests recently. Enhance your calm."
_NO_COUNT = b"Parameter count is not available to this account"
_TEXTS = {
    406: b"No filter parameters found. Expect at least one parameter: follow track locations",
    413: b"Parameter track has 401 items, the limit is 400",
    416: _NO_COUNT,
    420: b"Exceeded connection limit for user",
}
_REASONS = {403: "Please use V2 filtered and sample volume stream as alternatives"}


class ClassicDoor:
    """Checks signatures, the number of connects, and what is asked for."""

    def __init__(self, scenario: Scenario, gate: Gate) -> None:
        self._gate = gate
        self._limit = scenario.connect_limit
        self._signatures = SignatureCheck(
            scenario.consumer_key,
            scenario.consumer_secret,
            scenario.access_token,
            scenario.access_token_secret,
        )

    def refusal(self, row: Endpoint, request: Request) -> Answer | None:
        """Return the refusal of a request, as text or as a page."""
        why = self._signatures.refusal(request)
        if why:
            return _page(401, why, request.path)
        if self._limit is not None and not self._gate.ask(row.name, self._limit).allowed:
            return _text(420, CALM_DOWN)
        asked = opened(row, request).query
        if "count" in asked:
            return _text(416, _NO_COUNT)
        try:
            if row.filters:
                parse_predicates(asked)
        except PredicateError as error:
            return _text(error.status, str(error).encode("utf-8", "replace"))
        return None


def opened(row: Endpoint, request: Request) -> Request:
    """Return the request with every parameter that v1.1 knows in its query; others are ignored."""
    asked = {**request.query, **dict(form_parameters(request))}
    return replace(request, query={k: v for k, v in asked.items() if k in row.parameters})


def usual_answer(status: int) -> Answer:
    """Return what v1.1 answers with a status: short texts about what is asked, else pages."""
    if status in _TEXTS:
        return _text(status, _TEXTS[status])
    return _page(status, _REASONS.get(status, REASONS.get(status, "")), "/1.1/statuses")


def _text(status: int, body: bytes) -> Answer:
    return Answer(status, body + b"\r\n", content_type=TEXT)


def _page(status: int, why: str, path: str) -> Answer:
    """Return an error as the page that v1.1 makes of it."""
    page = f"""<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
<title>Error {status} {why}</title>
</head>
<body>
<h2>HTTP ERROR: {status}</h2>
<p>Problem accessing '{path}'. Reason:
<pre>    {why}</pre>
</body>
</html>
"""
    return Answer(status, page.encode(), content_type=HTML)
