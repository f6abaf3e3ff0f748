"""Grant what a post was wished to have: an invented post and a wish in, the post changed.

Tags, names and links stand in the text already; here they become entities. Places, media and
topics are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.material import words
from twitter_stream_simulator.material.media import make_media, make_place
from twitter_stream_simulator.material.people import person

if TYPE_CHECKING:
    import random

    from twitter_stream_simulator.generation.wishes import Link, Wish
    from twitter_stream_simulator.material.post import Post

_TOPIC = ("46", "1100000000000000000", words.ENTITIES[0])


def grant(chance: random.Random, post: Post, wish: Wish, seed: int) -> None:
    """Add everything that a wish names and that is not made of words alone."""
    for tag in wish.hashtags:
        _mark(post, "hashtags", f"#{tag}", {"tag": tag})
    for tag in wish.cashtags:
        _mark(post, "cashtags", f"${tag}", {"tag": tag})
    for name in wish.mentions:
        user = person(seed, name)
        about = {"username": user["username"], "id": user["id"]}
        _mark(post, "mentions", f"@{name}", about)
        post.include("users", "entities.mentions.username", user)
    for link in wish.links:
        _mark(post, "urls", link.short, _link_entity(chance, link))
    if wish.media:
        _add_media(chance, post, wish.media)
    if wish.place is not None:
        add_place(chance, post, wish)
    if wish.topic:
        _add_topic(post, wish.topic)


def add_place(chance: random.Random, post: Post, wish: Wish) -> None:
    """Say where a post was written."""
    place = make_place(chance, wish.place or wish.country)
    if wish.country:
        place["country_code"] = wish.country
    if wish.point:
        west, south = wish.point
        place["geo"]["bbox"] = [west, south, west + 0.25, south + 0.25]
    point = {"type": "Point", "coordinates": place["geo"]["bbox"][:2]}
    post.includes = [one for one in post.includes if one.kind != "places"]
    post.tweet["geo"] = {"place_id": place["id"], "coordinates": point}
    post.include("places", "geo.place_id", place)


def link_entity(chance: random.Random, short: str, page: str) -> dict[str, Any]:
    """Return one link without its place, and with what X found behind it."""
    return {
        "url": short,
        "expanded_url": page,
        "display_url": page.partition("//")[2][:26] + "…",
        "status": 200,
        "title": chance.choice(chance.choice(words.PHRASES)[1]),
        "description": " ".join(chance.choice(words.PHRASES[0][1]) for _ in range(2)),
        "unwound_url": page,
    }


def _link_entity(chance: random.Random, link: Link) -> dict[str, Any]:
    entity = link_entity(chance, link.short, link.page or "https://links.example/fog")
    if link.title:
        entity["title"] = link.title
    if link.description:
        entity["description"] = link.description
    return entity


def _mark(post: Post, kind: str, shown: str, about: dict[str, Any]) -> None:
    """Describe a part of the text in the entities, by its last place."""
    start = post.tweet["text"].rfind(shown)
    entity = {"start": start, "end": start + len(shown), **about}
    entities = post.tweet.setdefault("entities", {})
    entities[kind] = [*entities.get(kind, ()), entity]


def _add_media(chance: random.Random, post: Post, kind: str) -> None:
    """Put one more picture or film of that kind before the others."""
    item = make_media(chance, kind)
    attachments = post.tweet.setdefault("attachments", {})
    attachments["media_keys"] = [*attachments.get("media_keys", ()), item["media_key"]]
    post.include("media", "attachments.media_keys", item)


def _add_topic(post: Post, topic: tuple[str, str, str]) -> None:
    """Add one context annotation; what the wish leaves open is the first of ours."""
    domain, entity, name = (given or ours for given, ours in zip(topic, _TOPIC, strict=True))
    annotation = {
        "domain": {"id": domain, "name": words.DOMAINS[0], "description": "Made up: wished for"},
        "entity": {"id": entity, "name": name},
    }
    post.tweet["context_annotations"] = [*post.tweet["context_annotations"], annotation]
