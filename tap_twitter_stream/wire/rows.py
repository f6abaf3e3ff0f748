"""Turn messages into rows of streams. Pure: a row depends on the log alone."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.wire.classify import slug_of
from tap_twitter_stream.wire.text import clean

if TYPE_CHECKING:
    from tap_twitter_stream.wire.messages import Disconnect, JsonObject, Junk, MatchedRule

_RAW_TEXT_CHARACTERS = 4096
_encode = msgspec.json.Encoder().encode


def encode_row(row: JsonObject) -> bytes:
    """Return a row made by the tap as the bytes a lane takes; absent values are left out."""
    return _encode({key: value for key, value in row.items() if value is not None})


def rule_row(post_id: str, rule: MatchedRule, prefix: str) -> bytes:
    """Return the ``tweet_rules`` row for one matching rule."""
    if rule.extra:
        members = _rule_members(rule.id, rule.tag, prefix)
        return _encode({**rule.extra, "tweet_id": post_id, **members})
    return b'{"tweet_id":' + _encode(post_id) + _rule_rest(rule.id, rule.tag, prefix)


@lru_cache(maxsize=4096)
def _rule_rest(rule_id: str, tag: str | None, prefix: str) -> bytes:
    """Return what is the same in every row of a rule: a few rules match all posts."""
    return b"," + _encode(_rule_members(rule_id, tag, prefix))[1:]


def _rule_members(rule_id: str, tag: str | None, prefix: str) -> JsonObject:
    owned = bool(prefix) and tag is not None and tag.startswith(prefix)
    shown = tag[len(prefix) :] if owned and tag is not None else tag
    return {"rule_id": rule_id, "tag": shown, "owned": owned}


def error_row(problem: JsonObject, *, kind: str, place: str, tweet_id: str | None = None) -> bytes:
    """Return the ``errors`` row for one problem object; ``place`` makes its id unique."""
    row = {
        "error_id": stable_id("error", place),
        "kind": kind,
        "tweet_id": tweet_id,
        "slug": slug_of(problem),
        "problem": problem,
        "rule_value": problem.get("value") if kind == "rule" else None,
    }
    for name in ("title", "type", "detail", "resource_id", "resource_type"):
        row[name] = text_of(problem.get(name))
    for name in ("parameter", "value", "section", "field"):
        row[name] = text_of(problem.get(name))
    status = problem.get("status")
    row["status"] = status if isinstance(status, int) else None
    return encode_row(row)


def notice_row(notice: Disconnect, place: str) -> bytes:
    """Return the ``notices`` row for X's word that it ends the connection."""
    problem = notice.problem
    row = {
        "notice_id": stable_id("notice", place),
        "kind": "disconnect",
        "disconnect_type": notice.disconnect_type,
        "slug": slug_of(problem),
        "problem": problem,
    }
    for name in ("title", "type", "detail", "code"):
        row[name] = text_of(problem.get(name))
    row["detail"] = row["detail"] or text_of(problem.get("reason"))  # v1.1's word for it
    return encode_row(row)


def letter_row(line: bytes, size_bytes: int, junk: Junk, position: int, spool_id: str) -> bytes:
    """Return the ``dead_letters`` row for a line that nothing else takes; its bytes are kept."""
    text = line[: 4 * _RAW_TEXT_CHARACTERS].decode(errors="replace")[:_RAW_TEXT_CHARACTERS]
    row = {
        "letter_id": stable_id(spool_id, str(position)),
        "reason": junk.reason,
        "detail": clean(junk.detail),
        "position": position,
        "size_bytes": size_bytes,
        "raw_base64": base64.b64encode(line).decode(),
        # What a target died of once may kill it again; Base64 is harmless.
        "raw_text": None if junk.reason == "poison" else clean(text),
    }
    return encode_row(row)


def raw_row(line: bytes, position: int, spool_id: str) -> bytes:
    """Return the ``raw_messages`` row for a line as received."""
    text = clean(line.decode(errors="replace"))
    return _encode({"spool_id": spool_id, "position": position, "line": text})


def stable_id(*parts: str) -> str:
    """Return a short id that is the same each time the same place in the log is read."""
    return hashlib.blake2s("\0".join(parts).encode(), digest_size=16).hexdigest()


def text_of(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return text as it is, and any other value but null as JSON: for columns of text."""
    if value is None or isinstance(value, str):
        return value
    return _encode(value).decode()
