from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_twitter_stream.wire.text import REPLACEMENT, clean, may_escape_nul

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Letters, backslashes and text that looks like escapes among halves of pairs and U+0000.
TROUBLE = st.sampled_from(
    ["\0", "\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude00", "\U0001f600", "\\", "\\ud83d",
     "\\u0000", "u", "d", "\ud7ff", "\ue000", "\uac00", '"', "a"]
)  # fmt: skip
TEXT = st.lists(TROUBLE).map("".join) | st.text(st.characters())
VALUES = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)


def escaped(text: str, cases: Iterator[bool]) -> str:
    """Return a JSON string with every character escaped, digits in upper or lower case."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return '"' + "".join("\\u" + _cased(code, cases) for code in codes) + '"'


def _cased(code: str, cases: Iterator[bool]) -> str:
    return "".join(digit.upper() if next(cases) else digit for digit in code)


def endless(choices: list[bool]) -> Iterator[bool]:
    while True:
        yield from choices


class _Skips(msgspec.Struct):
    """Knows nothing of the line, so the decoder skips all of it."""


class _Keeps(msgspec.Struct):
    raw: msgspec.Raw = msgspec.Raw()


_DECODERS = [msgspec.json.Decoder(kind).decode for kind in (_Skips, _Keeps)]


def is_refused(line: bytes) -> bool:
    """Say whether both quick ways to read a line leave it to the thorough one."""
    assert not line.startswith(b"{")
    whole = b'{"raw":' + line + b"}"
    return may_escape_nul(whole) or all(_refuses(decode, whole) for decode in _DECODERS)


def _refuses(decode: Callable[[bytes], object], line: bytes) -> bool:
    try:
        decode(line)
    except msgspec.DecodeError:
        return True
    return False


def is_dirty(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return bool(clean(value) != value)


@given(VALUES)
@example("\\\ud800")
@example("\ud83d\\ude00")
def test_a_dirty_value_is_always_refused(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Mutant of the library, so to speak: one that skips a string without reading its escapes."""
    line = json.dumps([value]).encode()
    assert is_refused(line) or not is_dirty(json.loads(line))


@given(TEXT, st.lists(st.booleans(), min_size=1), st.sampled_from(["", "\\\\", '\\"', "\\n"]))
@example("\uda00", [True], "")
@example("\udc00", [False, True], "")
def test_a_dirty_string_is_refused_however_it_is_escaped(
    text: str, cases: list[bool], before: str
) -> None:
    line = '"' + before + escaped(text, endless(cases))[1:]
    assert is_refused(line.encode()) or not is_dirty(json.loads(line))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_sound_text_takes_the_fast_path(text: str) -> None:
    assert not is_refused(json.dumps(text.replace("\\", "/")).encode())


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", f"a{REPLACEMENT}b"),
        ("\ud800x", f"{REPLACEMENT}x"),
        ("x\udfff", f"x{REPLACEMENT}"),
        ("\U0001f600 \ud7ff \ue000", "\U0001f600 \ud7ff \ue000"),
    ],
)
def test_each_foreign_character_becomes_one_replacement(text: str, cleaned: str) -> None:
    assert clean({text: [text, 1]}) == {cleaned: [cleaned, 1]}


@given(VALUES)
def test_cleaning_twice_is_cleaning_once_and_gives_utf8(value: Any) -> None:  # noqa: ANN401
    once = clean(value)
    assert clean(once) == once
    assert b"\\u0000" not in json.dumps(once, ensure_ascii=False).encode().replace(b"\\\\", b"")
