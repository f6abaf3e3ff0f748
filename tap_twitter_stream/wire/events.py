"""Tell what one line of a likes, compliance, labels or activity stream is. Nothing raises.

Posts have their own, faster way in ``classify.py``; disconnects and problems are alike everywhere.
Source: the response schemas of X's OpenAPI document and its pages on compliance and activity.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.wire.classic import classify_classic
from tap_twitter_stream.wire.classify import classify, classify_with, full_includes, listed
from tap_twitter_stream.wire.messages import (
    Activity,
    Compliance,
    JsonObject,
    Junk,
    Label,
    Like,
    Message,
    One,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_twitter_stream.wire.endpoints import Holds

_WHOLE_INT = 1 << 63


def _like(envelope: JsonObject, data: JsonObject) -> Like | Junk:
    like_id = data.get("id")
    if not isinstance(like_id, str) or not like_id:
        return Junk("unknown_kind", "a like without an id")
    errors: list[JsonObject] = []
    like = dict(data)
    # X's documents call it tweet_author_id, its samples liked_tweet_author_id.
    if (author_id := like.pop("tweet_author_id", None)) is not None:
        like.setdefault("liked_tweet_author_id", author_id)
    if "timestamp_ms" in like:
        like["timestamp_ms"] = _whole(like["timestamp_ms"], errors)
    includes = full_includes(envelope.get("includes"), errors)
    return Like(like_id, like, includes, _problems(envelope, errors))


def _activity(envelope: JsonObject, data: JsonObject) -> Activity | Junk:
    event_id = data.get("event_uuid")
    if not isinstance(event_id, str) or not event_id:
        return Junk("unknown_kind", "an activity without an event_uuid")
    errors: list[JsonObject] = []
    inner = {key: value for key, value in data.items() if key != "includes"}
    for name in ("payload", "filter"):
        if not isinstance(inner.get(name, {}), dict) and inner[name] is not None:
            inner[name] = {"value": inner[name]}
    includes = []
    for holder in (data, envelope):  # the samples have them inside, other streams beside
        includes += full_includes(_unwrapped(holder.get("includes")), errors)
    return Activity(event_id, inner, includes, _problems(envelope, errors))


def _compliance(envelope: JsonObject, data: JsonObject) -> Compliance | Junk:
    if (found := _event(data)) is None:
        return _no_event(data)
    return Compliance(*found, _problems(envelope, []))


def _label(envelope: JsonObject, data: JsonObject) -> Label | Junk:
    if (found := _event(data)) is None:
        return _no_event(data)
    return Label(*found, _problems(envelope, []))


def _event(data: JsonObject) -> tuple[str, JsonObject] | None:
    """Return name and members of the one event that ``data`` holds, of whatever kind."""
    if len(data) != 1:
        return None
    ((kind, event),) = data.items()
    return (kind, event) if isinstance(event, dict) and event else None


def _no_event(data: JsonObject) -> Junk:
    return Junk("unknown_kind", f"no event, but the members {sorted(data)[:10]}"[:200])


def _unwrapped(includes: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Take included objects out of the ``data`` that activity samples wrap them in."""
    if not isinstance(includes, dict):
        return includes
    return {
        name: [_bare(item) for item in items] if isinstance(items, list) else items
        for name, items in includes.items()
    }


def _bare(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    wrapped = isinstance(item, dict) and set(item) == {"data"} and isinstance(item["data"], dict)
    return item["data"] if wrapped else item


def _problems(envelope: JsonObject, odd: list[JsonObject]) -> list[JsonObject]:
    errors = listed(envelope.get("errors"), odd)
    found = [
        error if isinstance(error, dict) else {"title": "Error that is no object", "value": error}
        for error in errors
    ]
    return found + odd


def _whole(value: Any, odd: list[JsonObject]) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a number that X writes as text or as a number; what is neither goes to ``odd``."""
    try:
        number = int(value) if isinstance(value, (str, int)) else None
    except ValueError:
        number = None
    if number is not None and not isinstance(value, bool) and abs(number) < _WHOLE_INT:
        return number
    if value is not None:
        odd.append({"title": "Time that is no number", "value": json.dumps(value)[:200]})
    return None


READERS: Mapping[Holds, Callable[[JsonObject, JsonObject], One]] = MappingProxyType(
    {"likes": _like, "compliance": _compliance, "labels": _label, "activities": _activity}
)


def classifier_for(holds: Holds) -> Callable[[bytes], Message]:
    """Return what classifies the lines of a stream that holds such things."""
    if holds == "statuses":
        return classify_classic
    read = READERS.get(holds)
    if read is None:
        return classify
    return lambda line: classify_with(line, read)
