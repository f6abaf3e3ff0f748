"""Archives through the whole tap: stops, bounds, kills, and what is said about damage."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.archive import corpus
from tests.archive.runs import tar
from tests.e2e import datasets
from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, command, one_sentence, run, written

if TYPE_CHECKING:
    from pathlib import Path


def config_for(*paths: Path, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - settings
    return {"endpoints": ["archive"], "archive_paths": [str(path) for path in paths], **more}


def archive(folder: Path) -> Path:
    """Return a folder of three files of different kinds with 120 posts and 120 statuses."""
    made = folder / "archive"
    made.mkdir()
    stream, classic = corpus.stream_lines(), corpus.classic_lines()
    (made / "1.jsonl").write_bytes(corpus.text(stream[:60]))
    minutes = {f"00/{n:02d}.json.bz2": bz2.compress(corpus.text(classic[n::4])) for n in range(4)}
    (made / "2.tar").write_bytes(tar(minutes))
    page = json.dumps(corpus.page(stream[60:90])).encode()
    lines = [page, *corpus.flattened(stream[90:])]
    (made / "3.jsonl.gz").write_bytes(gzip.compress(corpus.text(lines)))
    return made


def ids_of(tap: Tap) -> list[str]:
    return tap.ids() + [row["id_str"] for row in tap.records("statuses")]


def test_an_archive_is_read_once_to_its_end(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    code, tap = run(tmp_path, config_for(folder))
    assert code == 0, tap.stderr
    assert len(ids_of(tap)) == len(set(ids_of(tap))) == 240
    check_books(tap.window)
    assert tap.window["stop_reason"] == "finished"
    assert tap.window["cost_estimate_usd"] == tap.window["posts_billable_estimate"] == 0
    assert tap.window["covered_seconds"] == 0
    assert tap.records("capture_gaps") == []
    rows = {row["source"]: row for row in tap.records("capture_connections")}
    assert [name.removeprefix(f"{folder}/") for name in rows] == [
        "1.jsonl",
        *(f"2.tar!00/{n:02d}.json.bz2" for n in range(4)),
        "3.jsonl.gz",
    ]
    assert {row["ending"] for row in rows.values()} == {"end_of_file"}
    connections = {row["connection_id"] for row in rows.values()}
    for stream in ("tweets", "statuses", "users"):
        for row in tap.records(stream):
            assert row["_delivery"] == row["_endpoint"] == "archive"
            assert row["_connection_id"] in connections
    code, again = run(tmp_path, config_for(folder), state=tap.states[-1])
    assert code == 0, again.stderr
    assert [m["stream"] for m in again.messages if m["type"] == "RECORD"] == ["capture_windows"]
    (folder / "4.json").write_bytes(corpus.text(corpus.stream_lines()[:5]))
    _, more = run(tmp_path, config_for(folder), state=again.states[-1])
    assert len(more.ids()) == 5


def test_rows_are_as_old_as_what_they_hold(tmp_path: Path) -> None:
    _, tap = run(tmp_path, config_for(archive(tmp_path)))
    tweets = {row["id"]: row["_captured_at"] for row in tap.records("tweets")}
    for row in tap.records("statuses"):
        made_ms = (int(row["id_str"]) >> 22) + 1_288_834_974_657
        made = datetime.fromtimestamp(made_ms / 1000, timezone.utc)
        assert row["_captured_at"] == made.isoformat(timespec="milliseconds")[:23] + "000Z"
    retrieved = [at for at in tweets.values() if at == "2022-03-04T05:06:07.000000Z"]
    assert len(retrieved) == 60
    users = [row for row in tap.records("users") if row["_captured_at"].startswith("2022")]
    fresh = {row["id"] for row in tap.records("users")} - {row["id"] for row in users}
    # No user of the first file is given out again as twarc found him years before.
    assert fresh
    assert {row["id"] for row in users}.isdisjoint(fresh)


@pytest.mark.parametrize("bound", [{"max_records": 70}, {"max_bytes": 1}, {"signal": True}])
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, bound: dict[str, Any]) -> None:
    folder = archive(tmp_path)
    is_signal = bound.pop("signal", False)
    config = config_for(folder, **bound)
    with Tap(tmp_path, config) as first:
        if is_signal:
            first.says("Reading 3 files")
            code = first.stop()
        else:
            code = first.ended()
    assert code == 0, first.stderr
    check_books(first.window)
    if "max_records" in bound:
        assert first.window["stop_reason"] == "max_records"
        assert len(ids_of(first)) == 70
    code, second = run(tmp_path, config_for(folder), state=first.states[-1])
    assert code == 0, second.stderr
    ids = ids_of(first) + ids_of(second)
    assert len(ids) == len(set(ids)) == 240
    rows = {row["source"]: row for tap in (first, second)
            for row in tap.records("capture_connections")}  # fmt: skip
    assert sum(row["lines"] for row in rows.values()) == 60 + len(corpus.classic_lines()) + 31


def test_killed_runs_lose_nothing_and_repeat_only_what_no_state_covers(tmp_path: Path) -> None:
    """Three kills; each run is a whole start of the tap. `tests/soak` kills twenty times."""
    chance = random.Random(7)
    folder = archive(tmp_path)
    ids: list[str] = []
    state: object = None
    for kill in range(4):
        config = config_for(folder, state_interval_seconds=0.1)
        with Tap(tmp_path, config, state=state) as tap:
            if kill < 3:
                tap.has(chance.randrange(1, 30), "users" if kill else "tweets")
                os.kill(tap.process.pid, signal.SIGKILL)
            code = tap.ended()
        assert code == (-signal.SIGKILL if kill < 3 else 0), tap.stderr
        # As a target does: what came behind the last STATE may or may not be stored.
        ids += ids_of(tap)
        state = tap.states[-1] if tap.states else state
    assert len(set(ids)) == 240


def test_damage_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    whole = (folder / "3.jsonl.gz").read_bytes()
    (folder / "0.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "2.tar").write_bytes((folder / "2.tar").read_bytes()[:3000])
    code, tap = run(tmp_path, config_for(folder))
    assert code == 0, tap.stderr
    errors = [line for line in tap.stderr.splitlines() if "| ERROR" in line]
    assert len(errors) == 2
    assert "0.jsonl.gz is damaged: the gzip data end too early." in errors[0]
    endings = {row["source"][-10:]: row for row in tap.records("capture_connections")}
    assert endings["0.jsonl.gz"]["ending"] == "damaged"
    assert endings["0.jsonl.gz"]["ending_detail"] == "Damaged: the gzip data end too early."
    assert set(tap.ids()) >= {json.loads(line)["data"]["id"] for line in corpus.stream_lines()[:60]}
    assert len(tap.ids()) == 120
    check_books(tap.window)


def test_a_file_that_may_not_be_read_any_more_ends_the_run(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    (folder / "2.tar").unlink()
    (folder / "2.jsonl").symlink_to(folder / "gone")
    code, tap = run(tmp_path, config_for(folder))
    assert code == 1
    one_sentence(tap, "2.jsonl", "archive_paths")


def test_the_test_of_an_archive_opens_a_file(tmp_path: Path) -> None:
    path = written(tmp_path / "config.json", config_for(archive(tmp_path)))
    code, _, said = command(tmp_path, "--config", path, "--test")
    assert code == 0, said
    assert "`archive_paths` names 3 files, which can be read." in said


def test_a_live_capture_and_an_archive_can_share_a_state(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    live = {"version": 1, "spool_id": "s", "position": 77}
    live |= {name: [] for name in ("connections", "ledger", "window", "gaps")}
    state = {"bookmarks": {"capture_windows": {"capture": live}}}
    code, tap = run(tmp_path, config_for(folder), state=state)
    assert code == 0, tap.stderr
    kept = tap.states[-1]["bookmarks"]["capture_windows"]["capture"]
    assert kept.pop("archive")["is_whole"]
    assert kept == live


def test_parquet_files_of_runs_that_are_cut_short_hold_each_row_once(tmp_path: Path) -> None:
    """A run ends in the middle of a frame, one is killed, one goes on: each starts the tap."""
    folder, root = archive(tmp_path), tmp_path / "files"
    config = config_for(folder, batch_config=datasets.settings(root))
    code, first = run(tmp_path, {**config, "max_records": 70})
    assert code == 0, first.stderr
    state = first.states[-1]
    with Tap(tmp_path, {**config, "parquet_seal_seconds": 1}, state=state, reads=False) as killed:
        killed.says("Reading 2 files")
        killed.process.kill()
    code, lost = run(tmp_path, {**config, "max_records": 40}, state=state)  # its STATE is lost
    assert code == 0, lost.stderr
    code, last = run(tmp_path, config, state=state)
    assert code == 0, last.stderr
    assert sorted(datasets.ids(root)) == sorted(
        json.loads(line)["data"]["id"] for line in corpus.stream_lines()
    )
    statuses = [json.loads(line) for line in corpus.classic_lines()]
    assert sorted(datasets.ids(root, "statuses", "id_str")) == sorted(
        one["id_str"] for one in statuses if "user" in one
    )
