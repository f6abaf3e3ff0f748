"""Try one connection, for ``--test``: no rule, spool, budget or record is written."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import requests

from tap_twitter_stream.api.stream import OpenStream, open_stream
from tap_twitter_stream.errors import CaptureFailedError
from tap_twitter_stream.policy.ending import HttpRefused, describe
from tap_twitter_stream.policy.remedies import remedy_for
from tap_twitter_stream.policy.ruleset import RulesPolicy
from tap_twitter_stream.receive.prepare import prepare

if TYPE_CHECKING:
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.policy.ending import Ending
    from tap_twitter_stream.settings.values import Settings

_PASSING = frozenset({408, 420, 425, 429})
_FAULT = 500


def probe(settings: Settings, clock: Clock) -> str:
    """Connect once to the first endpoint and hang up: X's 200 is the proof, a post is not needed.

    A 409 says that the app has no rules yet. When the first run is to add some, that too shows
    that the credentials work.

    Returns:
        What it showed, in one sentence.

    Raises:
        CaptureFailedError: X refused, or could not be reached.
        ApiError: X gives no token.
    """
    prepared, _ = prepare(settings, clock)
    target = prepared.targets[0]
    wake_handle, wake_end = os.pipe()
    try:
        with prepared.session(target) as session:
            answer = open_stream(session, target.request, wake_handle, clock.now_s())
            if isinstance(answer, OpenStream):
                with closing(answer):
                    return f"Connected to '{target.endpoint}': credentials and settings work."
    finally:
        os.close(wake_handle)
        os.close(wake_end)
    syncs = settings.rules.policy is RulesPolicy.SYNC and settings.rules.wanted
    if isinstance(answer, HttpRefused) and answer.status == requests.codes.conflict and syncs:
        return "X takes the credentials. The app has no rules yet; the first run adds yours."
    raise CaptureFailedError(describe(answer), _remedy(answer))


def _remedy(answer: Ending) -> str:
    if not isinstance(answer, HttpRefused):
        return "Check the network, `api_url`, `stream_url` and `proxy`."
    if answer.slug != "usage-capped" and (answer.status in _PASSING or answer.status >= _FAULT):
        return "Try again later. If another program uses this app, that may hold its connection."
    return remedy_for(answer)
