from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_twitter_stream.emit.parquet import lanes
from tap_twitter_stream.emit.parquet.lanes import Gatherer, ParquetLane
from tap_twitter_stream.wire.stamps import Origin, data_stamp

if TYPE_CHECKING:
    from tap_twitter_stream.emit.parquet.constant_columns import Block

HOUR_US = 3_600_000_000
ORIGIN = Origin("c-1", "filtered")


class Kept:
    """Keeps the blocks it is given."""

    def __init__(self) -> None:
        self.blocks: list[tuple[str, Block]] = []

    def add_block(self, stream: str, block: Block) -> None:
        self.blocks.append((stream, block))


def test_rows_wait_until_a_block_is_full() -> None:
    kept = Kept()
    lane = ParquetLane(Gatherer("tweets", kept))
    stamp = data_stamp(HOUR_US, ORIGIN)
    line = json.dumps({"text": "x" * 1000}).encode()
    parts: list[bytes | memoryview] = []
    rows = lanes.BLOCK_BYTES // len(line) + 2
    assert sum(lane.write(line, stamp, parts) for _ in range(rows)) == rows
    assert parts == []
    ((stream, block),) = kept.blocks
    assert stream == "tweets"
    assert block.lines.count(b"\n") == sum(count for _, count in block.runs) == rows - 1


def test_runs_say_which_stamp_each_row_has() -> None:
    kept = Kept()
    gatherer = Gatherer("tweets", kept)
    stamps = [data_stamp(HOUR_US + second, ORIGIN) for second in range(3)]
    for stamp, rows in zip(stamps, (2, 1, 3), strict=True):
        for _ in range(rows):
            gatherer.add(b"{}", stamp)
    gatherer.flush()
    gatherer.add(b"{}", stamps[2])
    gatherer.flush()
    first, second = (block for _, block in kept.blocks)
    assert [count for _, count in first.runs] == [2, 1, 3]
    assert [columns["_captured_at"] for columns, _ in first.runs] == [one.time for one in stamps]
    assert list(second.runs) == [(stamps[2].columns, 1)]


def test_a_block_holds_rows_of_one_hour() -> None:
    kept = Kept()
    gatherer = Gatherer("tweets", kept)
    early, late = data_stamp(HOUR_US - 1, ORIGIN), data_stamp(HOUR_US, ORIGIN)
    for stamp in (early, late, early):
        gatherer.add(b"{}", stamp)
    gatherer.flush()
    gatherer.flush()  # nothing is left to hand over
    assert [block.captured_at for _, block in kept.blocks] == [early.time, late.time, early.time]
