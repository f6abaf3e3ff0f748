from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.emit.text_columns import (
    UNKNOWN_FIELDS,
    as_text,
    is_scalar,
    text_row,
    text_schema,
)
from tap_twitter_stream.schema import load_schema

STREAMS = sorted(path.stem for path in Path("schemas").glob("*.json"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
COLUMNS = frozenset("abc")


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_is_plain_and_no_shared_schema_changes(stream: str) -> None:
    before = json.dumps(load_schema(stream))
    made = text_schema(load_schema(stream))
    assert all(is_scalar(prop) for prop in made["properties"].values())
    assert set(made["properties"]) == {*load_schema(stream)["properties"], UNKNOWN_FIELDS}
    assert text_schema(made) == made
    assert json.dumps(load_schema(stream)) == before


@given(st.dictionaries(st.sampled_from("abcde"), values))
def test_no_value_is_lost_and_none_is_nested(row: dict[str, Any]) -> None:
    made = json.loads(as_text(msgspec.json.encode(row), COLUMNS))
    assert not any(isinstance(value, (dict, list)) for value in made.values())
    back = json.loads(made.pop(UNKNOWN_FIELDS, "{}"))
    for name, value in made.items():
        nested = isinstance(row[name], (dict, list))
        back[name] = json.loads(value) if nested else value
    assert back == row


def test_a_row_of_the_tap_is_treated_alike() -> None:
    schema: dict[str, Any] = {"properties": {"a": {}, "b": {}}}
    assert text_row({"a": [1], "b": 2, "x": {}}, schema) == {
        "a": "[1]",
        "b": 2,
        UNKNOWN_FIELDS: '{"x":{}}',
    }
