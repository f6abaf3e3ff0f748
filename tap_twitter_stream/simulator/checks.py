"""What X refuses before it does anything: a request in, the answer to a bad parameter out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.simulator import problems
from tap_twitter_stream.simulator.fields import BadParameterError, Selection
from tap_twitter_stream.simulator.http import Answer, json_answer

if TYPE_CHECKING:
    from tap_twitter_stream.simulator.endpoints import Endpoint
    from tap_twitter_stream.simulator.http import Request

MAX_BACKFILL_MINUTES = 5


def bad_parameter(row: Endpoint, request: Request) -> Answer | None:
    """Return the refusal of the first parameter that the endpoint does not take."""
    unknown = sorted(set(request.query) - row.parameters) if row.bearer else []
    if unknown:
        name, value = unknown[0], request.query[unknown[0]]
        legal = ",".join(sorted(row.parameters))
        message = f"The query parameter [{name}] is not one of [{legal}]"
        return json_answer(400, problems.invalid_request(name, value, message))
    minutes = request.query.get("backfill_minutes", "0")
    if not minutes.isdecimal() or int(minutes) > MAX_BACKFILL_MINUTES:
        message = f"The `backfill_minutes` query parameter value [{minutes}] is not between 0 and 5"
        return json_answer(400, problems.invalid_request("backfill_minutes", minutes, message))
    try:
        Selection.from_query(request.query)
    except BadParameterError as error:
        return json_answer(400, problems.invalid_request(error.name, error.value, str(error)))
    return None
