"""Tell what one line of a v2 stream is. A line goes in, a Message comes out; nothing raises.

Source of the rules: X's guides on consuming streaming data and on handling disconnections, and
its OpenAPI document, where every member of the envelope is optional.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Disconnect,
    JsonObject,
    Junk,
    JunkReason,
    MatchedRule,
    Message,
    One,
    Post,
    StreamProblems,
)
from tap_twitter_stream.wire.naming import to_tweet_names
from tap_twitter_stream.wire.text import clean, may_escape_nul

if TYPE_CHECKING:
    from collections.abc import Callable

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


# The structs below are the hot path's two views of one line, each a single call of the decoder:
# the bytes of every object, and what must be known of it. Both together take a third of the time
# of a decode with re-encoding. A line that does not fit both is decoded in full instead, so
# every check is a type: the decoder refuses, and nothing is looked at in Python.
class _RawIncludes(Struct, forbid_unknown_fields=True, gc=False):
    users: list[Raw] | None = None
    media: list[Raw] | None = None
    tweets: list[Raw] | None = None
    places: list[Raw] | None = None
    polls: list[Raw] | None = None


class _Envelope(Struct, forbid_unknown_fields=True, gc=False):
    data: Raw
    includes: _RawIncludes | None = None
    matching_rules: list[MatchedRule] = []
    errors: list[JsonObject] = []


_Key: TypeAlias = Annotated[str, Meta(min_length=1)]
# No value fits: a name of the younger generation sends the line to the full decode by being there.
_Younger: TypeAlias = Annotated[str, Meta(min_length=1, max_length=0)] | UnsetType


class _Metrics(Struct, gc=False):
    repost_count: _Younger = UNSET
    post_count: _Younger = UNSET


class _Id(Struct, gc=False):
    id: str


class _MaybeId(Struct, gc=False):
    id: str | None = None


class _Entities(Struct, gc=False):
    mentions: list[_MaybeId] | None = None


class _Annotation(Struct, gc=False):
    domain: _MaybeId | None = None
    entity: _MaybeId | None = None


class _Attachments(Struct, gc=False):
    media_keys: list[str] | None = None
    poll_ids: list[str] | None = None
    media_source_tweet_id: list[str] | None = None
    media_source_post_id: _Younger = UNSET


class _Geo(Struct, gc=False):
    place_id: str | None = None


class _Object(Struct, gc=False):
    """All ids of a post, a user, a place or a poll: one that is not text needs the full decode."""

    id: _Key
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
    edit_history_post_ids: _Younger = UNSET
    referenced_posts: _Younger = UNSET
    note_post: _Younger = UNSET
    pinned_post_id: _Younger = UNSET
    most_recent_post_id: _Younger = UNSET
    public_metrics: _Metrics | None = None


class _Media(Struct, gc=False):
    media_key: _Key


class _Includes(Struct, gc=False):
    users: list[_Object] | None = None
    media: list[_Media] | None = None
    tweets: list[_Object] | None = None
    places: list[_Object] | None = None
    polls: list[_Object] | None = None


class _Known(Struct, gc=False):
    data: _Object
    includes: _Includes | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_known = msgspec.json.Decoder(_Known).decode
_encode = msgspec.json.Encoder().encode


def classify(line: bytes) -> Message:
    """Classify one line that is not a keep-alive.

    Args:
        line: The line without its LF; a trailing CR is fine.

    Returns:
        A :class:`Post` whenever there is a ``data`` object with an id, errors beside it or not.
        :class:`Junk` for what cannot be kept as anything else. Nothing is ever raised.
    """
    if isinstance(line, OverlongLine):
        return too_long(line)
    try:
        if not line.isascii():
            line.decode()
        if may_escape_nul(line):
            return _classify_in_full(line)
        return _typed_post(_decode_envelope(line), _decode_known(line))
    except UnicodeDecodeError as error:
        return Junk("not_utf8", f"byte {error.start} is not UTF-8")
    except (msgspec.DecodeError, RecursionError):
        return _classify_in_full(line)


def quick_post(line: bytes) -> Post | None:
    """Return the post of an envelope that fits both views; None where only a full decode can tell.

    Args:
        line: One that is UTF-8 and needs no cleaning.
    """
    try:
        return _typed_post(_decode_envelope(line), _decode_known(line))
    except (msgspec.DecodeError, RecursionError):
        return None


def _typed_post(envelope: _Envelope, known: _Known) -> Post:
    includes = envelope.includes
    return Post(
        known.data.id,
        envelope.data,
        [] if includes is None else _typed_includes(includes),
        envelope.matching_rules,
        envelope.errors,
    )


def _typed_includes(includes: _RawIncludes) -> list[tuple[str, list[bytes]]]:
    groups: list[tuple[str, list[Any]]] = []
    if includes.users is not None:
        groups.append(("users", includes.users))
    if includes.media is not None:
        groups.append(("media", includes.media))
    if includes.tweets is not None:
        groups.append(("referenced_tweets", includes.tweets))
    if includes.places is not None:
        groups.append(("places", includes.places))
    if includes.polls is not None:
        groups.append(("polls", includes.polls))
    return groups


def classify_with(line: bytes, read: Callable[[JsonObject, JsonObject], One]) -> Message:
    """Classify a line of a stream whose ``data`` is no post.

    Args:
        line: As for :func:`classify`.
        read: Makes a message of the whole envelope and its ``data``, if that is an object.
    """
    if isinstance(line, OverlongLine):
        return too_long(line)
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return Junk("not_utf8", f"byte {error.start} is not UTF-8")
    return _classify_in_full(line, read)


def too_long(line: OverlongLine) -> Junk:
    """Return what becomes of a line that passed the limit."""
    return Junk("too_long", f"{line.size_bytes} bytes; the first {len(line)} are kept")


def _classify_in_full(
    line: bytes, read: Callable[[JsonObject, JsonObject], One] | None = None
) -> Message:
    try:
        # json, not msgspec: it takes lone surrogates, which are then replaced.
        return message_of(to_tweet_names(clean(json.loads(line))), read)
    except RecursionError:
        return Junk("not_json", "nested too deeply to be read")
    except ValueError as error:
        return Junk("not_json", str(error)[:200])


def message_of(
    value: Any,  # noqa: ANN401 - any JSON value
    read: Callable[[JsonObject, JsonObject], One] | None = None,
) -> One:
    """Classify a decoded line; ``read`` makes a message of its ``data``, by default a post."""
    if not isinstance(value, dict):
        return Junk("unknown_kind", f"a JSON {type(value).__name__}, not an object")
    data = value.get("data")
    if isinstance(data, dict):
        return (read or _full_post)(value, data)
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
    includes = full_includes(value.get("includes"), odd)
    rules = _full_rules(value.get("matching_rules"), odd)
    errors = listed(value.get("errors"), odd)
    problems = [
        error if isinstance(error, dict) else _oddity("Error that is not an object", error)
        for error in errors
    ]
    return Post(post_id, _encode(data), includes, rules, problems + odd)


def full_includes(value: Any, odd: list[JsonObject]) -> list[tuple[str, list[bytes]]]:  # noqa: ANN401
    """Return the include groups; what fits no stream goes to ``odd``, so that it is kept."""
    groups: dict[str, list[bytes]] = {}
    if not isinstance(value, dict):
        listed(value, odd)
        return []
    for name, items in value.items():
        stream = INCLUDE_STREAMS.get(name)
        if stream is None:
            odd.append(_oddity("Included objects of an unknown kind", {name: items}))
            continue
        group = groups.setdefault(stream, [])
        key = _KEY_OF.get(name, "id")
        for item in listed(items, odd):
            if isinstance(item, dict) and isinstance(item.get(key), str) and item[key]:
                group.append(_encode(item))
            else:
                odd.append(_oddity("Included object without a key", {name: item}))
    return list(groups.items())


def _full_rules(value: Any, odd: list[JsonObject]) -> list[MatchedRule]:  # noqa: ANN401 - any JSON value
    rules = []
    for item in listed(value, odd):
        if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]:
            tag = item.get("tag")
            extra = {key: inner for key, inner in item.items() if key not in {"id", "tag"}}
            rules.append(MatchedRule(item["id"], tag if tag is None else str(tag), extra))
        else:
            odd.append(_oddity("Matching rule without an id", item))
    return rules


def listed(value: Any, odd: list[JsonObject]) -> list[Any]:  # noqa: ANN401 - any JSON value
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


def classify_cut(line: bytes, read: Callable[[bytes], Message] = classify) -> Message:
    """Classify the bytes behind the last line end of a connection that has closed.

    X ends every message with CRLF, so these are mostly half a message. A whole one is a post.
    """
    return cut_short(read(line), "the connection ended inside this line")


def cut_short(message: Message, why: str) -> Message:
    """Return the message of an unfinished line; what is none because of that says so."""
    if isinstance(message, Junk):
        reason: JunkReason = "too_long" if message.reason == "too_long" else "cut"
        return Junk(reason, why)
    return message
