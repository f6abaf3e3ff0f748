"""What each column of a stream's files holds, as its JSON Schema says. No Arrow here.

A column's shape is fixed by the schema alone, never by what happens to be in a file: a file of
nulls and a full one read the same.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

EXTRA = "_extra"
# Draft 7's word for text that is JSON itself: https://json-schema.org/draft-07 (validation, 8.4)
_JSON_TEXT = {"type": ["null", "string"], "contentMediaType": "application/json"}
# A whole status each, of which the schema names but what the tap resolves.
_TEXT_COLUMNS = frozenset({"retweeted_status", "quoted_status"})


class Scalar(Enum):
    """One plain value."""

    TEXT = "text"
    JSON = "json"  # anything that has no fixed inside, as JSON text
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"


@dataclass(frozen=True)
class ListOf:
    """A list whose items all have one shape."""

    item: Shape


@dataclass(frozen=True)
class StructOf:
    """An object with known members."""

    fields: Mapping[str, Shape]


Shape: TypeAlias = Scalar | ListOf | StructOf
_SCALARS = {"integer": Scalar.INTEGER, "number": Scalar.NUMBER, "boolean": Scalar.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Columns:
    """A stream as it is written: its name there, its schema and keys, and its name here.

    ``stamped`` columns come with a block as a whole, not in its lines.
    """

    name: str
    schema: dict[str, Any]
    keys: tuple[str, ...]
    source: str
    stamped: tuple[str, ...] = ()


def file_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a stream's schema as its files have it: what cannot be typed is JSON text.

    It is what the SCHEMA message says too, so that a target makes the columns it will be given.
    """
    made = _typed(schema)
    for name, one in schema["properties"].items():
        if "format" in one:
            made["properties"][name]["format"] = one["format"]
    made["properties"] |= {
        EXTRA: {
            **_JSON_TEXT,
            "description": (
                "Fields without a column, and values that do not fit theirs, as a JSON object: a"
                " dotted path to each value."
            ),
        }
    }
    return made


def shape_of(schema: Mapping[str, Any]) -> StructOf:
    """Return the columns that a stream's schema describes."""
    return StructOf({name: _shape(one) for name, one in schema["properties"].items()})


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    # An instant inside an object stays the text that X sent: targets make JSON of the objects in
    # BATCH files, and their encoders know no instants.
    left_out = {"properties", "items", "format"}
    made = {key: value for key, value in schema.items() if key not in left_out}
    if properties := schema.get("properties"):
        made["properties"] = {
            name: _json_text(one) if name in _TEXT_COLUMNS or _is_open(one) else _typed(one)
            for name, one in properties.items()
        }
    if isinstance(items := schema.get("items"), dict):
        made["items"] = _json_text(items) if _is_open(items) else _typed(items)
    return copy.deepcopy(made)


def _json_text(schema: dict[str, Any]) -> dict[str, Any]:
    words = str(schema.get("description", "")).rstrip(".")
    return {**_JSON_TEXT, "description": f"{words}. JSON as text.".lstrip(". ")}


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type", ())
    return ({kinds} if isinstance(kinds, str) else set(kinds)) - {"null"}


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Tell whether values of several kinds, or of an unknown inside, are allowed."""
    kinds = _kinds(schema)
    if kinds == {"object"}:
        return not schema.get("properties")
    if kinds == {"array"}:
        return not isinstance(schema.get("items"), dict)
    return len(kinds) != 1


def _shape(schema: Mapping[str, Any]) -> Shape:
    if _is_open(schema) or "contentMediaType" in schema:
        return Scalar.JSON
    (kind,) = _kinds(schema)
    if kind == "object":
        return shape_of(schema)
    if kind == "array":
        return ListOf(_shape(schema["items"]))
    if kind == "string":
        return Scalar.INSTANT if schema.get("format") == "date-time" else Scalar.TEXT
    return _SCALARS[kind]
