"""What a rule would like of a post: the tree of a rule in, wishes for the making of posts out.

A wish only makes a match likely, by what the rule asks for: words, people, kinds. Whether the post
that comes of it matches is found out afterwards, and what a rule excludes is left to chance.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.material import words
from twitter_stream_simulator.rules.language import Clause, Every

if TYPE_CHECKING:
    from collections.abc import Callable

    from twitter_stream_simulator.rules.language import Node

_KIND = {"retweet": "retweeted", "reply": "replied_to", "quote": "quoted"}
_MEDIA = {"media": "photo", "images": "photo", "video_link": "video"}
_SOMEBODY = "made_up_0007"


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where it leads, and what X found there (empty means what chance brings)."""

    page: str = ""
    title: str = ""
    description: str = ""

    @property
    def short(self) -> str:
        """The link as it stands in the text."""
        number = zlib.crc32(f"{self.page} {self.title} {self.description}".encode())
        return f"https://t.example/{number:010x}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a post should have; what is empty or ``None`` is left to chance.

    ``other`` is the author of what it answers, repeats or quotes; people are named by username or
    id. ``topic`` is a domain's id, an entity's id and its name.
    """

    words: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    cashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    lang: str = ""
    author: str = ""
    is_verified: bool = False
    kind: str | None = None
    other: str = ""
    reference_id: str = ""
    conversation_id: str = ""
    media: str = ""
    place: str | None = None
    country: str = ""
    point: tuple[float, float] | None = None
    topic: tuple[str, str, str] | None = None

    @property
    def text(self) -> str:
        """What the text ends in."""
        tags = [f"#{tag}" for tag in self.hashtags] + [f"${tag}" for tag in self.cashtags]
        names = [f"@{name}" for name in self.mentions]
        return " ".join([*self.words, *tags, *names, *(link.short for link in self.links)])

    def and_also(self, changes: dict[str, Any]) -> Wish:
        """Return both wishes in one: lists add up, else the later one wins."""
        merged = {
            name: getattr(self, name) + value if name in _LISTS else value
            for name, value in changes.items()
        }
        return replace(self, **merged)


_LISTS = ("words", "hashtags", "cashtags", "mentions", "links")
NO_WISH = Wish()


def wish_of(node: Node, turn: int, wish: Wish = NO_WISH) -> Wish:
    """Add to a wish what a rule asks for.

    Args:
        node: The tree of the rule.
        turn: Which of its alternatives shall be met; any number will do.
        wish: What was wished for before.
    """
    for clause in _wanted(node, turn):
        changes = _WISHES.get(clause.operator)
        wish = wish.and_also(changes(clause.value)) if changes else wish
    return wish


def _wanted(node: Node, turn: int) -> tuple[Clause, ...]:
    """Return the positive clauses of one way to match."""
    if isinstance(node, Clause):
        return () if node.negated else (node,)
    if isinstance(node, Every):
        return tuple(clause for part in node.parts for clause in _wanted(part, turn))
    turn, which = divmod(turn, len(node.parts))
    return _wanted(node.parts[which], turn)


def _url(value: str) -> dict[str, Any]:
    page = value if value.startswith("http") else f"https://links.example/{value}"
    return {"links": (Link(page=page.replace(" ", "-")),)}


def _is(value: str) -> dict[str, Any]:
    if value.lower() == "verified":
        return {"is_verified": True}
    return {"kind": _KIND[value.lower()]} if value.lower() in _KIND else {}


def _has(value: str) -> dict[str, Any]:
    simple: dict[str, dict[str, Any]] = {
        "hashtags": {"hashtags": (words.HASHTAGS[0],)},
        "cashtags": {"cashtags": ("FOG",)},
        "mentions": {"mentions": (_SOMEBODY,)},
        "links": {"links": (Link(),)},
        "geo": {"place": ""},
    }
    return simple.get(value.lower()) or {"media": _MEDIA[value.lower()]}


def _numbers(value: str) -> list[float]:
    return [float(one.rstrip("kmi")) for one in value.strip("[]").lower().split()]


def _box(value: str) -> dict[str, Any]:
    west, south, east, north = _numbers(value)
    return {"place": "", "point": ((west + east) / 2, (south + north) / 2)}


def _radius(value: str) -> dict[str, Any]:
    lon, lat, _ = _numbers(value)
    return {"place": "", "point": (lon, lat)}


def _topic(value: str) -> dict[str, Any]:
    domain, _, entity = value.partition(".")
    return {"topic": (domain, "" if entity == "*" else entity, "")}


_WISHES: dict[str, Callable[[str], dict[str, Any]]] = {
    "keyword": lambda v: {"words": (v,)},
    "#": lambda v: {"hashtags": (v,)},
    "$": lambda v: {"cashtags": (v,)},
    "@": lambda v: {"mentions": (v.removeprefix("@"),)},
    "from": lambda v: {"author": v.removeprefix("@")},
    "to": lambda v: {"kind": "replied_to", "other": v.removeprefix("@")},
    "retweets_of": lambda v: {"kind": "retweeted", "other": v.removeprefix("@")},
    "url": _url,
    "url_contains": _url,
    "url_title": lambda v: {"links": (Link(title=v),)},
    "url_description": lambda v: {"links": (Link(description=v),)},
    "context": _topic,
    "entity": lambda v: {"topic": ("", "", v)},
    "conversation_id": lambda v: {"kind": "replied_to", "conversation_id": v},
    "place": lambda v: {"place": v},
    "place_country": lambda v: {"place": "", "country": v.upper()},
    "point_radius": _radius,
    "bounding_box": _box,
    "in_reply_to_tweet_id": lambda v: {"kind": "replied_to", "reference_id": v},
    "retweets_of_tweet_id": lambda v: {"kind": "retweeted", "reference_id": v},
    "is": _is,
    "has": _has,
    "lang": lambda v: {"lang": v},
}
