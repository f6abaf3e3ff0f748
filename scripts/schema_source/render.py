"""Turn nodes and tables into Draft 7 schemas: open, nullable and described at every level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]
Member = tuple[str, str] | tuple[str, str, Mapping[str, tuple[str, str]]]

_KINDS: dict[str, Node] = {
    "boolean": {"type": ["boolean"]},
    "integer": {"type": ["integer"]},
    "integers": {"type": ["array"], "items": {"type": ["integer"]}},
    "number": {"type": ["number"]},
    "numbers": {"type": ["array"], "items": {"type": ["number"]}},
    "object": {"type": ["object"], "properties": {}},
    "object or string": {"type": ["object", "string"], "properties": {}},
    "rows": {"type": ["array"]},
    "string": {"type": ["string"]},
    "strings": {"type": ["array"], "items": {"type": ["string"]}},
    "time": {"type": ["string"], "format": "date-time"},
}

CAPTURED_AT: Mapping[str, Member] = {
    "_captured_at": (
        "time",
        (
            "When the bytes of this row arrived, or, for a row the tap made itself, when it was "
            "made. UTC, microseconds."
        ),
    ),
}
PROVENANCE: Mapping[str, Member] = {
    **CAPTURED_AT,
    "_connection_id": (
        "string",
        (
            "Connection that delivered the row: `connection_id` of `capture_connections`. "
            "Null when no connection was involved."
        ),
    ),
    "_delivery": (
        "string",
        (
            "How the row reached the tap: `live`, `backfill` (redelivered at connect), `recovery` "
            "(replay of a past interval), `search` (recent search filling a gap), "
            "`archive` (a file)."
        ),
    ),
    "_endpoint": ("string", "Name of the endpoint that delivered the row, as in the settings."),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One stream: what its file says besides what is true of all files."""

    title: str
    description: str
    keys: tuple[str, ...]
    members: Mapping[str, Member]
    provenance: Mapping[str, Member] = field(default_factory=lambda: PROVENANCE)


def node_of(member: Member) -> Node:
    """Return the node of one line of a table."""
    node = {**_KINDS[member[0]], "description": member[1]}
    if len(member) == 3:  # noqa: PLR2004  # kind, description, columns of the rows or the object
        columns = {name: node_of(column) for name, column in member[2].items()}
        if member[0] == "object":
            node["properties"] = columns
        else:
            node["items"] = {"type": ["object"], "properties": columns}
    return node


def nodes_of(members: Mapping[str, Member]) -> dict[str, Node]:
    """Return the nodes of a whole table, by name."""
    return {name: node_of(member) for name, member in members.items()}


def render(stream: str, table: Table, members: Mapping[str, Node]) -> Node:
    """Return the schema file of one stream.

    Args:
        stream: Name of the stream and the file.
        table: Title, description, keys and provenance of the stream.
        members: Node of each property but the provenance, described.
    """
    ordered = {name: members[name] for name in table.keys}
    ordered |= {name: members[name] for name in sorted(members)}
    ordered |= nodes_of(table.provenance)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:tap-twitter-stream:schema:{stream}:1",
        "title": table.title,
        "description": table.description,
        "type": "object",
        "additionalProperties": True,
        "required": list(table.keys),
        "properties": {
            name: _published(node, is_key=name in table.keys) for name, node in ordered.items()
        },
    }


def _published(node: Node, *, is_key: bool = False) -> Node:
    kinds: list[str] = node["type"]
    out: Node = {"type": kinds[0] if is_key else [*kinds, "null"]}
    out |= {word: node[word] for word in ("format", "description") if word in node}
    if "array" in kinds and "items" in node:
        out["items"] = _published(node["items"])
    if "object" in kinds:
        out["additionalProperties"] = True
        out["properties"] = {
            name: _published(member) for name, member in sorted(node["properties"].items())
        }
    return out
