"""Made-up payloads against the schemas: both naming generations, nulls, and names to come."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.schema import Schema

from tap_twitter_stream.schema import load_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]
Path_ = tuple[str | int, ...]

PAYLOADS: dict[str, list[Node]] = json.loads(
    (Path(__file__).parents[1] / "data" / "payloads.json").read_text(encoding="utf-8")
)
ROWS = [
    pytest.param(stream, row, id=f"{stream}-{number}")
    for stream, rows in PAYLOADS.items()
    for number, row in enumerate(rows)
]


def schema_paths(node: Node, path: str = "") -> Iterator[str]:
    for name, member in node.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from schema_paths(member, f"{path}.{name}")
    if "items" in node:
        yield from schema_paths(node["items"], path)


def value_paths(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield f"{path}.{name}"
            yield from value_paths(member, f"{path}.{name}")
    if isinstance(value, list):
        for member in value:
            yield from value_paths(member, path)


def places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the way to every value inside an object."""
    steps: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        steps = iter(value.items())
    if isinstance(value, list):
        steps = iter(enumerate(value))
    for step, member in steps:
        yield (*path, step)
        yield from places(member, (*path, step))


def with_null(row: Node, path: Path_) -> Node:
    changed = copy.deepcopy(row)
    holder: Any = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = None
    return changed


def problems(stream: str, row: Node) -> list[str]:
    found = Draft7Validator(load_schema(stream)).iter_errors(row)
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.mark.parametrize(("stream", "row"), ROWS)
def test_a_payload_fits(stream: str, row: Node) -> None:
    assert problems(stream, row) == []


@pytest.mark.parametrize(("stream", "row"), ROWS)
def test_null_fits_wherever_there_is_a_value_but_in_keys(stream: str, row: Node) -> None:
    keys = load_schema(stream)["required"]
    for path in places(row):
        refused = problems(stream, with_null(row, path)) != []
        assert refused == (len(path) == 1 and path[0] in keys), path


@pytest.mark.parametrize("stream", PAYLOADS)
def test_a_row_of_keys_alone_fits_and_one_without_does_not(stream: str) -> None:
    keys = load_schema(stream)["required"]
    row = {key: PAYLOADS[stream][0][key] for key in keys}
    assert problems(stream, row) == []
    for key in keys:
        assert problems(stream, {name: row[name] for name in row if name != key}) != []


@pytest.mark.parametrize("stream", PAYLOADS)
def test_the_payloads_reach_every_property(stream: str) -> None:
    reached = {path for row in PAYLOADS[stream] for path in value_paths(row)}
    assert set(schema_paths(load_schema(stream))) - reached == set()


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("tweets", {"id": 1990000000000000001}),
        ("tweets", {"id": "1", "author_id": 2}),
        ("tweets", {"id": "1", "entities": {"hashtags": [{"start": "0"}]}}),
        ("users", {"id": "1", "public_metrics": {"tweet_count": "3"}}),
        ("tweet_rules", {"tweet_id": "1", "rule_id": 2}),
        ("raw_messages", {"spool_id": "s", "position": "1"}),
    ],
)
def test_a_wrong_type_is_refused(stream: str, row: Node) -> None:
    assert problems(stream, row) != []


@pytest.mark.parametrize(("stream", "row"), ROWS)
def test_the_sdk_passes_a_payload_through_unchanged(stream: str, row: Node) -> None:
    """The raw lane relies on it: open levels make the SDK's conformance change nothing."""
    conformed = conform_record_data_types(
        stream, row, load_schema(stream), TypeConformanceLevel.RECURSIVE, logging.getLogger()
    )
    assert conformed == row


@pytest.mark.parametrize("stream", PAYLOADS)
def test_the_catalog_of_the_sdk_keeps_the_whole_schema(stream: str) -> None:
    schema = load_schema(stream)
    assert Schema.from_dict(schema).to_dict() == schema


def test_every_schema_has_payloads() -> None:
    folder = Path(__file__).parents[2] / "schemas"
    assert {path.stem for path in folder.glob("*.json")} == set(PAYLOADS)
