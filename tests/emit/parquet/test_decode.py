from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.columns.encode import to_json
from tap_twitter_stream.columns.shapes import StructOf, file_schema, shape_of
from tap_twitter_stream.emit.parquet.constant_columns import Block
from tap_twitter_stream.emit.parquet.decode import BlockReader
from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.wire.stamps import STAMP_COLUMNS, Origin, capture_stamp, data_stamp
from tests.columns.test_fit import JSON, SMALL, TWEETS

STATUSES = shape_of(file_schema(load_schema("statuses")))
PLAIN: dict[str, Any] = {"id": "1", "count": 2, "at": "2026-11-26T01:02:03Z", "names": ["a"]}


def reader(columns: StructOf = SMALL) -> tuple[BlockReader, list[tuple[str, bool]]]:
    drifted: list[tuple[str, bool]] = []
    return BlockReader(columns, lambda path, known: drifted.append((path, known))), drifted


def block(*records: object) -> Block:
    lines = b"".join(to_json(one) + b"\n" for one in records)
    return Block(lines, (), "2026-11-26T10:00:00Z")


def test_a_file_of_nulls_has_the_columns_of_a_full_one() -> None:
    full, _ = reader(TWEETS)
    empty, _ = reader(TWEETS)
    made = [full.read(block({"id": "1", "text": "x"})), empty.read(block({"id": None}))]
    assert made[0].schema.equals(made[1].schema)
    assert made[0].schema.equals(full.schema)


def test_odd_lines_stay_between_their_neighbours() -> None:
    read, drifted = reader()
    rows = read.read(
        block(PLAIN, {**PLAIN, "id": 7, "new": 1}, {**PLAIN, "open": {"a": 1}}, PLAIN)
    ).to_pylist()
    assert [row["id"] for row in rows] == ["1", "7", "1", "1"]
    assert [row["_extra"] for row in rows] == [None, '{"new":1}', None, None]
    assert rows[2]["open"] == '{"a":1}'
    assert rows[0]["at"] == datetime(2026, 11, 26, 1, 2, 3, tzinfo=timezone.utc)
    assert drifted == [("new", False)]


def test_a_name_is_reported_once() -> None:
    read, drifted = reader()
    for _ in range(3):
        read.read(block({**PLAIN, "new": 1, "count": "x"}, {**PLAIN, "new": 2}))
    assert sorted(drifted) == [("count", True), ("new", False)]


def test_a_column_that_is_filled_late_comes_up_in_its_place() -> None:
    read, _ = reader()
    read.read(block(PLAIN))
    later = read.read(block({**PLAIN, "geo": {"type": "Point"}, "urls": [{"end": 4}, None, {}]}))
    assert later.schema.equals(read.schema)
    (row,) = later.to_pylist()
    assert row["geo"] == {"type": "Point"}
    assert row["urls"] == [{"end": 4}, None, {"end": None}]
    (again,) = read.read(block({"id": "2", "geo": {}})).to_pylist()
    assert again["geo"] == {"type": None}


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"1","id":"2"}',
        b'{"at":"0000-00-00T00:00:00Z"}',
        b'{"at":"2026-11-26T01:02:03+99:00"}',
        b'{"share":1e999}',
        b'{"count":-9223372036854775809}',
        b'{"":1}',
        b'{"id":"\\ud83d\\ude00","new":"\\u00e9"}',
        b'{"names":[[]],"urls":[[],1,"x"],"geo":[]}',
        b"{}",
        b'{"_extra":{"a":1}}',
    ],
)
def test_any_object_becomes_one_row(line: bytes) -> None:
    read, _ = reader()
    table = read.read(Block(b"\n".join((to_json(PLAIN), line, to_json(PLAIN), b"")), (), ""))
    assert table.num_rows == 3
    assert table.schema.equals(read.schema)
    assert [row["id"] for row in table.to_pylist()][::2] == ["1", "1"]


@settings(max_examples=40)  # each reads a block by itself and all together
@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(TWEETS.fields)) | st.text(), JSON, max_size=5)
        | st.just({"id": "1"}),
        min_size=1,
        max_size=6,
    )
)
def test_blocks_read_like_single_lines(records: list[dict[str, Any]]) -> None:
    whole, _ = reader(TWEETS)
    single, _ = reader(TWEETS)
    rows = whole.read(block(*records))
    assert rows.equals(pa.concat_tables([single.read(block(one)) for one in records]))
    assert rows.num_rows == len(records)


def test_statuses_keep_what_is_open_inside_as_json() -> None:
    read, drifted = reader(STATUSES)
    status = {
        "id_str": "5",
        "entities": {"urls": [{"url": "u"}]},
        "user": {"id_str": "9", "derived": {"a": 1}},
        "retweeted_status": {"id_str": "4", "entities": {}, "anything": 1},
    }
    (row,) = read.read(block(status)).to_pylist()
    assert json.loads(row["entities"]) == status["entities"]
    assert json.loads(row["user"]["derived"]) == {"a": 1}
    assert json.loads(row["retweeted_status"]) == status["retweeted_status"]
    assert row["_extra"] is None
    assert drifted == []


def test_columns_of_a_stamp_come_beside_the_lines() -> None:
    stamps = [
        data_stamp(1_800_000_000_123_456, Origin("c-1", "filtered")),
        data_stamp(1_800_000_001_000_000, Origin("c-2", "sample", "backfill")),
        capture_stamp(1_800_000_002_000_000),
    ]
    assert set(stamps[0].columns) == set(STAMP_COLUMNS)
    drifted: list[str] = []
    read = BlockReader(TWEETS, lambda path, _: drifted.append(path), STAMP_COLUMNS)
    lines = block({"id": "1"}, {"id": "2", "new": 1}, {"id": "3"}, {"id": "4"}).lines
    runs = [(stamp.columns, rows) for stamp, rows in zip(stamps, (2, 1, 1), strict=True)]
    table = read.read(Block(lines, runs, stamps[0].time))
    assert table.schema.equals(reader(TWEETS)[0].schema)
    rows = table.select([*STAMP_COLUMNS, "id", "_extra"]).to_pylist()
    assert [row["_connection_id"] for row in rows] == ["c-1", "c-1", "c-2", None]
    assert [row["_delivery"] for row in rows] == ["live", "live", "backfill", None]
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["_captured_at"] == datetime.fromtimestamp(1_800_000_000, timezone.utc).replace(
        microsecond=123_456
    )
    assert drifted == ["new"]
