"""How many runs ended badly at one place, and frames cut so that a STATE can point at a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.capture.poison_guard import Start, Starts
from tap_twitter_stream.spool.frames import Frame, Kind, behind, by_line
from tap_twitter_stream.state import CaptureState

if TYPE_CHECKING:
    from pathlib import Path

HERE = CaptureState("s", 100, [[8, 90, 1, 2]])


def test_the_fourth_start_from_one_place_sets_aside(tmp_path: Path) -> None:
    found = [Starts(tmp_path).begin("s", 0, HERE) for _ in range(5)]
    assert [one.failed for one in found] == [0, 1, 2, 3, 4]
    assert [one.careful for one in found] == [False, True, True, True, True]
    assert [one.sets_aside for one in found] == [False, False, False, True, True]


def test_a_run_that_ends_as_it_should_starts_the_count_anew(tmp_path: Path) -> None:
    for _ in range(3):
        Starts(tmp_path).begin("s", 0, HERE)
    Starts(tmp_path).ended()
    Starts(tmp_path).ended()
    assert Starts(tmp_path).begin("s", 0, HERE) == Start(0, careful=False)


@pytest.mark.parametrize(
    "moved",
    [
        ("s", 0, CaptureState("s", 101, [[8, 90, 1, 2]])),
        ("s", 0, CaptureState("s", 100, [[8, 95, 1, 2]])),
        ("t", 0, CaptureState("t", 100, [[8, 90, 1, 2]])),
        ("s", 0, None),
    ],
)
def test_a_state_that_moved_is_no_reason_to_set_aside(
    tmp_path: Path, moved: tuple[str, int, CaptureState | None]
) -> None:
    Starts(tmp_path).begin("s", 0, HERE)
    assert Starts(tmp_path).begin(*moved) == Start(0, careful=False)


def test_a_careful_run_that_moved_on_died_where_its_state_points(tmp_path: Path) -> None:
    Starts(tmp_path).begin("s", 0, None)
    assert Starts(tmp_path).begin("s", 0, None) == Start(1, careful=True)
    found = [Starts(tmp_path).begin("s", 0, HERE) for _ in range(3)]
    assert found == [Start(1, careful=True), Start(2, careful=True), Start(3, careful=True)]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"starts": "9"}', "null"])
def test_a_damaged_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "starts.json").write_text(text)
    assert Starts(tmp_path).begin("s", 0, HERE) == Start(0, careful=False)


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x0b", b"\n")), st.integers(0, 99))
def test_pieces_are_the_frame_cut_behind_each_line_end(payload: bytes, position: int) -> None:
    frame = Frame(position, 5, 8, Kind.BYTES, payload)
    pieces = by_line(frame)
    assert b"".join(piece.payload for piece in pieces) == payload
    assert all(piece.payload.count(b"\n") <= 1 for piece in pieces)
    assert all(piece.payload.endswith(b"\n") for piece in pieces[:-1])
    assert [piece.payload_position for piece in pieces] == [
        frame.payload_position,
        *(piece.end for piece in pieces[:-1]),
    ]
    assert pieces[-1].end == frame.end
    for piece, rest in zip(pieces, range(len(pieces)), strict=True):
        left = behind(frame, piece.end)
        assert left.payload == b"".join(one.payload for one in pieces[rest + 1 :])
        assert left.end == frame.end


def test_only_bytes_are_cut() -> None:
    frame = Frame(0, 0, 0, Kind.RULES, b'{"a":1}\n{}\n')
    assert by_line(frame) == [frame]
