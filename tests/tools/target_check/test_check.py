"""The command against targets of every character, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pipeline import duckdb_command
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMAND = (sys.executable, "-c", "from tap_twitter_stream.cli import main; main()", "check-target")
FAKE = Path(__file__).with_name("fake_target.py")
QUICK = ("--kills", "3", "--terms", "1", "--records", "400", "--seed", "11")
ASK_SQLITE = """
import sqlite3, sys
found = sqlite3.connect(sys.argv[1]).execute(f"SELECT {sys.argv[3]} FROM {sys.argv[2]}")
print(*(one for (one,) in found), sep="\\n")
"""


def check(folder: Path, target: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *QUICK, *options, "--", *target],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


def fake(character: str, path: str = "rows.jsonl") -> list[str]:
    return [sys.executable, str(FAKE), character, path]


@pytest.mark.parametrize(
    ("character", "code", "sentence"),
    [
        ("target", 0, "STATE can be trusted: 3 kills and 1 SIGTERM, 0 rows acknowledged and miss"),
        ("talkative", 0, "STATE can be trusted: 3 kills and 1 SIGTERM"),
        ("attheend", 0, "STATE can be trusted, but the target acknowledges only when its input "),
        ("draining", 0, "STATE can be trusted, but the target acknowledges only when its input "),
        ("early", 1, "STATE cannot be trusted: rows that it covered were lost"),
        ("forgetful", 1, "STATE cannot be trusted: rows that it covered were lost"),
        ("silent", 1, "The target acknowledges nothing"),
        ("lossy", 1, "The target loses rows without any kill"),
        ("inventive", 1, "STATE cannot be trusted: the target printed a STATE that it never was"),
    ],
)
def test_each_character_gets_its_verdict(
    tmp_path: Path, character: str, code: int, sentence: str
) -> None:
    done = check(tmp_path, fake(character), "--files", "*.jsonl")
    assert done.stdout.startswith(sentence), done.stdout + done.stderr
    assert done.returncode == code
    assert "--seed 11" in done.stderr


def test_a_sigterm_can_make_a_target_lie(tmp_path: Path) -> None:
    done = check(tmp_path, fake("hasty"), "--files", "*.jsonl", "--kills", "0", "--terms", "4")
    assert done.stdout.startswith("STATE cannot be trusted: rows that it covered were lost")
    assert "On SIGTERM it loses rows that it has acknowledged" in done.stdout


def test_a_loss_names_the_tables_that_were_kept_in_memory(tmp_path: Path) -> None:
    done = check(tmp_path, fake("forgetful"), "--files", "*.jsonl")
    verdict = done.stdout.splitlines()[0]
    assert "check_users" in verdict
    assert "check_tweets" not in verdict


def test_a_query_is_asked_for_each_table_and_an_upsert_is_seen(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(ASK_SQLITE)
    query = f"{sys.executable} ask.py rows.db {{stream}} {{key}}"
    done = check(tmp_path, fake("upserting", "rows.db"), "--query", query)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none is there twice: it replaces rows by their key" in done.stdout


def test_repeated_rows_are_seen_in_files(tmp_path: Path) -> None:
    done = check(tmp_path, fake("target"), "--files", "*.jsonl")
    assert "are there twice: it appends" in done.stdout


def test_without_a_way_to_look_it_says_so(tmp_path: Path) -> None:
    done = check(tmp_path, fake("early"))
    assert done.returncode == 0
    assert done.stdout.startswith("Storage was not checked: the target prints STATE while rows co")
    assert "the longest time from a row to its STATE" in done.stdout


def test_a_target_that_fails_is_quoted(tmp_path: Path) -> None:
    done = check(tmp_path, fake("broken"), "--files", "*.jsonl")
    assert done.returncode == 1
    assert "no such warehouse: 'made up'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--files", "elsewhere/*.jsonl"], "probably not where it writes"),
        (["--query", "nosuchprogram {stream}"], "query cannot be run"),
        (["--query", "sh -c 'echo no such table >&2; exit 3'"], "exit code 3 (no such table)"),
        (["--query", "", "--kills", "1"], "--query is empty"),
        (["--query", "x", "--files", "y"], "give one of"),
    ],
)
def test_a_wrong_place_to_look_is_no_verdict(
    tmp_path: Path, options: list[str], words: str
) -> None:
    done = check(tmp_path, fake("target"), *options)
    assert done.returncode != 0
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_target_that_never_ends_is_killed(tmp_path: Path) -> None:
    done = check(tmp_path, fake("stuck"), "--files", "*.jsonl", "--timeout-seconds", "2")
    assert done.returncode == 1
    assert "did not end within 2 s" in done.stderr


def test_a_target_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = check(tmp_path, ["no-such-target"])
    assert done.returncode == 1
    assert "cannot be started" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_options_of_the_target_are_left_to_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--kills", "0", "--terms", "0", "--records", "20", *fake("target"), "--kills"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert "The target failed, with exit code 1" in done.stderr
    assert "takes 2 positional arguments" in done.stderr


def test_a_quiet_stream_is_tried_too(tmp_path: Path) -> None:
    done = check(tmp_path, fake("target"), "--files", "*.jsonl", "--trickle-seconds", "2")
    assert done.returncode == 0, done.stderr
    assert "With one row a second it printed 1 STATE in 2 s" in done.stdout


@pytest.mark.parametrize(
    ("setting", "code", "sentence"),
    [
        ({}, 0, "STATE can be trusted: 2 kills"),
        ({"flush_all_streams": False}, 1, "STATE cannot be trusted"),
    ],
)
def test_duckdb_can_be_trusted_only_when_it_flushes_all_streams(
    tmp_path: Path,
    target: Callable[[str], Path],
    setting: dict[str, bool],
    code: int,
    sentence: str,
) -> None:
    """Takes some 6 s each: target-duckdb is started four times."""
    command = duckdb_command(target("target-duckdb"), tmp_path)
    path = tmp_path / "target.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "batch_size_rows": 100, **setting}))
    fewer = ("--kills", "2", "--terms", "0")
    done = check(tmp_path, command, "--duckdb", "out.duckdb", *fewer)
    assert done.stdout.startswith(sentence), done.stdout + done.stderr
    assert done.returncode == code
