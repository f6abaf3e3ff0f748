"""Tell what one line of an archive is, and when it was true. A line goes in; nothing raises.

Files of many years and programs get mixed, so each line is told by itself: a line of a v2 or v1.1
stream as it came, what twarc2 wrote (pages, flattened posts, lines of streams with its mark), or an
array of any of these.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_twitter_stream.instants import moment_us
from tap_twitter_stream.wire.classic import classic_one
from tap_twitter_stream.wire.classify import message_of, quick_post, too_long
from tap_twitter_stream.wire.events import READERS
from tap_twitter_stream.wire.flattened import unflattened
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Activity,
    ClassicCompliance,
    Compliance,
    JsonObject,
    Junk,
    Label,
    Like,
    LineLength,
    Message,
    Notice,
    One,
    Page,
    Post,
    Several,
    Status,
    Undelivered,
)
from tap_twitter_stream.wire.naming import to_tweet_names
from tap_twitter_stream.wire.pages import is_user, kept_page
from tap_twitter_stream.wire.snowflake import created_ms
from tap_twitter_stream.wire.statuses import ids_as_text, is_status, quick_status
from tap_twitter_stream.wire.text import clean, may_escape_nul

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_twitter_stream.wire.endpoints import Holds

Dated: TypeAlias = "tuple[Message, int | None]"
"""A message, and the epoch microseconds at which it was true; None when nothing tells."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LENGTH_DIGITS = 8  # a longer number is an id: lists of ids are archives too, but hold no post
_LABELS = frozenset({"public_tweet_notice", "public_tweet_unviewable"})
_encode = msgspec.json.Encoder().encode


class _Created(msgspec.Struct, gc=False):
    created_at: str | None = None


_decode_created = msgspec.json.Decoder(_Created).decode


def classify_archived(line: bytes) -> Dated:
    """Classify one line that is not blank.

    Args:
        line: The line without its LF; a trailing CR is fine.
    """
    if isinstance(line, OverlongLine):
        return too_long(line), None
    line = line.removeprefix(_BYTE_ORDER_MARK)
    try:
        return _quick(line) or _thorough(line)
    except UnicodeDecodeError as error:
        return Junk("not_utf8", f"byte {error.start} is not UTF-8"), None
    except RecursionError:
        return Junk("not_json", "nested too deeply to be read"), None
    except (ValueError, OverflowError) as error:
        return Junk("not_json", str(error)[:200]), None


def _quick(line: bytes) -> Dated | None:
    """Return what most lines are, without building their objects; :func:`_thorough` agrees."""
    if not line.isascii():
        line.decode()
    if may_escape_nul(line):
        return None
    # In a JSON text every quote has a backslash before it, so this only finds names of members.
    if b'"id_str":' in line:
        status = quick_status(line)
        return (status, _post_us(status.id, status.raw)) if status else None
    if (
        line.startswith(b'{"data":{')
        and (post := quick_post(line))
        and b'"text":' in bytes(post.raw)
    ):
        return post, _post_us(post.id, post.raw)
    return None


def _thorough(line: bytes) -> Dated:
    digits = line.strip()
    if digits.isdigit() and len(digits) <= _LENGTH_DIGITS:
        return LineLength(), None
    # json, not msgspec: it takes lone surrogates, which are then replaced.
    value = clean(json.loads(line))
    if not isinstance(value, list) or not value:
        return _one(value)
    found = [(*_one(item), _encode(item)) for item in value]
    return Several(tuple((one, raw) for one, _, raw in found)), _latest(us for _, us, _ in found)


def _one(value: Any) -> tuple[One, int | None]:  # noqa: ANN401 - any JSON value
    message = _message(value)
    mark = value.get("__twarc") if isinstance(value, dict) else None
    retrieved_us = moment_us(mark.get("retrieved_at")) if isinstance(mark, dict) else None
    return message, _true_us(message) if retrieved_us is None else retrieved_us


def _message(value: Any) -> One:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        return classic_one(value)
    data = value.get("data")
    if isinstance(data, dict):
        value = to_tweet_names(value)
        return _enveloped(value, value["data"])
    if isinstance(data, list) or (data is None and "meta" in value and "errors" not in value):
        return kept_page(to_tweet_names(value))
    if value.keys() & {"user", "id_str"}:  # v1.1 alone has these
        return classic_one(ids_as_text(value))
    if (is_status(value) and isinstance(value.get("id"), str)) or is_user(value):
        value = to_tweet_names(unflattened(value))
        return _enveloped(value, value["data"])
    return classic_one(ids_as_text(value))


def _enveloped(value: JsonObject, data: JsonObject) -> One:
    if is_user(data):
        return kept_page({**value, "data": [data]})
    holds = _held(data)
    return message_of(value, READERS[holds] if holds else None)


def _held(data: JsonObject) -> Holds | None:
    """Tell the streams of v2 apart by what each alone has; None for posts."""
    if "event_uuid" in data:
        return "activities"
    if "text" in data:
        return None
    if data.keys() & {"liked_tweet_id", "timestamp_ms"}:
        return "likes"
    if len(data) == 1 and "id" not in data:
        return "labels" if data.keys() <= _LABELS else "compliance"
    return None


def _true_us(message: One) -> int | None:
    match message:
        case Post() | Status():
            return _post_us(message.id, message.raw)
        case Page():
            return _latest(_post_us(post.id, post.raw) for post in message.posts)
        case Like() | Activity():
            return _told_us(message.data)
        case Compliance() | ClassicCompliance() | Label():
            return _told_us(message.event)
        case Undelivered() | Notice():
            return _told_us(message.body)
        case _:
            return None


def _post_us(post_id: str, raw: bytes) -> int | None:
    """Return when a post was made: its id says it, and those of before November 2010 a column."""
    if (made_ms := created_ms(post_id)) is not None:
        return made_ms * 1000
    try:
        return moment_us(_decode_created(raw).created_at)
    except msgspec.DecodeError:
        return None


def _told_us(body: JsonObject) -> int | None:
    names = ("event_at", "timestamp_ms", "timestampMs", "created_at")
    return next((us for name in names if (us := moment_us(body.get(name))) is not None), None)


def _latest(moments: Iterable[int | None]) -> int | None:
    return max((us for us in moments if us is not None), default=None)
