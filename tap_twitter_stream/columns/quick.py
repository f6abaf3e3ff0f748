"""Check lines against their columns at the decoder's speed, and make text of what is open inside.

For most lines of a block that Arrow refuses: one decode tells that a line fits as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tap_twitter_stream.columns.fit import INSTANT
from tap_twitter_stream.columns.shapes import ListOf, Scalar, Shape, StructOf

if TYPE_CHECKING:
    from collections.abc import Callable

_encode = msgspec.json.Encoder().encode
_SCALARS: dict[Scalar, Any] = {
    Scalar.TEXT: str,
    Scalar.JSON: Raw,
    Scalar.INTEGER: Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)],
    Scalar.NUMBER: float,
    Scalar.BOOLEAN: bool,
    Scalar.INSTANT: Annotated[str, Meta(pattern=f"^(?:{INSTANT})$")],
}


class QuickFit:
    """Knows the columns of one stream as a type of the decoder."""

    def __init__(self, columns: StructOf) -> None:
        self._decode = msgspec.json.Decoder(_type(columns)).decode
        self._open_up = _opener(columns)

    def fit(self, line: bytes) -> bytes | None:
        """Return a line that fits as it is or with its open values as text; None for another."""
        try:
            row = self._decode(line)
        except (msgspec.DecodeError, RecursionError):
            return None
        if self._open_up is not None and self._open_up(row):
            return _encode(row)
        return line


def _type(shape: Shape) -> Any:  # noqa: ANN401 - a type made at run time
    if isinstance(shape, ListOf):
        return list.__class_getitem__(_optional(shape.item))
    if isinstance(shape, Scalar):
        return _SCALARS[shape]
    # Members may have names that are no names in Python.
    renamed = {f"f{number}": name for number, name in enumerate(shape.fields)}
    members = [
        (f"f{number}", _optional(one) | UnsetType, UNSET)
        for number, one in enumerate(shape.fields.values())
    ]
    return msgspec.defstruct(
        "Row", members, rename=renamed, forbid_unknown_fields=True, gc=False, omit_defaults=True
    )


def _optional(shape: Shape) -> Any:  # noqa: ANN401 - a type made at run time
    kind = _type(shape)
    return kind if kind is Raw else kind | None


def _opener(shape: Shape) -> Callable[[Any], bool] | None:
    """Return what makes text of the open values inside a decoded value and tells if it did."""
    if isinstance(shape, ListOf):
        return _list_opener(shape)
    if isinstance(shape, Scalar):
        return None
    leaves = [f"f{n}" for n, one in enumerate(shape.fields.values()) if one is Scalar.JSON]
    inner = [
        (f"f{n}", opener)
        for n, one in enumerate(shape.fields.values())
        if (opener := _opener(one)) is not None
    ]
    if not leaves and not inner:
        return None

    def open_up(row: Struct) -> bool:
        changed = False
        for name in leaves:
            value = getattr(row, name)
            if value is not UNSET and (text := _text(value)) is not None:
                setattr(row, name, text)
                changed = True
        for name, opener in inner:
            value = getattr(row, name)
            if value is not UNSET and value is not None:
                changed |= opener(value)
        return changed

    return open_up


def _list_opener(shape: ListOf) -> Callable[[Any], bool] | None:
    if shape.item is Scalar.JSON:

        def open_items(items: list[Any]) -> bool:
            texts = [_text(item) for item in items]
            items[:] = [
                item if text is None else text for item, text in zip(items, texts, strict=True)
            ]
            return any(text is not None for text in texts)

        return open_items
    opener = _opener(shape.item)
    if opener is None:
        return None

    def open_each(items: list[Any]) -> bool:
        changed = False
        for item in items:
            if item is not None:
                changed |= opener(item)
        return changed

    return open_each


def _text(value: Raw) -> str | None:
    """Return JSON as text; None for what is text or null already."""
    raw = bytes(value)
    return None if raw == b"null" or raw[:1] == b'"' else raw.decode()
