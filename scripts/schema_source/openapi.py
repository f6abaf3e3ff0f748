"""Reduce X's OpenAPI documents to one shape per object. Documents go in, nodes come out.

A node is a Draft 7 fragment without ``null``, ``$ref``, ``allOf``, ``oneOf``, ``enum`` or bounds.
"""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]

# X renamed tweets to posts in its document; its streams still send the names on the right.
TWEET_NAMES = {
    "edit_history_post_ids": "edit_history_tweet_ids",
    "liked_post_id": "liked_tweet_id",
    "media_source_post_id": "media_source_tweet_id",
    "most_recent_post_id": "most_recent_tweet_id",
    "note_post": "note_tweet",
    "pinned_post_id": "pinned_tweet_id",
    "post_count": "tweet_count",
    "referenced_posts": "referenced_tweets",
    "repost_count": "retweet_count",
}

# One object of ours: the schemas it is called in one document or the other.
OBJECTS = {
    "tweets": ("Post", "Tweet"),
    "users": ("User",),
    "media": ("Media", "Photo", "Video", "AnimatedGif"),
    "places": ("Place",),
    "polls": ("Poll",),
}


def tweet_name(name: str) -> str:
    """Return the name the streams use for a property of either naming generation."""
    return TWEET_NAMES.get(name, name)


def shape(documents: list[Node], stream: str) -> Node:
    """Return the union of what all documents say of one object.

    Args:
        documents: OpenAPI documents; the first one's descriptions win.
        stream: A key of ``OBJECTS``.

    Raises:
        KeyError: A document knows none of the object's names.
    """
    merged: Node = {}
    for document in documents:
        schemas = document["components"]["schemas"]
        known = [name for name in OBJECTS[stream] if name in schemas]
        if not known:
            raise KeyError(stream)
        for name in known:
            merged = _merge(merged, _reduce(schemas[name], schemas))
    return merged


def property_names(documents: list[Node]) -> dict[str, list[str]]:
    """Return the property names of each object and of all problem types, as X spells them."""
    found: dict[str, set[str]] = {name: set() for name in (*OBJECTS, "problems")}
    for document in documents:
        schemas = document["components"]["schemas"]
        for schema_name in schemas:
            group = _group(schema_name)
            if group:
                found[group] |= _own_names(schemas[schema_name], schemas)
    return {group: sorted(names) for group, names in found.items()}


def _group(schema_name: str) -> str | None:
    if schema_name.endswith("Problem"):
        return "problems"
    return next((stream for stream, names in OBJECTS.items() if schema_name in names), None)


def _own_names(schema: Node, schemas: Node) -> set[str]:
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        names |= _own_names(_target(part, schemas), schemas)
    return names


def _target(schema: Node, schemas: Node) -> Node:
    reference: str | None = schema.get("$ref")
    target: Node = schemas[reference.rsplit("/", 1)[-1]] if reference else schema
    return target


def _reduce(schema: Node, schemas: Node) -> Node:
    target = _target(schema, schemas)
    node: Node = {"type": [target["type"]]} if "type" in target else {}
    words = schema.get("description") or target.get("description")
    if words:
        node["description"] = words
    if target.get("format") == "date-time":
        node["format"] = "date-time"
    if "items" in target:
        node["items"] = _reduce(target["items"], schemas)
    if target.get("type") == "object":
        node["properties"] = {
            tweet_name(name): _reduce(member, schemas)
            for name, member in target.get("properties", {}).items()
        }
    for part in (*target.get("allOf", []), *target.get("oneOf", [])):
        node = _merge(node, _reduce(part, schemas))
    return node


def _merge(first: Node, second: Node) -> Node:
    node: Node = {**second, **first}
    node["type"] = list(dict.fromkeys([*first.get("type", []), *second.get("type", [])]))
    if "items" in first and "items" in second:
        node["items"] = _merge(first["items"], second["items"])
    if "properties" in first or "properties" in second:
        ours, theirs = first.get("properties", {}), second.get("properties", {})
        node["properties"] = {
            name: _merge(ours.get(name, {}), theirs.get(name, {})) for name in {**ours, **theirs}
        }
    return node
