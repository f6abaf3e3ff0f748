"""The table of streaming endpoints: one row each. Source: X's OpenAPI document and its guides."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Holds: TypeAlias = Literal["posts", "statuses", "likes", "compliance", "labels", "activities"]
Access: TypeAlias = Literal["self-serve", "enterprise"]

_POST_FIELDS = (
    "tweet.fields",
    "user.fields",
    "media.fields",
    "place.fields",
    "poll.fields",
    "expansions",
)
_POST_STREAMS = ("tweets", "referenced_tweets", "users", "media", "places", "polls")
_STATUS_STREAMS = ("statuses", "compliance_events", "activities")
_LIKE_FIELDS = ("tweet.fields", "user.fields", "media.fields")
_LIKE_STREAMS = ("likes", "referenced_tweets", "users", "media")
# The names that the likes streams have for themselves; `expansions` has another list there.
_LIKE_PARAMS = (
    (
        "like_with_tweet_author.fields",
        "created_at,id,liked_tweet_author_id,liked_tweet_id,timestamp_ms",
    ),
    ("expansions", "attachments.media_keys,liked_tweet_author_id,liked_tweet_id"),
)


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """Facts about one streaming endpoint.

    ``connects_per_window`` is X's limit of connection attempts per app in ``connect_window_s``.
    ``partitions_total`` is 0 where there are none; else a connection takes one, counted from 1.
    ``field_params`` come from the settings, ``fixed_params`` are always the same.
    ``streams`` are the Singer streams that its messages can fill.
    ``recovery`` says whether a past interval can be asked for with start_time and end_time.
    ``signed`` requests carry an OAuth 1.0a signature of a user instead of the app's bearer token.
    ``is_live`` is False for what is no stream of X: no time is captured there, nothing is billed.
    ``home`` is where the endpoint is when neither `api_url` nor `stream_url` is set.
    """

    name: str
    path: str
    holds: Holds = "posts"
    access: Access = "enterprise"
    partitions_total: int = 0
    keep_alive_s: float = 20.0
    connects_per_window: int = 50
    connect_window_s: float = 900.0
    field_params: tuple[str, ...] = ()
    fixed_params: tuple[tuple[str, str], ...] = ()
    backfill: bool = True
    recovery: bool = True
    needs_rules: bool = False
    streams: tuple[str, ...] = ()
    method: Literal["GET", "POST"] = "GET"
    signed: bool = False
    home: str = ""
    stall_s: float = 45.0
    backfill_param: str = "backfill_minutes"
    recovery_params: tuple[str, str] = ("start_time", "end_time")
    is_live: bool = True

    @property
    def partitions(self) -> tuple[int, ...]:
        """Return every partition, or none."""
        return tuple(range(1, self.partitions_total + 1))

    @property
    def drops_oldest(self) -> bool:
        """Whether X ends the oldest connection for one too many, as its page on v1.1 says."""
        return self.signed

    @property
    def connections_id(self) -> str:
        """Return X's name for it in ``/2/connections``; empty where that lists none."""
        if self.signed or self.name in {"activity", "powerstream", "archive"}:
            return ""
        firehose, _, lang = self.name.partition("_lang_")
        return f"{firehose}_stream_lang_{lang}" if lang else f"{self.name}_stream"


def _posts(name: str, path: str, partitions_total: int) -> EndpointSpec:
    return EndpointSpec(
        name=name,
        path=path,
        partitions_total=partitions_total,
        field_params=_POST_FIELDS,
        streams=_POST_STREAMS,
    )


def _classic(name: str, method: Literal["GET", "POST"]) -> EndpointSpec:
    """Return an endpoint of v1.1. A user may connect 5 times in 5 minutes, X's pages hint."""
    return EndpointSpec(
        name=name,
        path=f"/1.1/{name.replace('_', '/')}.json",
        holds="statuses",
        access="self-serve",
        keep_alive_s=30.0,
        connects_per_window=5,
        connect_window_s=300.0,
        backfill=False,
        recovery=False,
        streams=_STATUS_STREAMS,
        method=method,
        signed=True,
        home="https://stream.twitter.com",
        stall_s=90.0,  # three keep-alives, as X's page on v1.1 asks
    )


def _likes(name: str, path: str, partitions_total: int) -> EndpointSpec:
    return EndpointSpec(
        name=name,
        path=path,
        holds="likes",
        partitions_total=partitions_total,
        field_params=_LIKE_FIELDS,
        fixed_params=_LIKE_PARAMS,
        streams=_LIKE_STREAMS,
    )


def _compliance(name: str, path: str, partitions_total: int = 0) -> EndpointSpec:
    return EndpointSpec(
        name=name,
        path=path,
        holds="compliance",
        partitions_total=partitions_total,
        streams=("compliance_events",),
    )


_SPECS = (
    EndpointSpec(
        name="filtered",
        path="/2/tweets/search/stream",
        access="self-serve",
        field_params=_POST_FIELDS,
        needs_rules=True,
        streams=(*_POST_STREAMS, "tweet_rules", "rules"),
    ),
    EndpointSpec(
        name="sample",
        path="/2/tweets/sample/stream",
        access="self-serve",
        field_params=_POST_FIELDS,
        recovery=False,
        streams=_POST_STREAMS,
    ),
    # X's pages differ, 50 or 100 connects: the smaller figure is the safe one.
    _posts("sample10", "/2/tweets/sample10/stream", 2),
    _posts("firehose", "/2/tweets/firehose/stream", 20),
    _posts("firehose_lang_en", "/2/tweets/firehose/stream/lang/en", 8),
    _posts("firehose_lang_ja", "/2/tweets/firehose/stream/lang/ja", 2),
    _posts("firehose_lang_ko", "/2/tweets/firehose/stream/lang/ko", 2),
    _posts("firehose_lang_pt", "/2/tweets/firehose/stream/lang/pt", 2),
    _likes("likes_firehose", "/2/likes/firehose/stream", 20),
    _likes("likes_sample10", "/2/likes/sample10/stream", 2),
    # X publishes no figure for compliance and labels: that of the other streams is taken.
    _compliance("tweets_compliance", "/2/tweets/compliance/stream", 4),
    _compliance("users_compliance", "/2/users/compliance/stream", 4),
    _compliance("likes_compliance", "/2/likes/compliance/stream"),
    EndpointSpec(
        name="tweet_label",
        path="/2/tweets/label/stream",
        holds="labels",
        streams=("tweet_labels",),
    ),
    EndpointSpec(
        name="activity",
        path="/2/activity/stream",
        holds="activities",
        access="self-serve",
        connects_per_window=450,
        streams=("activities", "referenced_tweets", "users", "media", "places", "polls"),
    ),
    # X sets no limit to its connects: the common one keeps a loop of refusals slow all the same.
    EndpointSpec(
        name="powerstream",
        path="/2/powerstream",
        holds="statuses",
        streams=_STATUS_STREAMS,
        backfill_param="backfillMinutes",
        recovery_params=("startTime", "endTime"),
    ),
    _classic("statuses_filter", "POST"),
    _classic("statuses_sample", "GET"),
    EndpointSpec(
        name="archive",
        path="",
        access="self-serve",
        backfill=False,
        recovery=False,
        streams=(
            *_POST_STREAMS,
            *("tweet_rules", "statuses", "compliance_events", "tweet_labels", "likes"),
            "activities",
        ),
        is_live=False,
    ),
)

ENDPOINTS = MappingProxyType({spec.name: spec for spec in _SPECS})

ARCHIVE = "archive"
"""The one endpoint that is no stream of X: files that `archive_paths` names."""

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
