"""Tell what one line of a v2 stream is. A line goes in, a Message comes out; nothing raises.

Source of the rules: X's guides on consuming streaming data and on handling disconnections, and
its OpenAPI document, where every member of the envelope is optional.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Disconnect,
    JsonObject,
    Junk,
    JunkReason,
    MatchedRule,
    Message,
    Post,
    StreamProblems,
)
from tap_twitter_stream.wire.names import to_tweet_names
from tap_twitter_stream.wire.text import clean, may_need_cleaning

_DISCONNECT_SLUGS = frozenset(
    {"operational-disconnect", "streaming-connection", "client-disconnected"}
)
INCLUDE_STREAMS = {
    "users": "users",
    "media": "media",
    "tweets": "referenced_tweets",
    "posts": "referenced_tweets",
    "places": "places",
    "polls": "polls",
}
_KEY_OF = {"media": "media_key"}
_NO_RAW = Raw(b"")


# The structs below are the hot path's view of an envelope: typed decoding takes 2.7 us a post
# where a full decode takes 8 and a decode with re-encoding 14 (3 KB envelopes). A line that does
# not fit them is decoded in full instead.
class _Includes(Struct, forbid_unknown_fields=True):
    users: Raw = _NO_RAW
    media: Raw = _NO_RAW
    tweets: Raw = _NO_RAW
    places: Raw = _NO_RAW
    polls: Raw = _NO_RAW


class _Rule(Struct, forbid_unknown_fields=True):
    id: str
    tag: str | None = None


class _Envelope(Struct, forbid_unknown_fields=True):
    data: Raw
    includes: _Includes | None = None
    matching_rules: list[_Rule] = []
    errors: list[JsonObject] = []


class _Metrics(Struct):
    repost_count: Raw | UnsetType = UNSET
    post_count: Raw | UnsetType = UNSET


class _Id(Struct):
    id: str


class _MaybeId(Struct):
    id: str | None = None


class _Entities(Struct):
    mentions: list[_MaybeId] | None = None


class _Annotation(Struct):
    domain: _MaybeId | None = None
    entity: _MaybeId | None = None


class _Attachments(Struct):
    media_keys: list[str] | None = None
    poll_ids: list[str] | None = None
    media_source_tweet_id: list[str] | None = None
    media_source_post_id: Raw | UnsetType = UNSET


class _Geo(Struct):
    place_id: str | None = None


class _Head(Struct):
    """All ids, and any name of the younger generation.

    An id that is not text, and a younger name, need the full decode. Looking at the inner ids
    takes 1.3 us of a 4 KB post.
    """

    id: str
    author_id: str | None = None
    conversation_id: str | None = None
    in_reply_to_user_id: str | None = None
    pinned_tweet_id: str | None = None
    most_recent_tweet_id: str | None = None
    edit_history_tweet_ids: list[str] | None = None
    referenced_tweets: list[_Id] | None = None
    attachments: _Attachments | None = None
    geo: _Geo | None = None
    entities: _Entities | None = None
    context_annotations: list[_Annotation] | None = None
    edit_history_post_ids: Raw | UnsetType = UNSET
    referenced_posts: Raw | UnsetType = UNSET
    note_post: Raw | UnsetType = UNSET
    pinned_post_id: Raw | UnsetType = UNSET
    most_recent_post_id: Raw | UnsetType = UNSET
    public_metrics: _Metrics | None = None

    def is_renamed(self) -> bool:
        metrics = self.public_metrics
        return not (
            self.edit_history_post_ids is UNSET
            and self.referenced_posts is UNSET
            and self.note_post is UNSET
            and self.pinned_post_id is UNSET
            and self.most_recent_post_id is UNSET
            and (metrics is None or (metrics.repost_count is UNSET and metrics.post_count is UNSET))
            and (self.attachments is None or self.attachments.media_source_post_id is UNSET)
        )


class _MediaHead(Struct):
    media_key: str


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_heads = msgspec.json.Decoder(list[_Head]).decode
_decode_media_heads = msgspec.json.Decoder(list[_MediaHead]).decode
_decode_raws = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.Encoder().encode


class _NeedsFullDecodeError(Exception):
    """The typed view does not do this line justice."""


def classify(line: bytes) -> Message:
    """Classify one line that is not a keep-alive.

    Args:
        line: The line without its LF; a trailing CR is fine.

    Returns:
        A :class:`Post` whenever there is a ``data`` object with an id, errors beside it or not.
        :class:`Junk` for what cannot be kept as anything else. Nothing is ever raised.
    """
    if isinstance(line, OverlongLine):
        return Junk("too_long", f"{line.size_bytes} bytes; the first {len(line)} are kept")
    try:
        if not line.isascii():
            line.decode()
        if may_need_cleaning(line):
            return _classify_in_full(line)
        return _typed_post(_decode_envelope(line))
    except UnicodeDecodeError as error:
        return Junk("not_utf8", f"byte {error.start} is not UTF-8")
    except (msgspec.DecodeError, _NeedsFullDecodeError, RecursionError):
        return _classify_in_full(line)


def _typed_post(envelope: _Envelope) -> Post:
    raw = bytes(envelope.data)
    head = _decode_head(raw)
    if not head.id or head.is_renamed():
        raise _NeedsFullDecodeError
    includes = envelope.includes
    return Post(
        head.id,
        raw,
        [] if includes is None else _typed_includes(includes),
        [MatchedRule(rule.id, rule.tag, {}) for rule in envelope.matching_rules],
        envelope.errors,
    )


def _typed_includes(includes: _Includes) -> list[tuple[str, list[bytes]]]:
    groups = []
    for stream, group in (
        ("users", includes.users),
        ("media", includes.media),
        ("referenced_tweets", includes.tweets),
        ("places", includes.places),
        ("polls", includes.polls),
    ):
        if group is _NO_RAW:
            continue
        if stream == "media":
            if not all(head.media_key for head in _decode_media_heads(group)):
                raise _NeedsFullDecodeError
        else:
            for head in _decode_heads(group):
                if not head.id or head.is_renamed():
                    raise _NeedsFullDecodeError
        groups.append((stream, [bytes(raw) for raw in _decode_raws(group)]))
    return groups


def _classify_in_full(line: bytes) -> Message:
    try:
        # json, not msgspec: it takes lone surrogates, which are then replaced.
        return _message(to_tweet_names(clean(json.loads(line))))
    except RecursionError:
        return Junk("not_json", "nested too deeply to be read")
    except ValueError as error:
        return Junk("not_json", str(error)[:200])


def _message(value: Any) -> Message:  # noqa: ANN401 - any JSON value
    return _classify_value(value)


def _classify_value(value: Any) -> Message:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        return Junk("unknown_kind", f"a JSON {type(value).__name__}, not an object")
    data = value.get("data")
    if isinstance(data, dict):
        return _full_post(value, data)
    problems = _problems(value)
    if not problems or data is not None:
        return Junk("unknown_kind", f"an object with the members {sorted(value)[:10]}"[:200])
    for problem in problems:
        if kind := _disconnect_type(problem):
            return Disconnect(kind, problem)
    return StreamProblems(tuple(problems))


def _full_post(value: JsonObject, data: JsonObject) -> Post | Junk:
    post_id = data.get("id")
    if not isinstance(post_id, str) or not post_id:
        return Junk("unknown_kind", "data without an id")
    odd: list[JsonObject] = []
    includes = _full_includes(value.get("includes"), odd)
    rules = _full_rules(value.get("matching_rules"), odd)
    errors = _listed(value.get("errors"), odd)
    problems = [
        error if isinstance(error, dict) else _oddity("Error that is not an object", error)
        for error in errors
    ]
    return Post(post_id, _encode(data), includes, rules, problems + odd)


def _full_includes(value: Any, odd: list[JsonObject]) -> list[tuple[str, list[bytes]]]:  # noqa: ANN401
    """Return the include groups; what fits no stream goes to ``odd``, so that it is kept."""
    groups: dict[str, list[bytes]] = {}
    if not isinstance(value, dict):
        _listed(value, odd)
        return []
    for name, items in value.items():
        stream = INCLUDE_STREAMS.get(name)
        if stream is None:
            odd.append(_oddity("Included objects of an unknown kind", {name: items}))
            continue
        group = groups.setdefault(stream, [])
        key = _KEY_OF.get(name, "id")
        for item in _listed(items, odd):
            if isinstance(item, dict) and isinstance(item.get(key), str) and item[key]:
                group.append(_encode(item))
            else:
                odd.append(_oddity("Included object without a key", {name: item}))
    return list(groups.items())


def _full_rules(value: Any, odd: list[JsonObject]) -> list[MatchedRule]:  # noqa: ANN401 - any JSON value
    rules = []
    for item in _listed(value, odd):
        if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]:
            tag = item.get("tag")
            extra = {key: inner for key, inner in item.items() if key not in {"id", "tag"}}
            rules.append(MatchedRule(item["id"], tag if tag is None else str(tag), extra))
        else:
            odd.append(_oddity("Matching rule without an id", item))
    return rules


def _listed(value: Any, odd: list[JsonObject]) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a list as it is; anything else but null goes to ``odd``."""
    if isinstance(value, list):
        return value
    if value is not None:
        odd.append(_oddity("Member that is not a list", value))
    return []


def _oddity(title: str, value: Any) -> JsonObject:  # noqa: ANN401 - any JSON value
    """Return a problem of our own that keeps what no record can be made of."""
    return {"title": title, "value": value}


def _problems(value: JsonObject) -> list[JsonObject]:
    """Problems of a line without data: an ``errors`` list, or one bare problem object."""
    problems = _objects(value.get("errors"))
    if not problems and "title" in value and "type" in value:
        return [value]
    return problems


def _objects(value: Any) -> list[JsonObject]:  # noqa: ANN401 - any JSON value
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _disconnect_type(problem: JsonObject) -> str | None:
    kind = problem.get("disconnect_type")
    if kind:
        return str(kind)
    slug = slug_of(problem)
    if slug not in _DISCONNECT_SLUGS:
        return None
    return str(problem.get("connection_issue") or slug)


def slug_of(problem: JsonObject) -> str | None:
    """Return the last path segment of a problem's type: its host has changed over the years."""
    kind = problem.get("type")
    return str(kind).rstrip("/").rpartition("/")[2] if kind else None


def classify_cut(line: bytes) -> Message:
    """Classify the bytes behind the last line end of a connection that has closed.

    X ends every message with CRLF, so these are mostly half a message. A whole one is a post.
    """
    message = classify(line)
    if isinstance(message, Junk):
        reason: JunkReason = "too_long" if message.reason == "too_long" else "cut"
        return Junk(reason, "the connection ended inside this line")
    return message
