from __future__ import annotations

import pyarrow as pa
import pytest

from tap_twitter_stream.emit.parquet.partition import folder_of, hour_of, parts_of
from tap_twitter_stream.wire.snowflake import first_id_at

HOUR = hour_of("2026-11-26T10:59:59.999999Z")
HOUR_MS = 3_600_000


def ids(*hours: int) -> list[str | None]:
    return [str(first_id_at(hour * HOUR_MS)) for hour in hours]


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        (ids(HOUR, HOUR), {HOUR: 2}),
        (ids(HOUR, HOUR - 1, HOUR), {HOUR: 2, HOUR - 1: 1}),
        (["7", *ids(HOUR)], {HOUR: 1, HOUR + 5: 1}),  # from before ids had a time
        (["x", None, *ids(HOUR)], {HOUR: 1, HOUR + 5: 2}),
        (["x", "y"], {HOUR + 5: 2}),
        (["9" * 40], {HOUR + 5: 1}),
        (["-5"], {HOUR + 5: 1}),
        (["9223372036854775807"], {((9223372036854775807 >> 22) + 1288834974657) // HOUR_MS: 1}),
    ],
)
def test_rows_belong_where_their_id_was_made(
    given: list[str | None], hours: dict[int, int]
) -> None:
    table = pa.table({"id": pa.array(given, pa.string())})
    parts = list(parts_of(table, HOUR + 5, "id", own=True))
    assert {part.hour: part.table.num_rows for part in parts} == hours


def test_other_rows_stay_where_they_were_captured_and_their_ids_are_known() -> None:
    table = pa.table({"id": ids(HOUR - 100, HOUR)})
    (part,) = parts_of(table, HOUR, "id", own=False)
    assert part.hour == HOUR
    assert part.ids == (int(str(ids(HOUR - 100)[0])), int(str(ids(HOUR)[0])))
    (part,) = parts_of(table, HOUR, None, own=False)
    assert part.ids is None


def test_folders_are_named_as_hive_does() -> None:
    assert folder_of(HOUR) == "dt=2026-11-26/hr=10"
    assert folder_of(0) == "dt=1970-01-01/hr=00"
