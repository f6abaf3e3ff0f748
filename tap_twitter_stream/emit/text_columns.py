"""Rows for targets that cannot nest: each object or array becomes a column of JSON text.

Such targets (CSV writers, wide-column loaders) also fail on a field that no column was made for,
and X adds fields without notice. Those are gathered in one more column.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tap_twitter_stream.emit.lanes import Lane
    from tap_twitter_stream.wire.stamps import Stamp

UNKNOWN_FIELDS = "_unknown_fields"
_SCALARS = {"string", "integer", "number", "boolean", "null"}
_TEXT = ["null", "string"]

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def text_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a stream's schema with text in place of objects and arrays."""
    made = copy.deepcopy(schema)
    properties = made["properties"]
    for prop in properties.values():
        if not is_scalar(prop):
            words = prop.get("description", "").rstrip(".")
            prop.clear()
            prop.update({"type": _TEXT, "description": f"{words}. JSON as text.".lstrip(". ")})
    properties[UNKNOWN_FIELDS] = {
        "type": _TEXT,
        "description": "Fields that have no column, as a JSON object.",
    }
    return made


def is_scalar(prop: dict[str, Any]) -> bool:
    """Return whether a property holds one plain value, as far as its schema says."""
    kinds = prop.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    return bool(kinds) and kinds <= _SCALARS


class TextLane:
    """Makes text of what is nested, then hands the record on.

    Args:
        lane: Where the record goes.
        schema: What ``text_schema`` returned.
    """

    def __init__(self, lane: Lane, schema: dict[str, Any]) -> None:
        self._lane = lane
        self._columns = frozenset(schema["properties"])

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Append the lines for one record; see ``Lane``."""
        return self._lane.write(as_text(raw, self._columns), stamp, parts)


def text_row(row: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the row that ``TextLane`` would make, for one that the SDK writes itself."""
    made: dict[str, Any] = msgspec.json.decode(
        as_text(_encode(row), frozenset(schema["properties"]))
    )
    return made


def as_text(raw: bytes, columns: frozenset[str]) -> bytes:
    """Return a JSON object whose members are plain values, the nested ones as JSON text."""
    row: dict[str, msgspec.Raw | str] = {}
    unknown: dict[str, msgspec.Raw] = {}
    for name, value in _members(raw).items():
        if name not in columns:
            unknown[name] = value
        elif bytes(value)[:1] in (b"{", b"["):
            row[name] = bytes(value).decode()
        else:
            row[name] = value
    if unknown:
        row[UNKNOWN_FIELDS] = _encode(unknown).decode()
    return _encode(row)
