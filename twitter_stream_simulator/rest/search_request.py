"""What a request of recent search asks for: query parameters in, checked bounds and paging out.

https://docs.x.com/x-api/posts/search/introduction
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.protocol.fields import BadParameterError
from twitter_stream_simulator.rest.archive import Wanted, first_id
from twitter_stream_simulator.rules.language import parse_rule
from twitter_stream_simulator.rules.operators import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twitter_stream_simulator.scenario.search_options import SearchOptions

SEARCHABLE_S = 7 * 24 * 3600.0
MAX_QUERY_CHARS = {"self_serve": 512, "enterprise": 4096}
LEAST_RESULTS, MOST_RESULTS = 10, 100
PAGING = ("next_token", "pagination_token")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A checked request; ``before_id`` of ``wanted`` is where its page begins."""

    wanted: Wanted
    max_results: int
    token_seed: int

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], options: SearchOptions, access: str
    ) -> SearchRequest:
        """Read the parameters that are not fields.

        Raises:
            BadParameterError: X would answer 400.
        """
        now_s = clock.now_s()
        for pair in (("start_time", "since_id"), ("end_time", "until_id"), PAGING):
            _refuse_both(query, *pair)
        seed = zlib.crc32("\n".join(f"{k}={v}" for k, v in _lasting(query)).encode())
        before_id = _before_id(query, options, now_s)
        is_later_page = any(name in query for name in PAGING)
        if is_later_page:
            before_id = min(before_id, _read_token(query, seed))
        wanted = Wanted(
            _checked_query(query, access),
            _after_id(query, now_s),
            before_id,
            as_x=options.matching == "as_x",
        )
        if wanted.after_id >= wanted.before_id and not is_later_page:
            message = "Invalid bounds: the oldest must be before the newest"
            raise bad_parameter(query, "start_time", message)
        return cls(wanted, _max_results(query), seed)

    def next_token(self, last_id: int) -> str:
        """Return the token of the page that follows after an id."""
        text = last_id.to_bytes(8, "big") + self.token_seed.to_bytes(4, "big")
        return base64.b32hexencode(text).decode().lower().rstrip("=")


def bad_parameter(query: Mapping[str, str], name: str, message: str) -> BadParameterError:
    """Return the refusal of one parameter."""
    return BadParameterError(name, query.get(name, ""), message)


def _lasting(query: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parameters that pages of one search share."""
    return sorted((name, value) for name, value in query.items() if name not in PAGING)


def _read_token(query: Mapping[str, str], seed: int) -> int:
    """Return the id before which a page begins."""
    name = next(name for name in PAGING if name in query)
    token = query[name]
    try:
        text = base64.b32hexdecode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        text = b""
    if len(text) != 12 or text[8:] != seed.to_bytes(4, "big"):  # noqa: PLR2004 - id and seed
        message = f"The `{name}` query parameter value [{token}] does not belong to this query"
        raise bad_parameter(query, name, message)
    return int.from_bytes(text[:8], "big")


def _refuse_both(query: Mapping[str, str], one: str, other: str) -> None:
    if one in query and other in query:
        message = f"At most one of `{one}`, `{other}` may be provided"
        raise bad_parameter(query, other, message)


def _checked_query(query: Mapping[str, str], access: str) -> str:
    """Return the text of the query, which must be one that X takes."""
    text, most = query.get("query", ""), MAX_QUERY_CHARS[access]
    if not text.strip():
        message = "The `query` query parameter can not be empty"
        raise bad_parameter(query, "query", message)
    if len(text) > most:
        message = f"The `query` query parameter must be at most {most} characters long"
        raise bad_parameter(query, "query", message)
    try:
        parse_rule(text, search=True)
    except RuleError as error:
        raise bad_parameter(query, "query", str(error)) from error
    return text


def _after_id(query: Mapping[str, str], now_s: float) -> int:
    """Return the id that all posts must exceed; X knows those of seven days."""
    oldest_id = first_id(now_s - SEARCHABLE_S) - 1
    if "since_id" in query:
        since_id = _id(query, "since_id")
        if since_id < oldest_id:
            message = "'since_id' must be the id of a post of the last 7 days"
            raise bad_parameter(query, "since_id", message)
        return since_id
    if "start_time" in query:
        return first_id(_instant(query, "start_time", now_s)) - 1
    return oldest_id


def _before_id(query: Mapping[str, str], options: SearchOptions, now_s: float) -> int:
    """Return the id that all posts must stay below."""
    if "until_id" in query:
        return _id(query, "until_id")
    if "end_time" not in query:
        return first_id(now_s - options.default_end_s)
    end_s = _instant(query, "end_time", now_s)
    if end_s > now_s - options.latest_end_s:
        message = (
            "Invalid 'end_time': it must be a minimum of"
            f" {options.latest_end_s:g} seconds prior to the request time"
        )
        raise bad_parameter(query, "end_time", message)
    return first_id(end_s)


def _id(query: Mapping[str, str], name: str) -> int:
    text = query[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):  # noqa: PLR2004 - X's pattern
        message = f"The `{name}` query parameter value [{text}] is not valid"
        raise bad_parameter(query, name, message)
    return int(text)


def _instant(query: Mapping[str, str], name: str, now_s: float) -> float:
    """Return an instant of the last seven days; X counts in seconds and takes fractions."""
    text = query[name]
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            at = datetime.strptime(text, form).replace(tzinfo=timezone.utc, microsecond=0)
        except ValueError:
            continue
        if at.timestamp() < now_s - SEARCHABLE_S:
            message = f"Invalid '{name}': it must be within the last 7 days"
            raise bad_parameter(query, name, message)
        return at.timestamp()
    message = f"The `{name}` query parameter value [{text}] is not of the form YYYY-MM-DDTHH:mm:ssZ"
    raise bad_parameter(query, name, message)


def _max_results(query: Mapping[str, str]) -> int:
    text = query.get("max_results", str(LEAST_RESULTS))
    if not (text.isascii() and text.isdecimal() and LEAST_RESULTS <= int(text) <= MOST_RESULTS):
        message = (
            f"The `max_results` query parameter value [{text}] is not between"
            f" {LEAST_RESULTS} and {MOST_RESULTS}"
        )
        raise bad_parameter(query, "max_results", message)
    return int(text)
