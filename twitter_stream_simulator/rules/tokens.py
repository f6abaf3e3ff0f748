"""How rules see text: a text in, its words out."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache
from typing import TypeAlias

Tokens: TypeAlias = tuple[str, ...]
# Letters that stand without spaces between words, each a word here, so that words are found in
# them: kana, Han, half-width kana.
_SPACELESS = (
    (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
# The sign that asks for the picture of an emoji.
_VARIANT = "\ufe0f"
_ASCII_WORD = re.compile(r"\w+")


@lru_cache(maxsize=8192)
def tokens(text: str, *, fold: bool = False) -> Tokens:
    """Cut a text at punctuation, symbols and spaces, in lower case; an emoji is a word.

    Args:
        text: Text as posts carry it, with ``&amp;`` and the like.
        fold: Whether accents are dropped, as search does and the stream does not.
    """
    plain = unicodedata.normalize("NFC", html.unescape(text).casefold())
    if fold:
        parts = unicodedata.normalize("NFD", plain)
        plain = "".join(sign for sign in parts if unicodedata.category(sign) != "Mn")
    if plain.isascii():
        return tuple(_ASCII_WORD.findall(plain))
    found: list[str] = []
    word = ""
    for sign in plain:
        kind = _kind(sign)
        if kind == "in word":
            word += sign
            continue
        found += [word] if word else []
        word = ""
        found += [sign] if kind == "word" else []
    return tuple([*found, word] if word else found)


def contains(text: Tokens, phrase: Tokens) -> bool:
    """Say whether the words of a phrase follow each other in a text."""
    size = len(phrase)
    return any(text[at : at + size] == phrase for at in range(len(text) - size + 1))


def contains_near(text: Tokens, phrase: Tokens, slop: int) -> bool:
    """Say whether all words of a phrase stand together, with at most so many others between."""
    longest = len(phrase) + slop
    for at in range(len(text)):
        left = list(text[at : at + longest])
        try:
            for word in phrase:
                left.remove(word)
        except ValueError:
            continue
        return True
    return False


@cache
def _kind(sign: str) -> str:
    """Say what a sign does in a text: it is part of a word, a word of its own, or neither."""
    category = unicodedata.category(sign)
    if category == "So" or any(first <= ord(sign) <= last for first, last in _SPACELESS):
        return "word"
    if sign != _VARIANT and (sign == "_" or category[0] in "LNM"):
        return "in word"
    return "between"
