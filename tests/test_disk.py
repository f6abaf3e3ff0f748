"""Files that appear whole or not at all, on a disk that fills up, fails and loses power."""

from __future__ import annotations

import errno
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.disk import begin_file, replace_file
from tests.spool.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"old" * 40, b"new" * 60


def disk_with_old_file(folder: Path) -> Disk:
    disk = Disk()
    replace_file(folder / "file", OLD, disk)
    return disk


@pytest.mark.parametrize("call", ["open", "write", "fdatasync", "replace"])
def test_a_failed_call_leaves_the_old_file_and_no_draft(tmp_path: Path, call: str) -> None:
    disk = disk_with_old_file(tmp_path)
    disk.fails[call] = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        replace_file(tmp_path / "file", NEW, disk)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": OLD}


def test_a_short_write_is_continued(tmp_path: Path) -> None:
    disk = Disk()
    disk.most_bytes = 7
    replace_file(tmp_path / "file", NEW, disk)
    assert (tmp_path / "file").read_bytes() == NEW


@given(kind=st.sampled_from(["old", "torn", "mixed"]), seed=st.integers())
def test_a_power_cut_leaves_the_whole_new_file(
    tmp_path_factory: pytest.TempPathFactory, kind: str, seed: int
) -> None:
    """Mutation: rename before the bytes are on disk, or leave the folder's entry in memory."""
    folder = tmp_path_factory.mktemp("cut")
    disk = disk_with_old_file(folder)
    replace_file(folder / "file", NEW, disk)
    disk.cut_power(random.Random(seed), kind=kind)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file": NEW}


def test_a_begun_file_goes_on_behind_its_first_bytes(tmp_path: Path) -> None:
    disk = Disk()
    handle = begin_file(tmp_path / "file", [b"one ", b"two "], disk)
    disk.write(handle, b"three")
    disk.close(handle)
    assert (tmp_path / "file").read_bytes() == b"one two three"


@pytest.mark.parametrize(("mode", "expected"), [(0o600, 0o600), (0o644, 0o644)])
def test_permissions_are_no_wider_than_asked_for(tmp_path: Path, mode: int, expected: int) -> None:
    replace_file(tmp_path / "file", NEW, mode=mode)
    assert (tmp_path / "file").stat().st_mode & 0o777 == expected
