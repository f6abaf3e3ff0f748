"""A post and a field selection in; the JSON line of X's envelope out, as bytes with marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.protocol.fields import PRIVATE_FIELDS

if TYPE_CHECKING:
    from twitter_stream_simulator.material.post import Included, Post
    from twitter_stream_simulator.protocol.fields import Selection

INCLUDE_KINDS = ("users", "media", "tweets", "places", "polls")
REFERENCED_EXPANSIONS = frozenset(
    {"referenced_tweets.id", "referenced_tweets.id.author_id"}
    | {"referenced_tweets.id.attachments.media_keys"}
)


def envelope(
    post: Post, selection: Selection, matching_rules: list[dict[str, str]] | None
) -> dict[str, Any]:
    """Keep of a post what the selection asks for; ``None`` rules mean a sample stream."""
    message: dict[str, Any] = {"data": pick(post.tweet, selection.tweet)}
    includes = _includes(post, selection)
    if includes:
        message["includes"] = includes
    if matching_rules is not None:
        message["matching_rules"] = matching_rules
    errors = _errors(post, selection)
    if errors:
        message["errors"] = errors
    return message


def line(message: dict[str, Any], *, ascii_only: bool, escape_slashes: bool) -> bytes:
    """Write one message as X does, without its terminator."""
    text = json.dumps(message, ensure_ascii=ascii_only, separators=(",", ":"))
    if escape_slashes:
        text = text.replace("/", "\\/")
    return text.encode()


def pick(value: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Return the selected fields; an empty container is left out, as X does."""
    return {k: v for k, v in value.items() if k in names and v not in ([], {})}


def _includes(post: Post, selection: Selection) -> dict[str, list[dict[str, Any]]]:
    """Return the expanded objects by kind, each once."""
    fields_of = {
        "users": selection.user,
        "media": selection.media,
        "tweets": selection.tweet,
        "places": selection.place,
        "polls": selection.poll,
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in INCLUDE_KINDS:
        wanted = [i.value for i in post.includes if i.kind == kind and _asked(i, selection)]
        unique = {value.get("id") or value["media_key"]: value for value in wanted}
        if unique:
            found[kind] = [pick(value, fields_of[kind]) for value in unique.values()]
    return found


def _asked(included: Included, selection: Selection) -> bool:
    """Say whether any expansion that leads to the object was asked for."""
    return bool(included.expansions & selection.expansions)


def _errors(post: Post, selection: Selection) -> list[dict[str, Any]]:
    """Return the partial errors: what an expansion could not reach, and what is private."""
    errors = list(post.errors) if selection.expansions & REFERENCED_EXPANSIONS else []
    for name in sorted(selection.tweet & PRIVATE_FIELDS):
        errors.append(
            {
                "resource_id": post.tweet["id"],
                "parameter": "tweet.fields",
                "field": name,
                "resource_type": "tweet",
                "section": "data",
                "title": "Field Authorization Error",
                "detail": f"Sorry, you are not authorized to access '{name}' on this Tweet.",
                "type": "https://api.twitter.com/2/problems/not-authorized-for-field",
            }
        )
    return errors
