from __future__ import annotations

import pyarrow as pa
import pytest

from tap_twitter_stream.emit.parquet.packed import packed

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("tags", pa.list_(pa.struct([("tag", pa.string()), ("at", pa.int64())]))),
        ("none", pa.struct([("text", pa.string())])),
    ]
)


def batch(rows: int) -> pa.RecordBatch:
    """Return rows of which every other one has tags, and none the last column."""
    made = [
        {"id": str(n), "tags": [{"tag": "x" * (n % 50), "at": n}] if n % 2 else None}
        for n in range(rows)
    ]
    return pa.RecordBatch.from_pylist(made, schema=SCHEMA)


@pytest.mark.parametrize("rows", [0, 1, 10, 10_000])
def test_what_comes_out_is_what_went_in(rows: int) -> None:
    assert packed(batch(rows)).unpacked(SCHEMA).equals(batch(rows))


def test_rows_of_nothing_but_nulls_are_counted() -> None:
    nulls = pa.RecordBatch.from_pylist([{}] * 5, schema=SCHEMA)
    assert packed(nulls).unpacked(SCHEMA).equals(nulls)


def test_a_part_of_a_batch_does_not_keep_the_whole() -> None:
    part = packed(batch(10_000).slice(5000, 10))
    assert part.unpacked(SCHEMA).equals(batch(10_000).slice(5000, 10))
    assert part.size_bytes < 4096


def test_a_column_of_nulls_takes_no_memory() -> None:
    rows = batch(10_000)
    with_nulls, without = packed(rows), packed(rows.select(["id", "tags"]))
    assert with_nulls.size_bytes == without.size_bytes


def test_large_batches_lie_outside_the_heap() -> None:
    rows = batch(10_000)
    before_bytes = pa.total_allocated_bytes()
    held = packed(rows)
    assert held.size_bytes > 100_000
    assert pa.total_allocated_bytes() == before_bytes
