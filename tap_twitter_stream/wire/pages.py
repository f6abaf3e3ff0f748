"""A page of posts, as REST endpoints answer, into messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.wire.classify import full_includes, listed, message_of
from tap_twitter_stream.wire.messages import Junk, MatchedRule, Post
from tap_twitter_stream.wire.names import to_tweet_names
from tap_twitter_stream.wire.text import clean

if TYPE_CHECKING:
    from tap_twitter_stream.wire.messages import JsonObject, One


_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds. ``includes`` belong to its posts as a whole; ``junk`` has its bytes."""

    posts: tuple[Post, ...]
    includes: list[tuple[str, list[bytes]]]
    problems: tuple[JsonObject, ...]
    junk: tuple[tuple[Junk, bytes], ...]


def read_page(value: JsonObject, rules: tuple[MatchedRule, ...] = ()) -> Page:
    """Read an answer of recent search, whichever generation of names it has.

    Args:
        value: The decoded body.
        rules: What each of its posts matches.
    """
    page = to_tweet_names(clean(value))
    odd: list[JsonObject] = []
    items = listed(page.get("data"), odd)
    found = [(_message(item, rules), item) for item in items]
    includes = full_includes(page.get("includes"), odd)
    errors = [one for one in listed(page.get("errors"), odd) if isinstance(one, dict)]
    return Page(
        posts=tuple(one for one, _ in found if isinstance(one, Post)),
        includes=includes,
        problems=(*errors, *odd),
        junk=tuple((one, _encode(item)) for one, item in found if isinstance(one, Junk)),
    )


def _message(item: Any, rules: tuple[MatchedRule, ...]) -> One:  # noqa: ANN401 - any JSON value
    message = message_of({"data": item})
    if isinstance(message, Post):
        message.rules.extend(rules)
    return message
