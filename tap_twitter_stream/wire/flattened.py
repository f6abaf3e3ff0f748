"""Take apart what twarc flattened: a post with everything inside goes in, X's envelope comes out.

twarc2's ``flatten`` moves each included object to where its id stands, at every level, and leaves
an empty object where X included nothing. Source: ``twarc/expansions.py`` of twarc 2.14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from tap_twitter_stream.wire.messages import JsonObject

_Found: TypeAlias = "dict[str, dict[str, JsonObject]]"  # group of includes -> key -> object
_OWN_OF_GEO = ("place_id", "coordinates", "type")
_OWN_OF_MENTION = ("start", "end", "username", "id")
_INLINE = (
    ("author", "users", "id"),
    ("in_reply_to_user", "users", "id"),
    ("pinned_tweet", "tweets", "id"),
    ("poll", "polls", "id"),
)


def unflattened(tweet: JsonObject) -> JsonObject:
    """Return ``data``, ``includes`` and ``matching_rules`` of a flattened post or user."""
    found: _Found = {}
    data = {key: item for key, item in tweet.items() if key not in {"__twarc", "matching_rules"}}
    envelope: JsonObject = {"data": _taken_apart(data, found)}
    if found:
        envelope["includes"] = {name: list(group.values()) for name, group in found.items()}
    if "matching_rules" in tweet:
        envelope["matching_rules"] = tweet["matching_rules"]
    return envelope


def _taken_apart(value: Any, found: _Found) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_taken_apart(item, found) for item in value]
    if not isinstance(value, dict):
        return value
    row = dict(value)
    for name, group, key in _INLINE:
        if isinstance(row.get(name), dict):
            _keep(row.pop(name), group, key, found)
    if isinstance(row.get("media"), list) and "media_keys" in row:
        for one in row.pop("media"):
            _keep(one, "media", "media_key", found)
    if isinstance(row.get("geo"), dict) and "place_id" in row["geo"]:
        row["geo"] = _geo(row["geo"], found)
    if isinstance(row.get("mentions"), list):
        row["mentions"] = [_mention(one, found) for one in row["mentions"]]
    if isinstance(row.get("referenced_tweets"), list):
        row["referenced_tweets"] = [_reference(one, found) for one in row["referenced_tweets"]]
    return {key: _taken_apart(item, found) for key, item in row.items()}


def _keep(value: Any, group: str, key: str, found: _Found) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict) and isinstance(value.get(key), str):
        known = found.setdefault(group, {})
        if len(value) > len(known.get(value[key], ())):
            known[value[key]] = _taken_apart(value, found)


def _geo(geo: JsonObject, found: _Found) -> JsonObject:
    place = {key: item for key, item in geo.items() if key not in _OWN_OF_GEO}
    _keep(place, "places", "id", found)
    return {key: item for key, item in geo.items() if key in _OWN_OF_GEO}


def _mention(mention: Any, found: _Found) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(mention, dict) or mention.keys() <= set(_OWN_OF_MENTION):
        return mention
    user = {key: item for key, item in mention.items() if key not in {"start", "end"}}
    _keep(user, "users", "id", found)
    return {key: mention[key] for key in _OWN_OF_MENTION if key in mention}


def _reference(reference: Any, found: _Found) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(reference, dict) or reference.keys() <= {"type", "id"}:
        return reference
    tweet = {key: item for key, item in reference.items() if key != "type"}
    _keep(tweet, "tweets", "id", found)
    return {key: reference[key] for key in ("type", "id") if key in reference}
