"""Streams derived from X's documents: shapes and words go in, described properties come out."""

from __future__ import annotations

from typing import Any

from scripts.schema_source import openapi, words_tweets, words_users
from scripts.schema_source.render import Table, nodes_of

Node = dict[str, Any]

_OBJECT_OF = {"referenced_tweets": "tweets"}
_WORDS = {**words_tweets.WORDS, **words_users.WORDS}

TABLES = {
    "tweets": Table(
        title="Tweets",
        description="Tweets (X says posts) as the search, sample and firehose streams deliver "
        "them: the `data` object of a message. Upsert by `id`. A value X left out is absent, not "
        "null. Each edit is a tweet of its own with a new `id`.",
        keys=("id",),
        members={},
    ),
    "referenced_tweets": Table(
        title="Referenced tweets",
        description="Tweets that a delivered tweet retweets, quotes or answers, taken from the "
        "`includes` of its message. The same tweet repeats with every message that refers to it, "
        "and its metrics are those of that moment.",
        keys=("id",),
        members={},
    ),
    "users": Table(
        title="Users",
        description="Accounts that wrote, were mentioned or answered in a delivered tweet, taken "
        "from the `includes` of its message. The same account repeats with every message; the "
        "latest row is the latest known profile.",
        keys=("id",),
        members={},
    ),
    "media": Table(
        title="Media",
        description="Photos, videos and animated GIFs attached to a delivered tweet, taken from "
        "the `includes` of its message. One schema holds all three kinds: `type` tells which "
        "properties to expect.",
        keys=("media_key",),
        members={},
    ),
    "places": Table(
        title="Places",
        description="Named places tagged on a delivered tweet, taken from the `includes` of its "
        "message.",
        keys=("id",),
        members={},
    ),
    "polls": Table(
        title="Polls",
        description="Polls attached to a delivered tweet, taken from the `includes` of its "
        "message. Votes are those of the moment of delivery, so about zero for a new poll.",
        keys=("id",),
        members={},
    ),
}


class UndescribedError(LookupError):
    """A property has words neither in our tables nor in X's documents, or our words fit nothing."""


def members(documents: list[Node]) -> dict[str, dict[str, Node]]:
    """Return the described properties of every derived stream, by stream and name.

    Args:
        documents: OpenAPI documents, newest first.

    Raises:
        UndescribedError: The words do not fit the documents.
    """
    used: set[str] = set()
    made = {stream: _members_of(documents, stream, used) for stream in TABLES}
    unused = sorted(set(_WORDS) - used)
    if unused:
        message = f"words that fit no property: {', '.join(unused)}"
        raise UndescribedError(message)
    return made


def _members_of(documents: list[Node], stream: str, used: set[str]) -> dict[str, Node]:
    name = _OBJECT_OF.get(stream, stream)
    node = openapi.shape(documents, name)
    for path, extra in words_tweets.EXTRA.items():
        _add(node, name, path, nodes_of(extra))
    _describe(node, [name], used)
    return node["properties"]  # type: ignore[no-any-return]  # JSON


def _add(node: Node, name: str, path: str, extra: dict[str, Node]) -> None:
    stream, *steps = path.split(".")
    if stream != name:
        return
    for step in steps:
        node = node["properties"][step]
    node["properties"] = {**node["properties"], **extra}


def _describe(node: Node, path: list[str], used: set[str]) -> None:
    for name, member in node.get("properties", {}).items():
        here = [*path, name]
        key = _words_key(here)
        if key is not None:
            used.add(key)
            member["description"] = _WORDS[key]
        if "description" not in member:
            message = f"no words for {'.'.join(here)}"
            raise UndescribedError(message)
        _describe(member, here, used)
        _describe(member.get("items", {}), here, used)


def _words_key(path: list[str]) -> str | None:
    """Return the longest tail of the path that our words know."""
    tails = (".".join(path[start:]) for start in range(len(path)))
    return next((tail for tail in tails if tail in _WORDS), None)
