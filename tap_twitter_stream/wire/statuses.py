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
from tap_twitter_stream.wire.route import text_of

_DEEPEST = 4  # a retweet of a quote of a quote: X nests no deeper
_INNER = ("retweeted_status", "quoted_status")
# A quote right before a colon ends a name, so this never changes what stands inside a text.
_bare_ids = re.compile(rb'id"(?<=[_"]id")(\s*:\s*)(-?\d+)(?=\s*[,}])').sub


class _Extended(Struct, gc=False):
    full_text: str | None = None


class _Known(Struct, gc=False):
    id: str | None = None
    id_str: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    text: str | None = None
    full_text: str | UnsetType = UNSET
    extended_tweet: _Extended | None = None
    retweeted_status: Raw = Raw()
    quoted_status: Raw = Raw()
    sender: Raw = Raw()  # direct messages have a text too


_decode = msgspec.json.Decoder(_Known).decode
_encode = msgspec.json.Encoder().encode


class _OddError(Exception):
    """The quick way cannot make a row of this status; the thorough one may."""


def quick_status(line: bytes) -> Status | None:
    """Return the status that a line is, or None where only :func:`status_of` can tell.

    The bytes are searched and added to, never built anew: that takes a fraction of the time.
    """
    try:
        key, raw, _ = _resolved(_bare_ids(rb'id"\1"\2"', line.strip()), 1)
    except (_OddError, msgspec.DecodeError, RecursionError):
        return None
    return Status(key, raw)


def _resolved(raw: bytes, depth: int) -> tuple[str, bytes, str]:
    known = _decode(raw)
    key = known.id_str or known.id
    own = known.full_text or known.text
    if not key or own is None or known.sender or depth > _DEEPEST:
        raise _OddError
    if known.extended_tweet is not None:
        own = known.extended_tweet.full_text or own
    # The retweet first: it may hold the same quote as stands beside it.
    if known.retweeted_status:
        raw, repeated = _with_inner(raw, bytes(known.retweeted_status), depth)
        own = retweet_text(own, repeated)
    if known.quoted_status:
        raw, _ = _with_inner(raw, bytes(known.quoted_status), depth)
    more = b"" if known.id_str else b',"id_str":' + _encode(key)
    if not known.full_text:
        more += b',"full_text":' + _encode(own)
        if known.full_text == "":
            raise _OddError
    elif known.full_text != own:
        raise _OddError
    return key, raw[:-1] + more + b"}" if more else raw, own


def _with_inner(raw: bytes, inner: bytes, depth: int) -> tuple[bytes, str]:
    """Resolve an inner status where it stands; return the whole and the inner full text."""
    if inner == b"null":
        return raw, ""
    _, changed, text = _resolved(inner, depth + 1)
    return raw.replace(inner, changed, 1), text


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
