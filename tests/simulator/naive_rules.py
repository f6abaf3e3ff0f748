"""Rules by a second hand: written from trees, and decided by looking at sent messages only."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import hypothesis.strategies as st

Json: TypeAlias = "dict[str, Any]"
# A kind and what belongs to it: a text to "clause" and "not", parts to "and" and "or".
Tree: TypeAlias = "tuple[str, Any]"

WORDS = ("fog", "teapots", "moon", "tea", "lighthouse", "harbour", "cat", "spoonful")
CLAUSES = (
    *WORDS,
    '"moon garden"',
    '"paper lighthouse"',
    "#teapots",
    "#fog_museum",
    "@made_up_0003",
    "from:made_up_0005",
    "place_country:GB",
    "bio:fog",
    "min_followers:100",
    "context:46.*",
    'entity:"gravel"',
)
NARROWING = (
    "lang:en",
    "lang:ja",
    "is:retweet",
    "is:reply",
    "is:quote",
    "is:verified",
    "has:images",
    "has:video_link",
    "has:media",
    "has:links",
    "has:hashtags",
    "has:mentions",
    "has:geo",
)


def trees() -> st.SearchStrategy[Tree]:
    """Return rules that X takes: each way to match has a clause that may stand alone."""
    alone = st.sampled_from(CLAUSES).map(lambda text: ("clause", text))
    other = st.sampled_from(CLAUSES + NARROWING)
    either = st.one_of(other.map(lambda t: ("clause", t)), other.map(lambda t: ("not", t)))

    def both(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        narrowed = st.tuples(inner, st.lists(either, min_size=1, max_size=3))
        conjunction = narrowed.map(lambda pair: ("and", [pair[0], *pair[1]]))
        return conjunction | st.lists(inner, min_size=2, max_size=3).map(lambda p: ("or", p))

    return st.recursive(alone, both, max_leaves=5)


def written(tree: Tree, *, inside: str = "or") -> str:
    """Write a rule with no more parentheses than the order of operations asks for."""
    kind, parts = tree
    if kind in {"clause", "not"}:
        return f"-{parts}" if kind == "not" else str(parts)
    sign = " OR " if kind == "or" else " "
    text = sign.join(written(part, inside=kind) for part in parts)
    return f"({text})" if kind == "or" and inside == "and" else text


def decide(tree: Tree, message: Json) -> bool:
    """Say whether a message, sent with everything there is, matches."""
    kind, parts = tree
    if kind == "and":
        return all(decide(part, message) for part in parts)
    if kind == "or":
        return any(decide(part, message) for part in parts)
    return _clause(parts, message) is (kind == "clause")


def _clause(text: str, message: Json) -> bool:
    data, operator, value = message["data"], *text.partition(":")[::2]
    contents = [data, *_originals(message, {"retweeted", "quoted"})]
    author = next(u for u in message["includes"]["users"] if u["id"] == data["author_id"])
    if operator in {"from", "bio", "min_followers"} or text == "is:verified":
        return _author(operator, value, author)
    if operator in {"lang", "is"}:
        return value in {data["lang"], *(r["type"] for r in _kinds(data))}
    if operator == "place_country":
        return value in _countries(message)
    if operator == "has":
        return _has(value, message, contents)
    return _content(text, contents)


def _author(operator: str, value: str, author: Json) -> bool:
    if operator == "bio":
        return bool(re.search(rf"(?<!\w){value}(?!\w)", author["description"].lower()))
    if operator == "min_followers":
        return bool(author["public_metrics"]["followers_count"] >= int(value))
    return bool(author["username"] == value if operator == "from" else author["verified"])


def _content(text: str, contents: list[Json]) -> bool:
    """Look for words, tags, names and topics in everything that counts as the post's content."""
    entities = [content.get("entities", {}) for content in contents]
    topics = [t for content in contents for t in content.get("context_annotations", ())]
    if text.startswith("#"):
        return text[1:] in [tag["tag"].lower() for e in entities for tag in e.get("hashtags", ())]
    if text.startswith("@"):
        return text[1:] in [m["username"] for e in entities for m in e.get("mentions", ())]
    if text.startswith("context:"):
        return any(t["domain"]["id"] == "46" for t in topics)
    if text.startswith("entity:"):
        return any(t["entity"]["name"] == "Gravel" for t in topics)
    pattern = rf"(?<!\w){text.strip(chr(34))}(?!\w)"
    return any(re.search(pattern, c.get("note_tweet", c)["text"].lower()) for c in contents)


def _has(what: str, message: Json, contents: list[Json]) -> bool:
    entities = [content.get("entities", {}) for content in contents]
    media = {one["type"] for one in message["includes"].get("media", ())}
    return {
        "media": bool(media),
        "images": "photo" in media,
        "video_link": "video" in media,
        "links": bool(media) or any(e.get("urls") for e in entities),
        "hashtags": any(e.get("hashtags") for e in entities),
        "mentions": any(e.get("mentions") for e in entities),
        "geo": bool(_countries(message)),
    }[what]


def _countries(message: Json) -> list[str]:
    """Return where a post was written; a retweet has no place."""
    if any(one["type"] == "retweet" for one in _kinds(message["data"])):
        return []
    return [place["country_code"] for place in message["includes"].get("places", ())]


def _kinds(data: Json) -> list[dict[str, str]]:
    kinds = {"retweeted": "retweet", "quoted": "quote", "replied_to": "reply"}
    return [{**r, "type": kinds[r["type"]]} for r in data.get("referenced_tweets", ())]


def _originals(message: Json, kinds: set[str]) -> list[Json]:
    ids = [r["id"] for r in message["data"].get("referenced_tweets", ()) if r["type"] in kinds]
    return [one for one in message["includes"].get("tweets", ()) if one["id"] in ids]
