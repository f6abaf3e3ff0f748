from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.folder import identity, segments, temporary_folder
from tests.spool.logs import writer

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from tap_twitter_stream.spool.folder import lock
lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(SpoolError, match="in use"):
        writer(tmp_path)
    holder.kill()
    holder.communicate()
    writer(tmp_path).close()


def test_the_id_of_a_log_is_made_once(tmp_path: Path) -> None:
    first = identity(tmp_path)
    assert identity(tmp_path) == first
    (tmp_path / "other").mkdir()
    assert identity(tmp_path / "other") != first


def test_a_format_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool.json").write_text(json.dumps({"format": 2, "spool_id": "x"}))
    with pytest.raises(SpoolError, match="has format 2, and this version reads 1"):
        identity(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}'])
def test_a_damaged_description_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "spool.json").write_text(text)
    with pytest.raises(SpoolError, match=r"spool\.json"):
        identity(tmp_path)


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    for name in ("notes.log", "00000000000000000000.new", "00000000000000000000.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f"{200:020d}.log").write_bytes(b"")
    (tmp_path / f"{30:020d}.log").write_bytes(b"ab")
    assert [(one.base, one.end) for one in segments(tmp_path)] == [(30, 32), (200, 200)]


def test_a_folder_for_one_run_is_private_and_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder, _ = temporary_folder()
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()
