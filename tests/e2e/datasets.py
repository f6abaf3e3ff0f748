"""What a dataset holds, by three readers of Parquet and by the RECORD messages beside it.

Each leaf column that lies in no list is summed up: how many values, and characters of a text, the
value of a number, trues of a boolean, microseconds of an instant, items of a list.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tap_twitter_stream.columns.shapes import ListOf, Scalar, Shape, StructOf, file_schema, shape_of
from tap_twitter_stream.schema import load_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Json = dict[str, Any]
Sums = dict[str, tuple[int, float]]
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def settings(root: Path, **more: object) -> Json:
    """Return ``batch_config`` for a folder."""
    return {"encoding": {"format": "parquet"}, "storage": {"root": str(root)}, **more}


def paths(root: Path, stream: str) -> list[Path]:
    """Return a stream's files, in the order of the log."""
    return sorted((root / stream).glob("dt=*/hr=*/*.parquet"), key=lambda path: path.name)


def rows(root: Path, stream: str) -> list[Json]:
    """Return a stream's rows, without nulls at the top."""
    return [
        {name: value for name, value in row.items() if value is not None}
        for path in paths(root, stream)
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def ids(root: Path, stream: str = "tweets", column: str = "id") -> list[str]:
    """Return one column of a stream."""
    return [
        one
        for path in paths(root, stream)
        for one in pq.ParquetFile(path).read([column])[column].to_pylist()
    ]


def manifests(root: Path) -> list[Json]:
    """Return the manifests of a dataset, oldest first."""
    found = sorted((root / "_manifests").glob("*.json"), key=lambda path: path.name.split(".")[1:])
    return [json.loads(path.read_bytes()) for path in found]


def leaves(stream: str) -> dict[str, Shape]:
    """Return the columns of a stream that lie in no list, by dotted path."""
    return dict(_leaves(shape_of(file_schema(load_schema(stream))), ""))


def _leaves(shape: StructOf, prefix: str) -> Iterator[tuple[str, Shape]]:
    for name, one in shape.fields.items():
        if isinstance(one, StructOf):
            yield from _leaves(one, f"{prefix}{name}.")
        else:
            yield prefix + name, one


class RecordSums:
    """Sums of RECORD messages, taken one by one."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = defaultdict(int)
        self._columns: dict[str, dict[str, Shape]] = {}
        self._sums: dict[str, dict[str, list[float]]] = {}

    def add(self, stream: str, record: Json) -> None:
        """Take one record."""
        self.rows[stream] += 1
        if stream not in self._columns:
            self._columns[stream] = leaves(stream)
            self._sums[stream] = {path: [0, 0] for path in self._columns[stream]}
        sums = self._sums[stream]
        for path, shape in self._columns[stream].items():
            value: Any = record
            for name in path.split("."):
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                sums[path][0] += 1
                sums[path][1] += _worth(shape, value)

    def of(self, stream: str) -> Sums:
        """Return the sums of a stream."""
        return {
            path: (int(n), round(float(total), 3))
            for path, (n, total) in self._sums[stream].items()
        }


def _worth(shape: Shape, value: Any) -> float:  # noqa: ANN401 - any JSON value
    if shape is Scalar.JSON:
        return 0
    if shape is Scalar.INSTANT:
        return (datetime.fromisoformat(value.replace("Z", "+00:00")) - _EPOCH) // _MICROSECOND
    return (
        len(value)
        if isinstance(value, (str, list))
        else int(value)
        if shape is not Scalar.NUMBER
        else float(value)
    )


def duckdb_sums(root: Path, stream: str) -> Sums:
    """Return the sums that DuckDB finds."""
    terms = []
    columns = leaves(stream)
    for path, shape in columns.items():
        name = ".".join(f'"{part}"' for part in path.split("."))
        terms.append(f"count({name})")
        terms.append(
            f"sum(len({name}))"
            if isinstance(shape, ListOf) or shape is Scalar.TEXT
            else f"sum(epoch_us({name}))"
            if shape is Scalar.INSTANT
            else f"sum({name}::DOUBLE)"
            if shape is Scalar.NUMBER
            else "0"
            if shape is Scalar.JSON
            else f"sum({name}::HUGEINT)"
        )
    files = f"{root}/{stream}/*/*/*.parquet"
    query = f"SELECT {', '.join(terms)} FROM read_parquet('{files}')"  # noqa: S608 - our own names
    (found,) = duckdb.connect().execute(query).fetchall()
    return _paired(columns, found)


def polars_sums(root: Path, stream: str) -> Sums:
    """Return the sums that Polars finds."""
    columns = leaves(stream)
    frame = pl.scan_parquet(f"{root}/{stream}/*/*/*.parquet", hive_partitioning=False)
    terms = []
    for number, (path, shape) in enumerate(columns.items()):
        first, *rest = path.split(".")
        column = pl.col(first)
        for part in rest:
            column = column.struct.field(part)
        if isinstance(shape, ListOf):
            worth = column.list.len().cast(pl.Int64)
        elif shape is Scalar.TEXT:
            worth = column.str.len_chars().cast(pl.Int64)
        elif shape is Scalar.INSTANT:
            worth = column.dt.epoch("us").cast(pl.Int128)
        elif shape is Scalar.JSON:
            worth = pl.lit(0)
        else:
            worth = column.cast(pl.Float64 if shape is Scalar.NUMBER else pl.Int64)
        terms += [column.count().alias(f"n{number}"), worth.sum().alias(f"s{number}")]
    return _paired(columns, frame.select(terms).collect(engine="streaming").row(0))


def arrow_sums(root: Path, stream: str) -> Sums:
    """Return the sums that PyArrow finds, file by file as its dataset lists them."""
    columns = leaves(stream)
    totals: list[float] = [0] * (2 * len(columns))
    for batch in ds.dataset(root / stream, partitioning="hive").to_batches():
        for number, (path, shape) in enumerate(columns.items()):
            column = batch
            for part in path.split("."):
                column = column[part] if column is batch else pc.struct_field(column, part)
            totals[2 * number] += len(column) - column.null_count
            totals[2 * number + 1] += _arrow_worth(column, shape)
    return _paired(columns, totals)


def _arrow_worth(column: Any, shape: Shape) -> float:  # noqa: ANN401 - pyarrow has no types
    if shape is Scalar.JSON:
        return 0
    if isinstance(shape, ListOf):
        column = pc.list_value_length(column)
    elif shape is Scalar.TEXT:
        column = pc.utf8_length(column)
    elif shape is Scalar.INSTANT:
        # The sum of so many microseconds is beyond 64 bits.
        instants: list[int | None] = column.cast(pa.int64()).to_pylist()
        return sum(one for one in instants if one is not None)
    total: float = pc.sum(column).as_py() or 0
    return total


def _paired(columns: Iterable[str], found: Sequence[float]) -> Sums:
    pairs = zip(found[::2], found[1::2], strict=True)
    return {
        path: (int(count), round(float(total or 0), 3))
        for path, (count, total) in zip(columns, pairs, strict=True)
    }
