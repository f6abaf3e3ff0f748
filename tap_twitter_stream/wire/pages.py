"""A page of posts or users, as REST endpoints answer, into messages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.wire.classify import full_includes, listed, message_of
from tap_twitter_stream.wire.messages import Junk, MatchedRule, Page, Post
from tap_twitter_stream.wire.naming import to_tweet_names
from tap_twitter_stream.wire.text import clean

if TYPE_CHECKING:
    from tap_twitter_stream.wire.messages import JsonObject, One


_encode = msgspec.json.Encoder().encode


def read_page(value: JsonObject, rules: tuple[MatchedRule, ...] = ()) -> Page:
    """Read an answer of recent search, whichever generation of names it has.

    Args:
        value: The decoded body.
        rules: What each of its posts matches.
    """
    return _page(to_tweet_names(clean(value)), rules)


def page_as_lines(value: JsonObject, rule: JsonObject) -> bytes:
    """Return an answer of recent search as the lines that the stream would have sent.

    Args:
        value: The decoded body.
        rule: Id and tag of what each of its posts matches.
    """
    posts, beside = value.get("data"), value.get("includes")
    heads = [{} if beside is None else {"includes": beside}]
    matched = [{"id": rule["id"], "tag": rule["tag"]}]
    return b"\n".join(
        _encode({"data": one, "matching_rules": matched, **(heads.pop() if heads else {})})
        for one in (posts if isinstance(posts, list) else ())
    )


def kept_page(value: JsonObject) -> Page | Junk:
    """Read a page that somebody kept, of posts or of users.

    Args:
        value: Its names and ids put right. A list of anything else is none.
    """
    items = value.get("data") or []
    users = [_encode(one) for one in items if isinstance(one, dict) and is_user(one)]
    rest = [one for one in items if not (isinstance(one, dict) and is_user(one))]
    if items and not users and not any(isinstance(one, dict) and "text" in one for one in items):
        return Junk("unknown_kind", "a page whose objects are no posts and no users")
    page = _page({**value, "data": rest}, ())
    if users:
        page.includes.insert(0, ("users", users))
    return page


def is_user(value: JsonObject) -> bool:
    """Tell a user of v2 from a post."""
    return "username" in value and "text" not in value and isinstance(value.get("id"), str)


def _page(page: JsonObject, rules: tuple[MatchedRule, ...]) -> Page:
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
