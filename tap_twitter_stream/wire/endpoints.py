"""The table of streaming endpoints: one row each. Source: X's OpenAPI document and its guides."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """Facts about one streaming endpoint.

    ``connects_per_window`` is X's limit of connection attempts per app in ``connect_window_s``.
    ``streams`` are the Singer streams that its messages can fill.
    """

    name: str
    path: str
    keep_alive_s: float
    connects_per_window: int
    connect_window_s: float
    field_params: tuple[str, ...]
    backfill: bool
    needs_rules: bool
    streams: tuple[str, ...]


_POST_FIELDS = (
    "tweet.fields",
    "user.fields",
    "media.fields",
    "place.fields",
    "poll.fields",
    "expansions",
)
_POST_STREAMS = ("tweets", "referenced_tweets", "users", "media", "places", "polls")

_SPECS = (
    EndpointSpec(
        name="filtered",
        path="/2/tweets/search/stream",
        keep_alive_s=20.0,
        connects_per_window=50,
        connect_window_s=900.0,
        field_params=_POST_FIELDS,
        backfill=True,
        needs_rules=True,
        streams=(*_POST_STREAMS, "tweet_rules", "rules"),
    ),
    EndpointSpec(
        name="sample",
        path="/2/tweets/sample/stream",
        keep_alive_s=20.0,
        connects_per_window=50,
        connect_window_s=900.0,
        field_params=_POST_FIELDS,
        backfill=True,
        needs_rules=False,
        streams=_POST_STREAMS,
    ),
)

ENDPOINTS = MappingProxyType({spec.name: spec for spec in _SPECS})

# Filled by any connection, whatever its endpoint.
COMMON_STREAMS = (
    "errors",
    "notices",
    "dead_letters",
    "raw_messages",
    "capture_connections",
    "capture_gaps",
    "capture_windows",
)
