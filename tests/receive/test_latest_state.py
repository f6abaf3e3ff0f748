"""Of two STATEs the one that acknowledges more is kept beside the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.receive.latest_state import remember
from tap_twitter_stream.state import CaptureState

if TYPE_CHECKING:
    from pathlib import Path


def state(spool_id: str, position: int, alive_us: int = 0) -> CaptureState:
    ledger: list[list[object]] = [["filtered", 0, alive_us, "w", None, ""]]
    return CaptureState(spool_id, position, ledger=ledger)


@pytest.mark.parametrize(
    ("one", "other", "newest"),
    [
        (("log", 5, 2), ("log", 9, 1), ("log", 9, 1)),  # a clock may be set back
        (("log", 9, 1), ("log", 5, 2), ("log", 9, 1)),
        (("log", 5, 1), None, ("log", 5, 1)),
        (("log", 5, 2), ("another", 9, 1), ("log", 5, 2)),
        (("log", 5, 1), ("another", 9, 2), ("another", 9, 2)),
        (("another", 9, 1), ("log", 5, 2), ("log", 5, 2)),
        (("another", 9, 2), ("third", 5, 1), ("another", 9, 2)),
    ],
)
def test_the_newest_state_is_kept(
    tmp_path: Path,
    one: tuple[str, int, int],
    other: tuple[str, int, int] | None,
    newest: tuple[str, int, int],
) -> None:
    assert remember(tmp_path, "log", state(*one)) == state(*one)
    presented = state(*other) if other else None
    assert remember(tmp_path, "log", presented) == state(*newest)
    assert remember(tmp_path, "log", None) == state(*newest)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b"[" * 10**5])
def test_a_damaged_file_is_none(tmp_path: Path, damage: bytes) -> None:
    remember(tmp_path, "log", state("log", 9))
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert remember(tmp_path, "log", None) is None
    assert remember(tmp_path, "log", state("log", 5)) == state("log", 5)


def test_a_full_disk_keeps_the_one_before(tmp_path: Path) -> None:
    remember(tmp_path, "log", state("log", 5))
    (tmp_path / ".latest_state.json.new").mkdir()  # so that no draft can be made
    assert remember(tmp_path, "log", state("log", 9)) == state("log", 9)
    assert remember(tmp_path, "log", None) == state("log", 5)
