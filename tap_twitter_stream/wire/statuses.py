"""Read a v1.1 status: a line goes in, its id and the bytes of its row come out.

A row is the status as X sent it, with every id as text and with ``full_text`` resolved, which over
the years stood in four places: ``text``, ``full_text`` (`tweet_mode=extended`),
``extended_tweet.full_text`` (compatibility mode, all streams) and, for a retweet whose own text
X cut, in the status that it repeats.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tap_twitter_stream.wire.messages import JsonObject, Junk, Status
from tap_twitter_stream.wire.rows import text_of

_DEEPEST = 4  # a retweet of a quote of a quote: X nests no deeper
_INNER = ("retweeted_status", "quoted_status")
# A quote right before a colon ends a name, so this never finds what stands inside a text. What is
# left between two finds, and the digits found, take turns in the list that comes out.
_at_bare_ids = re.compile(rb'id"(?<=[_"]id")\s*:\s*(-?\d+)(?=\s*[,}])').split
_at_inner = {name: re.compile(rb'"' + name.encode() + rb'"\s*:\s*\{').split for name in _INNER}


class _Extended(Struct, gc=False):
    full_text: str | None = None


class _Known(Struct, gc=False):
    id: str | None = None
    id_str: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    text: str | None = None
    full_text: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    extended_tweet: _Extended | None = None
    retweeted_status: _Known | None = None
    quoted_status: _Known | None = None
    sender: Raw = Raw()  # direct messages have a text too


_decode = msgspec.json.Decoder(_Known).decode
_encode = msgspec.json.Encoder().encode


class _OddError(Exception):
    """The quick way cannot make a row of this status; the thorough one may."""


def quick_status(line: bytes) -> Status | None:
    """Return the status that a line is, or None where only :func:`status_of` can tell.

    The bytes are cut and added to, never built anew, and decoded once: that takes a fraction of the
    time.
    """
    try:
        raw = _ids_quoted(line).rstrip()
        known = _decode(raw)
        inner: dict[str, list[bytes]] = {}
        own = _whole_text(known, 1, inner)
        for name, members in inner.items():
            raw = _with_members(raw, name, members)
        more = _members(known, own)
    except (_OddError, msgspec.DecodeError, RecursionError):
        return None
    if more:
        raw = b"".join((raw[:-1], b",", more, b"}"))  # two thirds of the time of `%`
    return Status(known.id_str or known.id or "", raw)


def _ids_quoted(line: bytes) -> bytes:
    parts = _at_bare_ids(line)
    parts[1::2] = [b'id":"%b"' % digits for digits in parts[1::2]]
    return b"".join(parts)


def _whole_text(known: _Known, depth: int, inner: dict[str, list[bytes]]) -> str:
    """Return a status's text; what its inner ones lack goes to ``inner``, in any order."""
    own = known.full_text or known.text
    if own is None or not (known.id_str or known.id) or known.sender or depth > _DEEPEST:
        raise _OddError
    if known.extended_tweet is not None:
        own = known.extended_tweet.full_text or own
    if (quoted := known.quoted_status) is not None:
        text = _whole_text(quoted, depth + 1, inner)
        inner.setdefault("quoted_status", []).append(_members(quoted, text))
    if (repeated := known.retweeted_status) is not None:
        text = _whole_text(repeated, depth + 1, inner)
        inner.setdefault("retweeted_status", []).append(_members(repeated, text))
        own = retweet_text(own, text)
    return own


def _members(known: _Known, own: str) -> bytes:
    """Return the members that a status lacks."""
    if known.full_text and known.full_text != own:
        raise _OddError
    id_str = b"" if known.id_str else b'"id_str":' + _encode(known.id)
    if known.full_text:
        return id_str
    full_text = b'"full_text":' + _encode(own)
    return b"%b,%b" % (id_str, full_text) if id_str else full_text


def _with_members(raw: bytes, name: str, members: list[bytes]) -> bytes:
    """Put members into the inner statuses of that name.

    A retweet of a quote holds the quote twice, and nothing tells which one is which: they are the
    same, or this is no quick matter. An object of that name where no status belongs is none, too.
    """
    parts = raw.split(b'"%b":{' % name.encode())  # four times as fast as a look for white space
    if len(parts) == 1:
        parts = _at_inner[name](raw)
    if len(parts) != len(members) + 1 or len(set(members)) > 1:
        raise _OddError
    return (b'"%b":{%b,' % (name.encode(), members[0])).join(parts) if members[0] else raw


def retweet_text(own: str, repeated: str) -> str:
    """Return a retweet's text with what X cut off: its ``RT @name: `` and the repeated text."""
    start, colon, _ = own.partition(": ")
    if repeated and colon and start.startswith("RT @") and " " not in start[4:]:
        return f"{start}: {repeated}"
    return own


def is_status(value: JsonObject) -> bool:
    """Tell a status from other messages with a text."""
    return ("text" in value or "full_text" in value) and not value.keys() & {"sender", "recipient"}


def status_of(value: JsonObject) -> Status | Junk:
    """Return the status of a decoded object, however odd its members are.

    Args:
        value: A status by :func:`is_status`, its ids as text already.
    """
    key = next((str(one) for name in ("id_str", "id") if _is_id(one := value.get(name))), "")
    if not key:
        return Junk("unknown_kind", "a status without an id")
    return Status(key, _encode(_thorough(value, 1) | {"id_str": key}))


def _is_id(value: object) -> bool:
    return bool(value) and isinstance(value, (str, int)) and not isinstance(value, bool)


def _thorough(value: JsonObject, depth: int) -> JsonObject:
    row = dict(value)
    extended = row.get("extended_tweet")
    texts = [extended.get("full_text") if isinstance(extended, dict) else None]
    texts += [row.get("full_text"), row.get("text")]
    own = next((text for one in texts if (text := text_of(one))), "")
    for name in _INNER:
        inner = row.get(name)
        if isinstance(inner, dict) and is_status(inner) and depth < _DEEPEST:
            row[name] = _thorough(inner, depth + 1)
    repeated = row.get("retweeted_status")
    if isinstance(repeated, dict):
        own = retweet_text(own, text_of(repeated.get("full_text")) or "")
    row["full_text"] = own
    if "text" in row:
        row["text"] = text_of(row["text"])
    if not row.get("id_str") and row.get("id"):
        row["id_str"] = row["id"]
    return row


def ids_as_text(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value with each whole number under ``id`` or ``..._id`` as text."""
    if isinstance(value, dict):
        return {
            key: _id_text(item) if key == "id" or key.endswith("_id") else ids_as_text(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [ids_as_text(item) for item in value]
    return value


def _id_text(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    # Tools of the time wrote ids as floats; what that cost in digits cannot be had back.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return str(int(value))
    return ids_as_text(value)
