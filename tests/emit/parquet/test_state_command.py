from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from tap_twitter_stream.cli.state import state
from tests.emit.parquet.test_dataset import dataset

if TYPE_CHECKING:
    from pathlib import Path


def said(*arguments: str) -> tuple[int, str]:
    ended = CliRunner().invoke(state, arguments)
    return ended.exit_code, ended.output


def test_the_last_seal_of_the_last_window_counts(tmp_path: Path) -> None:
    for number in range(2):
        made = dataset(tmp_path, window=f"w{number}", start=(number, 0))
        made.seal((number + 1, 0), {"n": number}, f"t{number}")
    assert said(str(tmp_path)) == (0, json.dumps({"n": 1}) + "\n")


def test_several_captures_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        dataset(tmp_path, spool_id=name).seal((1, 0), {"of": name}, "t")
    code, words = said(str(tmp_path))
    assert code == 1
    assert "--spool-id one  sealed t" in words
    assert "--spool-id two  sealed t" in words
    assert said(str(tmp_path), "--spool-id", "two") == (0, '{"of": "two"}\n')


def test_logs_that_died_with_their_run_are_left_out(tmp_path: Path) -> None:
    dataset(tmp_path, spool_id="kept").seal((1, 0), {"of": "kept"}, "t1")
    dataset(tmp_path, spool_id="gone", durable=False).seal((1, 0), {"of": "gone"}, "t2")
    assert said(str(tmp_path)) == (0, '{"of": "kept"}\n')


def test_an_empty_folder_and_a_foreign_file_are_one_sentence(tmp_path: Path) -> None:
    code, words = said(str(tmp_path))
    assert (code, words) == (
        1,
        f"Error: No seal has been written in {tmp_path}: start without --state.\n",
    )
    (tmp_path / "_manifests").mkdir()
    (tmp_path / "_manifests/notes.json").write_text("[]")
    code, words = said(str(tmp_path))
    assert code == 1
    assert "notes.json is no manifest of this version. Move it out of the folder." in words
    assert said("nowhere://x")[0] == 1
