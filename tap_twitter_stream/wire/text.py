r"""Find and replace what text columns cannot hold: U+0000 and lone surrogates.

SQL targets die of both, and a run that dies on one post is worth less than one replaced
character, so every lane replaces them by U+FFFD.
"""

from __future__ import annotations

from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_LETTERS = frozenset(b"01234567")  # \ud0.. to \ud7..: no half of anything
_HIGH = frozenset(b"89ab")  # \ud8.. to \udb..: first half of a pair
_LOW = frozenset(b"cdef")  # \udc.. to \udf..: second half
_BACKSLASH = 0x5C
_ESCAPE_BYTES = 6
_FOREIGN = {0: REPLACEMENT, **dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)}


def may_need_cleaning(line: bytes) -> bool:
    r"""Tell whether a JSON line may escape U+0000 or a lone surrogate.

    Errs on the side of True: a True costs one slow path, a wrong False would break a target.
    Upper-case escapes, and escapes right behind a backslash, therefore count as suspects.
    A regular expression for this took 100 us a line, this takes about 2.
    """
    if b"\\u0000" in line or b"\\uD" in line:
        return True
    at = line.find(b"\\ud")
    while at >= 0:
        step = _valid_escape_bytes(line, at)
        if not step:
            return True
        at = line.find(b"\\ud", at + step)
    return False


def _valid_escape_bytes(line: bytes, at: int) -> int:
    r"""Length of the sound escape that starts at ``\ud``: a pair, Hangul, or 0 if unsound."""
    kind = line[at + 3 : at + 4]
    if line[at - 1] == _BACKSLASH or not kind:
        return 0
    if kind[0] in _LETTERS:
        return _ESCAPE_BYTES
    if kind[0] not in _HIGH:
        return 0
    partner = line[at + 6 : at + 10]
    sound = partner[:3] == b"\\ud" and partner[3:] != b"" and partner[3] in _LOW
    return 2 * _ESCAPE_BYTES if sound else 0


def clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value with U+0000 and lone surrogates replaced, keys included."""
    if isinstance(value, str):
        return value.translate(_FOREIGN)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value
