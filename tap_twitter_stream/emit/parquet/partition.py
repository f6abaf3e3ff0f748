"""Which hour's folder each row of a table belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tap_twitter_stream.instants import parse_us
from tap_twitter_stream.wire.snowflake import FIRST_SNOWFLAKE_ID, TWITTER_EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Streams whose rows lie where their post was made, and the column that tells. Rows of all others
# lie where they were captured: what a post refers to may be of any year.
POST_ID = {"tweets": "id", "statuses": "id_str", "tweet_rules": "tweet_id"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_HOUR_US = 3_600_000_000
_HOUR_MS = 3_600_000
_TIME_BITS = 22
# Ids from here on are of a year that no folder's name can hold.
_LAST_HOUR = 70_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one hour, with the span of their ids if those are numbers."""

    hour: int  # since 1970
    table: pa.Table
    ids: tuple[int, int] | None


def folder_of(hour: int) -> str:
    """Return the folder of an hour since 1970, in Hive's notation."""
    return f"{_EPOCH + timedelta(hours=hour):dt=%Y-%m-%d/hr=%H}"


def hour_of(time: str) -> int:
    """Return the hour since 1970 of an instant as records carry it."""
    return parse_us(time) // _HOUR_US


def parts_of(
    table: pa.Table, captured_hour: int, id_column: str | None, *, own: bool
) -> Iterator[Part]:
    """Cut a table by hour.

    Args:
        table: Rows of one stream.
        captured_hour: When its rows were captured.
        id_column: Column of the rows' ids, None when there is no such text column.
        own: Whether that id says where a row belongs.
    """
    numbers = _numbers(table[id_column]) if id_column is not None else None
    if numbers is None or not own:
        yield Part(captured_hour, table, _span(numbers))
        return
    hours = _hours(numbers, captured_hour)
    found = hours.unique()
    if len(found) == 1:
        yield Part(found[0].as_py(), table, _span(numbers))
        return
    for hour in sorted(found.to_pylist()):
        mask = pc.equal(hours, hour)
        yield Part(hour, table.filter(mask), _span(numbers.filter(mask)))


def span_of(table: pa.Table, id_column: str) -> tuple[int, int] | None:
    """Return the least and the largest id of those that are numbers."""
    return _span(_numbers(table[id_column]))


def _numbers(ids: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return ids as numbers, with nulls for what is none; None when none is."""
    try:
        return pc.cast(ids, pa.int64())
    except pa.ArrowInvalid:
        made = [_number(one) for one in ids.to_pylist()]
    return None if all(one is None for one in made) else pa.chunked_array([made], pa.int64())


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 19:  # noqa: PLR2004 - digits of 64 bits
        return None
    value = int(text)
    return value if value < 1 << 63 else None


def _hours(numbers: pa.ChunkedArray, captured_hour: int) -> pa.ChunkedArray:
    made_ms = pc.add(pc.shift_right(numbers, pa.scalar(_TIME_BITS, pa.int64())), TWITTER_EPOCH_MS)
    hours = pc.divide(made_ms, _HOUR_MS)
    dated = pc.and_(pc.greater(numbers, FIRST_SNOWFLAKE_ID), pc.less(hours, _LAST_HOUR))
    return pc.if_else(pc.fill_null(dated, False), hours, captured_hour)  # noqa: FBT003 - Arrow takes it by position


def _span(numbers: pa.ChunkedArray | None) -> tuple[int, int] | None:
    if numbers is None:
        return None
    found = pc.min_max(numbers).as_py()
    return None if found["min"] is None else (found["min"], found["max"])
