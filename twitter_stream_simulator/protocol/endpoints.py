"""The table of what the simulator serves: one row to an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from twitter_stream_simulator.protocol.fields import LEGAL_LIKE_VALUES, LEGAL_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

Holds: TypeAlias = Literal[
    "posts",
    "likes",
    "tweets_compliance",
    "users_compliance",
    "likes_compliance",
    "labels",
    "activities",
    "statuses",
]

FIELD_PARAMETERS = frozenset(LEGAL_VALUES)
# Names that X has for its endpoints here; activity and Powerstream are not among them.
CONNECTION_NAMES = {
    "filtered": "filtered_stream",
    "sample": "sample_stream",
    "sample10": "sample10_stream",
    "firehose": "firehose_stream",
    "firehose_lang_en": "firehose_stream_lang_en",
    "firehose_lang_ja": "firehose_stream_lang_ja",
    "firehose_lang_ko": "firehose_stream_lang_ko",
    "firehose_lang_pt": "firehose_stream_lang_pt",
    "tweets_compliance": "tweets_compliance_stream",
    "users_compliance": "users_compliance_stream",
    "likes_compliance": "likes_compliance_stream",
    "tweet_label": "tweet_label_stream",
    "likes_firehose": "likes_firehose_stream",
    "likes_sample10": "likes_sample10_stream",
}
ENDPOINT_IDS = frozenset(CONNECTION_NAMES.values())


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row.

    ``handler`` names a method of ``rest.Api``; a stream has none. ``limit`` is the number of
    requests that X allows in 15 minutes; a stream's limit is the scenario's ``connect_limit``.
    ``holds`` says of what a stream consists; one with ``partitions`` must be asked for one of them;
    ``lang`` is the only language of its posts; ``enterprise`` whether self-serve plans lack it;
    ``dialect`` decides how requests are signed, refused and parted from.
    """

    method: str
    path: str
    name: str
    parameters: frozenset[str] = frozenset()
    handler: str = ""
    limit: int | None = None
    bearer: bool = True
    needs_rules: bool = False
    holds: Holds = "posts"
    partitions: int = 0
    lang: str = ""
    enterprise: bool = False
    dialect: Literal["v2", "v1_1"] = "v2"

    @property
    def filters(self) -> bool:
        """Whether it wants to be told what to track."""
        return "track" in self.parameters

    @property
    def is_classic(self) -> bool:
        """Whether it wants a signature and speaks v1.1."""
        return self.dialect == "v1_1"

    @property
    def legal_values(self) -> Mapping[str, frozenset[str]]:
        """What its field parameters may name."""
        return LEGAL_LIKE_VALUES if self.holds == "likes" else LEGAL_VALUES

    @property
    def is_stream(self) -> bool:
        """Whether the answer never ends."""
        return not self.handler


_PLAIN = frozenset({"backfill_minutes", "start_time", "end_time"})
_STREAM = FIELD_PARAMETERS | {"backfill_minutes"}


def _posts(name: str, path: str, partitions: int, lang: str = "") -> Endpoint:
    parameters = FIELD_PARAMETERS | _PLAIN | {"partition"}
    return Endpoint(
        "GET", path, name, parameters, partitions=partitions, lang=lang, enterprise=True
    )


def _likes(name: str, path: str, partitions: int) -> Endpoint:
    parameters = frozenset(LEGAL_LIKE_VALUES) | _PLAIN | {"partition"}
    return Endpoint(
        "GET", path, name, parameters, holds="likes", partitions=partitions, enterprise=True
    )


def _events(name: str, path: str, holds: Holds, partitions: int = 0) -> Endpoint:
    parameters = _PLAIN | ({"partition"} if partitions else frozenset())
    enterprise = holds != "activities"
    return Endpoint(
        "GET", path, name, parameters, holds=holds, partitions=partitions, enterprise=enterprise
    )


# Paths, parameters and partitions: X's OpenAPI document.
_FIREHOSE = "/2/tweets/firehose/stream"
_VOLUME_STREAMS = (
    _posts("sample10", "/2/tweets/sample10/stream", 2),
    _posts("firehose", _FIREHOSE, 20),
    _posts("firehose_lang_en", f"{_FIREHOSE}/lang/en", 8, "en"),
    _posts("firehose_lang_ja", f"{_FIREHOSE}/lang/ja", 2, "ja"),
    _posts("firehose_lang_ko", f"{_FIREHOSE}/lang/ko", 2, "ko"),
    _posts("firehose_lang_pt", f"{_FIREHOSE}/lang/pt", 2, "pt"),
    _likes("likes_firehose", "/2/likes/firehose/stream", 20),
    _likes("likes_sample10", "/2/likes/sample10/stream", 2),
    _events("tweets_compliance", "/2/tweets/compliance/stream", "tweets_compliance", 4),
    _events("users_compliance", "/2/users/compliance/stream", "users_compliance", 4),
    _events("likes_compliance", "/2/likes/compliance/stream", "likes_compliance"),
    _events("tweet_label", "/2/tweets/label/stream", "labels"),
    _events("activity", "/2/activity/stream", "activities"),
)
# Parameters of v1.1: X's guide to its streaming requests. It ignored those that it did not know.
_CLASSIC = frozenset({"delimited", "stall_warnings", "language", "filter_level", "count"})
_CLASSIC_STREAMS = tuple(
    Endpoint(
        method,
        f"/1.1/statuses/{path}.json",
        f"statuses_{path}",
        _CLASSIC | {"track", "follow", "locations"} if path == "filter" else _CLASSIC,
        bearer=False,
        holds="statuses",
        dialect="v1_1",
    )
    for path, method in (
        ("filter", "POST"),
        ("filter", "GET"),
        ("sample", "GET"),
        ("sample", "POST"),
    )
)
_POWERSTREAM = Endpoint(
    "GET",
    "/2/powerstream",
    "powerstream",
    frozenset({"backfillMinutes", "startTime", "endTime", "localDcOnly"}),
    holds="statuses",
    needs_rules=True,
    enterprise=True,
)
_SEARCH = frozenset(
    {"query", "start_time", "end_time", "since_id", "until_id", "next_token", "pagination_token"}
)
FILTERED = Endpoint(
    "GET",
    "/2/tweets/search/stream",
    "filtered",
    _STREAM | {"start_time", "end_time"},
    needs_rules=True,
)
_RULES = "/2/tweets/search/stream/rules"
_CONNECTIONS = "/2/connections"
# Limits: rate limit table of X's documentation, pay-per-use column.
ENDPOINTS: tuple[Endpoint, ...] = (
    FILTERED,
    Endpoint("GET", "/2/tweets/sample/stream", "sample", _STREAM),
    *_VOLUME_STREAMS,
    *_CLASSIC_STREAMS,
    _POWERSTREAM,
    Endpoint(
        "GET",
        _RULES,
        "rules_list",
        frozenset({"ids", "max_results", "pagination_token"}),
        "list_rules",
        450,
    ),
    Endpoint(
        "POST", _RULES, "rules_change", frozenset({"dry_run", "delete_all"}), "change_rules", 100
    ),
    Endpoint(
        "GET",
        f"{_RULES}/counts",
        "rules_counts",
        frozenset({"rules_count.fields"}),
        "count_rules",
        450,
    ),
    Endpoint(
        "GET",
        "/2/tweets/search/recent",
        "search_recent",
        FIELD_PARAMETERS | _SEARCH | {"post.fields", "max_results", "sort_order"},
        "search",
        450,
    ),
    Endpoint(
        "GET",
        "/2/tweets/counts/recent",
        "counts_recent",
        _SEARCH | {"granularity", "search_count.fields"},
        "count",
        300,
    ),
    Endpoint("POST", "/oauth2/token", "token", handler="give_token", bearer=False),
    Endpoint(
        "GET", "/2/usage/tweets", "usage", frozenset({"days", "usage.fields"}), "usage_of_posts", 50
    ),
    Endpoint(
        "GET",
        _CONNECTIONS,
        "connections_list",
        frozenset({"status", "endpoints", "max_results", "pagination_token", "connection.fields"}),
        "list_connections",
    ),
    Endpoint("DELETE", _CONNECTIONS, "connections_end", handler="end_connections"),
    Endpoint("DELETE", f"{_CONNECTIONS}/all", "connections_end_all", handler="end_all", limit=25),
    *(
        Endpoint("DELETE", f"{_CONNECTIONS}/{name}", "connections_end_one", handler="end_endpoint")
        for name in sorted(ENDPOINT_IDS)
    ),
    Endpoint("GET", "/", "home", handler="describe", bearer=False),
    Endpoint("GET", "/simulator/oracle", "oracle", handler="show_oracle", bearer=False),
    Endpoint("POST", "/simulator/stop", "stop", handler="stop", bearer=False),
    Endpoint("GET", "/simulator/stop", "stop", handler="stop", bearer=False),
)
STREAM_NAMES = tuple(dict.fromkeys(row.name for row in ENDPOINTS if row.is_stream))


@dataclass(frozen=True, slots=True)
class Channel:
    """What has posts, slots and scripts of its own: an endpoint, or one partition of it."""

    endpoint: Endpoint
    partition: int | None = None

    @classmethod
    def of(cls, row: Endpoint, query: Mapping[str, str]) -> Channel:
        """Return the channel of a request whose parameters were checked."""
        return cls(row, int(query["partition"]) if row.partitions else None)

    @property
    def name(self) -> str:
        """A text that no other channel has."""
        suffix = "" if self.partition is None else f"/{self.partition}"
        return self.endpoint.name + suffix

    @property
    def share(self) -> int:
        """Which share of the made-up posts it delivers, from 0."""
        return (self.partition or 1) - 1


_PLAIN_NAMES = {
    "backfillMinutes": "backfill_minutes",
    "startTime": "start_time",
    "endTime": "end_time",
}


def plain_name(name: str) -> str:
    """Return the name that all other streams have for a parameter of Powerstream."""
    return _PLAIN_NAMES.get(name, name)


def find(method: str, path: str) -> Endpoint | None:
    """Return the row for a request."""
    return next((row for row in ENDPOINTS if (row.method, row.path) == (method, path)), None)
