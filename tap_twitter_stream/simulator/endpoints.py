"""The table of what the simulator serves: one row to an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

FIELD_PARAMETERS = frozenset(
    {"tweet.fields", "user.fields", "media.fields", "place.fields", "poll.fields", "expansions"}
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row.

    ``handler`` names a method of ``rest.Api``; a stream has none. ``limit`` is the number of
    requests that X allows in 15 minutes; a stream's limit is the scenario's ``connect_limit``.
    """

    method: str
    path: str
    name: str
    parameters: frozenset[str] = frozenset()
    handler: str = ""
    limit: int | None = None
    bearer: bool = True
    needs_rules: bool = False

    @property
    def is_stream(self) -> bool:
        """Whether the answer never ends."""
        return not self.handler


_STREAM = FIELD_PARAMETERS | {"backfill_minutes"}
_RULES = "/2/tweets/search/stream/rules"
# Limits: rate limit table of X's documentation, pay-per-use column.
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/2/tweets/search/stream",
        "filtered",
        _STREAM | {"start_time", "end_time"},
        needs_rules=True,
    ),
    Endpoint("GET", "/2/tweets/sample/stream", "sample", _STREAM),
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
    Endpoint("POST", "/oauth2/token", "token", handler="give_token", bearer=False),
    Endpoint(
        "GET", "/2/usage/tweets", "usage", frozenset({"days", "usage.fields"}), "usage_of_posts", 50
    ),
    Endpoint("GET", "/", "home", handler="describe", bearer=False),
    Endpoint("GET", "/simulator/oracle", "oracle", handler="show_oracle", bearer=False),
    Endpoint("POST", "/simulator/stop", "stop", handler="stop", bearer=False),
    Endpoint("GET", "/simulator/stop", "stop", handler="stop", bearer=False),
)
STREAM_NAMES = tuple(endpoint.name for endpoint in ENDPOINTS if endpoint.is_stream)


def find(method: str, path: str) -> Endpoint | None:
    """Return the row for a request."""
    return next((row for row in ENDPOINTS if (row.method, row.path) == (method, path)), None)
