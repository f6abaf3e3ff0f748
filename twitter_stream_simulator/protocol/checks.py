"""What X refuses before it does anything: a request in, the answer to a bad parameter out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.protocol import problems
from twitter_stream_simulator.protocol.endpoints import plain_name
from twitter_stream_simulator.protocol.fields import BadParameterError, Selection
from twitter_stream_simulator.protocol.http import Answer, json_answer
from twitter_stream_simulator.protocol.naming import to_tweet_parameters

if TYPE_CHECKING:
    from twitter_stream_simulator.protocol.endpoints import Endpoint
    from twitter_stream_simulator.protocol.http import Request

MAX_BACKFILL_MINUTES = 5
_ENTERPRISE_PARAMETERS = frozenset({"backfill_minutes", "start_time", "end_time"})
# X keeps posts for that long for clients that missed some.
RECOVERABLE = timedelta(hours=24)


def not_in_plan(row: Endpoint, request: Request) -> Answer | None:
    """Return the refusal of what self-serve plans do not have.

    The one of an endpoint is recorded; the one of a parameter is a guess.
    """
    if row.enterprise:
        return json_answer(403, problems.usual(403))
    for name in sorted(_ENTERPRISE_PARAMETERS & set(request.query)) if row.is_stream else ():
        if request.query[name] != "0":
            message = f"The query parameter [{name}] is not available to your access level"
            return json_answer(400, problems.invalid_request(name, request.query[name], message))
    return None


def with_plain_names(request: Request) -> Request:
    """Return a request whose parameters have the same names on every stream."""
    query = {plain_name(name): value for name, value in request.query.items()}
    return replace(request, query=query)


def bad_parameter(row: Endpoint, request: Request) -> Answer | None:
    """Return the refusal of the first parameter that the endpoint does not take."""
    unknown = sorted(set(request.query) - row.parameters) if row.bearer else []
    if unknown:
        name, value = unknown[0], request.query[unknown[0]]
        legal = ",".join(sorted(row.parameters))
        message = f"The query parameter [{name}] is not one of [{legal}]"
        return json_answer(400, problems.invalid_request(name, value, message))
    request = with_plain_names(request)
    if "post.fields" in row.parameters:
        request = replace(request, query=to_tweet_parameters(request.query))
    if row.partitions and not request.query.get("partition"):
        message = "The `partition` query parameter can not be empty"
        return json_answer(400, problems.invalid_request("partition", None, message))
    try:
        _check_whole(request, "backfill_minutes", 0, MAX_BACKFILL_MINUTES)
        _check_whole(request, "partition", 1, row.partitions)
        if row.is_stream:
            _check_interval(request)
        Selection.from_query(request.query, row.legal_values)
    except BadParameterError as error:
        return json_answer(400, problems.invalid_request(error.name, error.value, str(error)))
    return None


def _check_whole(request: Request, name: str, least: int, most: int) -> None:
    """Check a whole number, if it is there."""
    text = request.query.get(name)
    if text is None or (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        return
    message = f"The `{name}` query parameter value [{text}] is not between {least} and {most}"
    raise BadParameterError(name, text, message)


def _check_interval(request: Request) -> None:
    """Check the interval that a recovery asks for."""
    now = datetime.fromtimestamp(clock.now_s(), timezone.utc)
    start, end = (_instant(request, name, now) for name in ("start_time", "end_time"))
    if end and not start:
        name, text = "end_time", request.query["end_time"]
        raise BadParameterError(name, text, "`end_time` must be given together with `start_time`")
    if start and end and start >= end:
        name, text = "start_time", request.query["start_time"]
        raise BadParameterError(name, text, "Invalid `start_time`: it must be before `end_time`")


def _instant(request: Request, name: str, now: datetime) -> datetime | None:
    """Return an instant of the last 24 hours, if one is given."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        message = (
            f"The `{name}` query parameter value [{text}] is not of the form YYYY-MM-DDTHH:mm:ssZ"
        )
        raise BadParameterError(name, text, message) from None
    if not now - RECOVERABLE <= at <= now:
        message = f"The `{name}` query parameter value [{text}] is not within the last 24 hours"
        raise BadParameterError(name, text, message)
    return at
