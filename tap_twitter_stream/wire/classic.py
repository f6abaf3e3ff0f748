"""Tell what one line of a v1.1 stream is. A line goes in, a Message comes out; nothing raises.

A message is told by its one top-level name. Powerstream sends the same objects, one by one or as
an array. Source: X's v1.1 pages on streaming message types, its Powerstream page and hbc.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.wire.classify import message_of, too_long
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Activity,
    ClassicCompliance,
    Disconnect,
    JsonObject,
    Junk,
    LineLength,
    Message,
    Notice,
    One,
    Several,
    Undelivered,
)
from tap_twitter_stream.wire.naming import to_tweet_names
from tap_twitter_stream.wire.rows import stable_id
from tap_twitter_stream.wire.statuses import ids_as_text, is_status, quick_status, status_of
from tap_twitter_stream.wire.text import clean, may_escape_nul

if TYPE_CHECKING:
    from collections.abc import Mapping

# The last nine are those of the enterprise compliance stream, which speaks the same dialect.
COMPLIANCE_KINDS = (
    *("delete", "scrub_geo", "status_withheld", "user_withheld"),
    *("tweet_edit", "drop", "undrop", "user_delete", "user_undelete", "user_protect"),
    *("user_unprotect", "user_suspend", "user_unsuspend"),
)
# What an account's own stream began with, and what a site stream or a replay says about itself.
_NOTICE_KINDS = ("warning", "friends", "friends_str", "control", "info")
_DISCONNECTS: Mapping[int, str] = MappingProxyType(
    {
        1: "Shutdown",
        2: "DuplicateStream",
        3: "ControlRequest",
        4: "Stall",
        5: "Normal",
        6: "TokenRevoked",
        7: "AdminLogout",
        8: "Internal",
        9: "MaxMessageLimit",
        10: "StreamException",
        11: "BrokerStall",
        12: "ShedLoad",
    }
)
_canonical = msgspec.json.Encoder(order="sorted").encode


def classify_classic(line: bytes) -> Message:
    """Classify one line that is no keep-alive.

    Args:
        line: The line without its LF; a trailing CR is fine. A line of digits is a length: lines
            are cut at their ends, so it need not be right, and none of them can go wrong.
    """
    if line[:1].isdigit() and line.rstrip().isdigit():
        return LineLength()
    if isinstance(line, OverlongLine):
        return too_long(line)
    try:
        return _read(line)
    except UnicodeDecodeError as error:
        return Junk("not_utf8", f"byte {error.start} is not UTF-8")
    except RecursionError:
        return Junk("not_json", "nested too deeply to be read")
    except (ValueError, OverflowError) as error:
        return Junk("not_json", str(error)[:200])


def _read(line: bytes) -> Message:
    if not line.isascii():
        line.decode()
    if not may_escape_nul(line) and (status := quick_status(line)) is not None:
        return status
    # json, not msgspec: it takes lone surrogates, which are then replaced.
    return _message(ids_as_text(clean(json.loads(line))))


def _message(value: Any) -> Message:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and value:
        return Several(tuple((classic_one(item), msgspec.json.encode(item)) for item in value))
    return classic_one(value)


def classic_one(value: Any) -> One:  # noqa: ANN401 - any JSON value
    """Tell what a decoded object is, its ids as text already."""
    if not isinstance(value, dict):
        return Junk("unknown_kind", f"a JSON {type(value).__name__}, not an object")
    if isinstance(inner := value.get("message"), dict) and "for_user" in value:
        value = inner  # a site stream names the account, and so does the message itself
    if is_status(value):
        return status_of(value)
    return _event(value) or _about_the_stream(value) or message_of(to_tweet_names(value))


def _event(value: JsonObject) -> One | None:
    for kind in COMPLIANCE_KINDS:
        if isinstance(value.get(kind), dict):
            return ClassicCompliance(kind, value[kind])
    if isinstance(name := value.get("event"), str):
        return _activity(name, value)
    if "direct_message" in value or {"sender", "recipient"} & value.keys():
        return _activity("direct_message", value)
    return None


def _activity(event_type: str, value: JsonObject) -> Activity:
    key = stable_id("activity", _canonical(value).decode())
    data = {"event_uuid": key, "event_type": event_type, "payload": value}
    return Activity(key, data, [], [])


def _about_the_stream(value: JsonObject) -> One | None:
    if isinstance(limit := value.get("limit"), dict):
        track = limit.get("track")
        return Undelivered(track if isinstance(track, int) else None, limit)
    if isinstance(disconnect := value.get("disconnect"), dict):
        code = disconnect.get("code")
        name = _DISCONNECTS.get(code) if isinstance(code, int) else None
        return Disconnect(name or f"Code{code}", disconnect)
    for kind in _NOTICE_KINDS:
        if kind in value:
            body = value[kind]
            return Notice(kind, body if isinstance(body, dict) else value)
    if value.get("type") == "connection_metadata":
        return Notice("connection_metadata", value)
    return None
