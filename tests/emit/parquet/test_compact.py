from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from click.testing import CliRunner

from tap_twitter_stream.cli.compact import compact as command
from tap_twitter_stream.emit.parquet.compact import compact
from tap_twitter_stream.emit.parquet.swap import exchange
from tap_twitter_stream.errors import FilesError
from tests.e2e.datasets import ids, paths
from tests.emit.parquet.test_dataset import HOUR, STATE, block, dataset, post

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def sealed(root: Path, seals: int = 4) -> None:
    """Write one file a seal, and begin another run behind the last one but one."""
    made = dataset(root)
    for number in range(seals):
        made.add("tweets", block(post(HOUR, number), HOUR))
        made.seal((10 * number + 10, 0), STATE, "now")
    dataset(root, window="w2", start=(10 * seals - 10, 0), begins=False).prepare(STATE)


def test_stored_files_of_an_hour_become_one(tmp_path: Path) -> None:
    sealed(tmp_path)
    before = ids(tmp_path)
    (done,) = compact(tmp_path, last_run=False)
    assert (done.files, done.rows) == (3, 3)
    (path,) = paths(tmp_path, "tweets")
    assert sorted(ids(tmp_path)) == sorted(before)
    assert pq.read_schema(path).metadata[b"tap_twitter_stream.compacted_files"] == b"3"
    assert list(compact(tmp_path, last_run=False)) == []


def test_files_that_a_run_may_still_write_again_stay(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    for number in range(3):
        made.add("tweets", block(post(HOUR, number), HOUR))
        made.seal((10 * number + 10, 0), STATE, "now")
    assert list(compact(tmp_path, last_run=False)) == []
    (done,) = compact(tmp_path, last_run=True)
    assert done.files == 3


def test_a_file_that_a_tap_seals_meanwhile_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(tmp_path)

    def exchange_late(one: Path, other: Path) -> None:
        tap = dataset(tmp_path, window="w3", start=(30, 0))
        tap.add("tweets", block(post(HOUR, 99), HOUR))
        tap.seal((40, 0), STATE, "now")
        exchange(one, other)

    monkeypatch.setattr("tap_twitter_stream.emit.parquet.compact.exchange", exchange_late)
    assert len(list(compact(tmp_path, last_run=False))) == 1
    assert len(ids(tmp_path)) == len(set(ids(tmp_path))) == 4


def test_a_disk_that_cannot_exchange_folders_keeps_the_small_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(tmp_path)
    before = paths(tmp_path, "tweets")

    def refuse(_one: Path, _other: Path) -> None:
        message = "not here"
        raise FilesError(message)

    monkeypatch.setattr("tap_twitter_stream.emit.parquet.compact.exchange", refuse)
    ended = CliRunner().invoke(command, [str(tmp_path)])
    assert ended.exit_code == 1
    assert ended.output == "Error: not here\n"
    assert paths(tmp_path, "tweets") == before


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    sealed(tmp_path)
    ended = CliRunner().invoke(command, [str(tmp_path)])
    assert ended.exit_code == 0
    assert "tweets/dt=2026-11-26/hr=10: 3 files, 3 rows" in ended.output
    assert ended.output.endswith("3 files became 1.\n")
    assert CliRunner().invoke(command, ["s3://bucket"]).exit_code == 1
