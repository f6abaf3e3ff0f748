from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tap_twitter_stream.columns.shapes import Columns, file_schema
from tap_twitter_stream.emit.parquet.constant_columns import Block
from tap_twitter_stream.emit.parquet.dataset import Dataset
from tap_twitter_stream.emit.parquet.manifest import manifests as stored
from tap_twitter_stream.emit.parquet.manifest import state_held
from tap_twitter_stream.emit.parquet.partition import folder_of, hour_of
from tap_twitter_stream.emit.parquet.run_facts import Mark, RunFacts
from tap_twitter_stream.emit.parquet.store import LocalStore
from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.settings.parquet import ParquetFiles
from tap_twitter_stream.wire.snowflake import first_id_at
from tests.e2e.datasets import Json, ids, manifests, paths

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOUR = hour_of("2026-11-26T10:20:30Z")
HOUR_MS = 3_600_000
STATE: Json = {"bookmarks": {}}


BOUNDS = {"most_rows": 1000, "most_bytes": 1 << 27, "buffer_bytes": 1 << 26}


def dataset(  # noqa: PLR0913 - what a test may want otherwise
    root: Path,
    *,
    window: str = "w1",
    start: Mark = (0, 0),
    begins: bool = True,
    log_end: int = 1000,
    spool_id: str = "spool",
    durable: bool = True,
    bounds: dict[str, int] | None = None,
    store: LocalStore | None = None,
    compression: str = "zstd",
) -> Dataset:
    settings = ParquetFiles(
        root=str(root),
        prefix="",
        params={},
        compression=compression,
        seal_s=300,
        most_log_bytes=1 << 30,
        **{**BOUNDS, **(bounds or {})},
    )
    made = Dataset(
        store or LocalStore(root),
        RunFacts(window, spool_id, start, log_end, durable, "0"),
        settings,
    )
    for stream, key in (("tweets", "id"), ("users", "id")):
        made.declare(Columns(stream, file_schema(load_schema(stream)), (key,), stream))
    if begins:
        made.prepare(STATE)
    return made


def block(lines: bytes, hour: int) -> Block:
    return Block(lines, (), f"2026-11-26T{hour - HOUR + 10}:20:30Z")


def post(hour: int, number: int = 0, **more: object) -> bytes:
    post_id = str(first_id_at(hour * HOUR_MS) + number)
    return json.dumps({"id": post_id, "text": f"post {number}", **more}).encode() + b"\n"


def test_posts_lie_where_they_were_made_and_others_where_they_were_captured(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    made.add(
        "tweets", block(post(HOUR) + post(HOUR - 30) + post(HOUR, 1) + b'{"id":"12"}\n', HOUR + 1)
    )
    made.add("users", block(post(HOUR - 99_999), HOUR + 1))
    made.seal((10, 0), STATE, "now")
    places = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.glob("*/dt=*/hr=*/*")}
    assert places == {
        f"tweets/{folder_of(HOUR)}",
        f"tweets/{folder_of(HOUR - 30)}",
        f"tweets/{folder_of(HOUR + 1)}",
        f"users/{folder_of(HOUR + 1)}",
    }
    assert folder_of(HOUR) == "dt=2026-11-26/hr=10"


def test_nothing_is_in_its_place_before_the_seal(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    made.add("tweets", block(post(HOUR), HOUR))
    assert paths(tmp_path, "tweets") == []
    made.seal((10, 0), STATE, "now")
    assert len(ids(tmp_path)) == 1
    assert list(tmp_path.glob("_staging/*/*")) == []


def test_a_footer_names_schema_stream_and_place_in_the_log(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    made.add("tweets", block(post(HOUR), HOUR))
    made.seal((10, 0), STATE, "now")
    (path,) = paths(tmp_path, "tweets")
    facts = pq.read_schema(path).metadata
    assert facts[b"tap_twitter_stream.stream"] == b"tweets"
    assert facts[b"tap_twitter_stream.schema_version"] == b"1"
    assert facts[b"tap_twitter_stream.from_position"] == b"0"
    (manifest,) = manifests(tmp_path)
    known = manifest["schemas"]["tweets"]
    assert facts[b"tap_twitter_stream.schema_hash"].decode() == known
    column = pq.read_metadata(path).row_group(0).column(0)
    assert column.path_in_schema == "id"
    assert column.statistics.has_min_max


@pytest.mark.parametrize("bounds", [{"most_rows": 2}, {"most_bytes": 1, "buffer_bytes": 1}])
def test_a_file_that_reached_a_bound_asks_for_a_seal(
    tmp_path: Path, bounds: dict[str, int]
) -> None:
    made = dataset(tmp_path, bounds=bounds)
    made.add("tweets", block(post(HOUR), HOUR))
    first = made.is_full
    made.add("tweets", block(post(HOUR, 1), HOUR))
    assert made.is_full
    assert first == ("most_bytes" in bounds)
    made.seal((10, 0), STATE, "now")
    assert not made.is_full


def test_twenty_partitions_share_one_bound_of_memory(tmp_path: Path) -> None:
    bound = 4 << 20
    made = dataset(tmp_path, bounds={"buffer_bytes": bound, "most_rows": 1 << 30})
    for number in range(0, 1200, 12):
        lines = b"".join(
            post(HOUR - (number + n) % 20, number + n, text="x" * 10_000) for n in range(12)
        )
        made.add("tweets", block(lines, HOUR))
        assert made.buffered_bytes <= bound
    made.seal((10, 0), STATE, "now")
    assert len(paths(tmp_path, "tweets")) == 20
    assert len(set(ids(tmp_path))) == 1200


def test_lines_that_wait_elsewhere_count_against_the_bound_but_leave_half_of_it(
    tmp_path: Path,
) -> None:
    bound = 1 << 20
    made = dataset(tmp_path, bounds={"buffer_bytes": bound})
    some = block(b"".join(post(HOUR, number, text="x" * 1000) for number in range(300)), HOUR)
    made.add("tweets", some, waiting_bytes=bound // 2)
    assert bound // 4 < made.buffered_bytes < bound // 2
    made.add("users", some, waiting_bytes=1 << 30)
    assert made.buffered_bytes < bound // 2
    made.add("tweets", some)
    made.add("tweets", some)
    assert bound // 2 < made.buffered_bytes <= bound


def test_a_run_from_the_same_place_writes_its_files_again(tmp_path: Path) -> None:
    first = dataset(tmp_path)
    first.add("tweets", block(post(HOUR), HOUR))
    first.seal((10, 0), STATE, "t1")
    first.add("tweets", block(post(HOUR, 1), HOUR))
    first.seal((20, 0), STATE, "t2")
    again = dataset(tmp_path, window="w2", start=(10, 0), begins=False)
    assert again.prepare({"from": 10}) == (1, 0)
    assert [one["files"][0]["ends"] for one in manifests(tmp_path) if one["files"]] == [[10, 0]]
    again.add("tweets", block(post(HOUR, 1), HOUR))
    again.add("tweets", block(post(HOUR, 2), HOUR))
    again.seal((30, 0), STATE, "t3")
    assert len(ids(tmp_path)) == len(set(ids(tmp_path))) == 3


def test_a_kill_between_files_and_manifest_leaves_nothing_twice(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    class DyingStore(LocalStore):
        def publish(self, drafts: Iterable[tuple[Path, str]]) -> None:
            super().publish(drafts)
            raise KilledError

    first = dataset(tmp_path, store=DyingStore(tmp_path))
    first.add("tweets", block(post(HOUR), HOUR))
    with pytest.raises(KilledError):
        first.seal((10, 0), STATE, "t1")
    assert len(paths(tmp_path, "tweets")) == 1  # there, but in no STATE
    again = dataset(tmp_path, window="w2", begins=False)
    assert again.prepare(STATE) == (1, 0)
    again.add("tweets", block(post(HOUR) + post(HOUR, 1), HOUR))
    again.seal((20, 0), STATE, "t2")
    assert len(ids(tmp_path)) == len(set(ids(tmp_path))) == 2


def test_what_a_run_says_of_itself_at_its_end_stays_when_its_records_go(tmp_path: Path) -> None:
    first = dataset(tmp_path)
    first.add("tweets", block(post(HOUR), HOUR))
    first.seal((10, 0), STATE, "t1")
    first.add("users", block(post(HOUR), HOUR))
    first.seal((10, 0), STATE, "t2")
    dataset(tmp_path, window="w2")
    assert ids(tmp_path) == []
    assert len(ids(tmp_path, "users")) == 1


def test_what_is_left_of_a_frame_is_known_apart_from_what_went_before(tmp_path: Path) -> None:
    """A record limit ends runs inside a frame: their position stays, the line start moves on."""
    for number, start in enumerate(((0, 0), (10, 4), (10, 7))):
        made = dataset(tmp_path, window=f"w{number}", start=start)
        made.add("tweets", block(post(HOUR, number), HOUR))
        made.seal(((10, 4), (10, 7), (10, 9))[number], STATE, "now")
    assert len(set(ids(tmp_path))) == 3
    dataset(tmp_path, window="w9", start=(10, 7))
    assert len(set(ids(tmp_path))) == 2


def test_a_long_window_goes_on_in_another_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_twitter_stream.emit.parquet.dataset.MOST_FILES", 2)
    made = dataset(tmp_path)
    for number in range(5):
        made.add("tweets", block(post(HOUR, number), HOUR))
        made.seal((10 * number + 10, 0), STATE, "now")
    found = manifests(tmp_path)
    assert [len(one["files"]) for one in found] == [2, 2, 1]
    assert [one["end"] for one in found] == [[20, 0], [40, 0], [50, 0]]
    dataset(tmp_path, window="w2", start=(10, 0))
    assert len(ids(tmp_path)) == 1


def test_rows_that_the_log_has_lost_stay_for_good(tmp_path: Path) -> None:
    """Somebody emptied the spool's folder, and its positions begin anew."""
    first = dataset(tmp_path)
    first.add("tweets", block(post(HOUR), HOUR))
    first.seal((500, 0), STATE, "t1")
    again = dataset(tmp_path, window="w2", begins=False, log_end=20)
    assert again.prepare(STATE) == (0, 1)
    again.add("tweets", block(post(HOUR, 1), HOUR))
    again.seal((600, 0), STATE, "t2")
    later = dataset(tmp_path, window="w3", begins=False, log_end=900)
    assert later.prepare(STATE) == (1, 0)
    assert len(ids(tmp_path)) == 1


def test_drafts_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path: Path) -> None:
    leftover = tmp_path / "_staging/killed"
    leftover.mkdir(parents=True)
    (leftover / "1.draft").write_bytes(b"half a file")
    living = dataset(tmp_path)
    living.add("tweets", block(post(HOUR), HOUR))
    assert not leftover.exists()
    LocalStore(tmp_path).staging("another")
    living.seal((10, 0), STATE, "now")
    assert len(ids(tmp_path)) == 1


@pytest.mark.parametrize("compression", ["zstd", "gzip", "snappy", "none"])
def test_pages_are_compressed_as_asked(tmp_path: Path, compression: str) -> None:
    made = dataset(tmp_path, compression=compression)
    made.add("tweets", block(post(HOUR), HOUR))
    made.seal((10, 0), STATE, "now")
    (path,) = paths(tmp_path, "tweets")
    found = pq.read_metadata(path).row_group(0).column(0).compression
    assert found == {"none": "UNCOMPRESSED"}.get(compression, compression.upper())


def test_a_state_in_the_middle_of_a_file_goes_back_to_where_its_window_began(
    tmp_path: Path,
) -> None:
    """A run from an older STATE seals at other places than the run before it did."""
    made = dataset(tmp_path, begins=False)
    made.prepare({"at": 0})
    for end in (10, 40):
        made.add("tweets", block(post(HOUR, end), HOUR))
        made.seal((end, 0), {"at": end}, "now")
    again = dataset(tmp_path, window="w2", start=(40, 0), begins=False)
    again.prepare({"at": 40})

    def held(position: int) -> Json | None:
        return state_held(stored(LocalStore(tmp_path), "spool"), (position, 0))

    assert held(40) is None
    assert held(10) is None
    assert held(25) == {"at": 0}
    assert held(50) == {"at": 40}
