"""Shapes as Arrow types, and tables that lack columns made whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa

from tap_twitter_stream.columns.shapes import ListOf, Scalar, Shape, StructOf

if TYPE_CHECKING:
    from collections.abc import Mapping

# Bump it when the same JSON Schema comes to make other columns.
SCHEMA_VERSION = 1
_PREFIX = "tap_twitter_stream."
_SCALARS = {
    Scalar.TEXT: pa.string(),
    Scalar.JSON: pa.string(),
    Scalar.INTEGER: pa.int64(),
    Scalar.NUMBER: pa.float64(),
    Scalar.BOOLEAN: pa.bool_(),
    Scalar.INSTANT: pa.timestamp("us", tz="UTC"),
}


def arrow_schema(columns: StructOf) -> pa.Schema:
    """Return the columns of a stream's files."""
    return pa.schema([(name, _type(one)) for name, one in columns.fields.items()])


def schema_hash(schema: pa.Schema) -> str:
    """Return a text that is equal for equal columns and differs for others."""
    return hashlib.blake2s(str(schema.remove_metadata()).encode(), digest_size=8).hexdigest()


def described(schema: pa.Schema, facts: Mapping[str, str]) -> pa.Schema:
    """Return the schema with the facts that stand in a file's footer."""
    own = {
        "schema_version": str(SCHEMA_VERSION),
        "schema_hash": schema_hash(schema),
        **facts,
    }
    return schema.with_metadata({_PREFIX + name: own[name] for name in own})


def footer_facts(schema: pa.Schema) -> dict[str, str]:
    """Return the facts that ``described`` has put into a footer."""
    found = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    return {name.removeprefix(_PREFIX): found[name] for name in found if name.startswith(_PREFIX)}


def _type(shape: Shape) -> pa.DataType:
    if isinstance(shape, StructOf):
        return pa.struct([(name, _type(one)) for name, one in shape.fields.items()])
    if isinstance(shape, ListOf):
        return pa.list_(_type(shape.item))
    return _SCALARS[shape]


def seen(known: pa.DataType | None, whole: pa.DataType, values: pa.Array) -> pa.DataType | None:
    """Return the part of a type that was ever filled: before (``known``) or by ``values``."""
    if values.null_count == len(values):
        return known
    if pa.types.is_struct(whole):
        fields = []
        for index, field in enumerate(whole):
            before = _child(known, field.name)
            part = seen(before, field.type, values.field(index))
            if part is not None:
                fields.append(pa.field(field.name, part))
        return pa.struct(fields)
    if pa.types.is_list(whole):
        item = seen(known.value_type if known else None, whole.value_type, values.values)
        return pa.list_(item) if item is not None else known
    return whole


def _child(known: pa.DataType | None, name: str) -> pa.DataType | None:
    if known is None:
        return None
    index = known.get_field_index(name)
    return known.field(index).type if index >= 0 else None


def widened(values: pa.Array, whole: pa.DataType) -> pa.Array:
    """Return the array with every member that its type lacks, as nulls."""
    if values.type == whole:
        return values
    if pa.types.is_list(whole):
        items = widened(values.values, whole.value_type)
        nulls = values.is_null() if values.null_count else None
        return pa.ListArray.from_arrays(values.offsets, items, type=whole, mask=nulls)
    members = []
    for field in whole:
        index = values.type.get_field_index(field.name)
        found = index >= 0
        members.append(
            widened(values.field(index), field.type) if found else pa.nulls(len(values), field.type)
        )
    nulls = values.is_null() if values.null_count else None
    return pa.StructArray.from_arrays(members, fields=list(whole), mask=nulls)
