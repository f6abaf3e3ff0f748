r"""Find and replace what text columns cannot hold: U+0000 and lone surrogates.

SQL targets die of both, and a run that dies on one post is worth less than one replaced
character, so every lane replaces them by U+FFFD.
"""

from __future__ import annotations

import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FOREIGN = {0: REPLACEMENT, **dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)}


_NUL = re.compile(rb"\\u0000").search


def may_escape_nul(line: bytes) -> bool:
    r"""Tell whether a JSON line may hold U+0000, which JSON can only escape.

    Nothing need be asked about lone surrogates: msgspec refuses them in every string, those that it
    only skips among them. A backslash that is itself escaped makes this err on the side of True.
    """
    # Four zeros alone are found four times as fast, and most lines have none.
    return b"0000" in line and _NUL(line) is not None


def clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value with U+0000 and lone surrogates replaced, keys included."""
    if isinstance(value, str):
        # Most strings are names of members: nine tenths of the time goes with these.
        return value if value.isascii() and "\0" not in value else value.translate(_FOREIGN)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value
