"""The plain parts of an invented post: chance in, text and the fields every post has out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.material import words

if TYPE_CHECKING:
    import random

    from twitter_stream_simulator.material.people import User

# Marks that a block of messages replaces in place: they have the width of what replaces them.
ID_MARK = "#ID" + "-" * 16
NOW_MARK = "#NOW" + "-" * 20
LATER_MARK = "#LATER" + "-" * 18
MS_MARK = "#MS" + "-" * 10
CLASSIC_NOW_MARK = "#CLASSIC" + "-" * 22
# One post in this many carries U+0000, or an unpaired surrogate.
NUL_EVERY, NUL_AT = 200, 7
SURROGATE_EVERY, SURROGATE_AT = 200, 13

Json = dict[str, Any]


def is_ascii_only(chance: random.Random, number: int) -> bool:
    """X escapes most text; an unpaired surrogate cannot be written any other way."""
    return number % SURROGATE_EVERY == SURROGATE_AT or chance.random() < 0.8  # noqa: PLR2004


def make_text(
    chance: random.Random, number: int, keyword: str, only_lang: str = ""
) -> tuple[str, str]:
    """Return the language and text of a post, with its share of awkward characters."""
    lang, phrases = chance.choice(words.PHRASES)
    if only_lang:
        written = {name.lower(): (name, texts) for name, texts in words.PHRASES}
        # In a language that nobody here writes, X takes what was written for it all the same.
        lang, phrases = written.get(only_lang.lower(), (only_lang, phrases))
    parts = [chance.choice(phrases) for _ in range(chance.randint(1, 3))]
    parts.append("".join(chance.choice(words.EMOJI) for _ in range(chance.randint(0, 3))))
    if number % 5 == 0:
        parts.append(f"a{chance.choice(words.SPECIALS)}b")
    if number % NUL_EVERY == NUL_AT:
        parts.append("nul\x00nul")
    if number % SURROGATE_EVERY == SURROGATE_AT:
        parts.append("half \ud83d face")
    parts.append(keyword)
    return lang, " ".join(part for part in parts if part)


def bare_tweet(chance: random.Random, author: User, lang: str, text: str) -> Json:
    """Return the fields that every post has."""
    return {
        "id": ID_MARK,
        "text": text,
        "edit_history_tweet_ids": [ID_MARK],
        "author_id": author["id"],
        "conversation_id": ID_MARK,
        "created_at": NOW_MARK,
        "edit_controls": {
            "edits_remaining": 5,
            "is_edit_eligible": chance.random() < 0.5,  # noqa: PLR2004
            "editable_until": LATER_MARK,
        },
        "lang": lang,
        "possibly_sensitive": chance.random() < 0.02,  # noqa: PLR2004
        "public_metrics": _fresh_metrics(),
        "reply_settings": chance.choice(("everyone", "everyone", "mentionedUsers", "following")),
    }


def _fresh_metrics() -> dict[str, int]:
    """Return the counts of a post that nobody has seen yet."""
    names = ("retweet", "reply", "like", "quote", "bookmark", "impression")
    return {f"{name}_count": 0 for name in names}


def make_topic(chance: random.Random) -> Json:
    """Return one context annotation."""
    domain, entity = chance.randrange(len(words.DOMAINS)), chance.randrange(len(words.ENTITIES))
    named = {"id": str(46 + domain), "name": words.DOMAINS[domain]}
    return {
        "domain": {**named, "description": f"Made up: {named['name']}"},
        "entity": {"id": str(1_100_000_000_000_000_000 + entity), "name": words.ENTITIES[entity]},
    }
