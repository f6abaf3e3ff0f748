from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.spool.frames import (
    HEADER_BYTES,
    Frame,
    Kind,
    encode_header,
    parse,
    segment_name,
    wanted_bytes,
)

WORD = st.integers(0, 2**64 - 1)
WRITTEN = st.sampled_from([kind for kind in Kind if kind is not Kind.CORRUPT])
ENTRIES = st.lists(st.tuples(WRITTEN, WORD, WORD, st.binary()), max_size=6)
Entry = tuple[Kind, int, int, bytes]


def encoded(entries: list[Entry]) -> bytes:
    return b"".join(encode_header(*entry) + entry[3] for entry in entries)


@given(ENTRIES, st.integers(0, 2**40), st.booleans())
def test_frames_come_back_as_they_went_in(
    entries: list[Entry],
    base: int,
    verify: bool,  # noqa: FBT001 - a case of the property
) -> None:
    block = encoded(entries)
    frames, used = parse(block, base, verify=verify)
    assert used == len(block)
    assert [(one.kind, one.connection, one.time_us, one.payload) for one in frames] == entries
    assert [one.position for one in frames] == [base, *(one.end for one in frames)][: len(frames)]


@given(ENTRIES, st.integers(0, 2**16))
def test_a_cut_block_gives_its_whole_frames(entries: list[Entry], cut: int) -> None:
    block = encoded(entries)
    block = block[: cut % (len(block) + 1)]
    frames, used = parse(block, 0, verify=True)
    assert [one.payload for one in frames] == [entry[3] for entry in entries][: len(frames)]
    assert used == (frames[-1].end if frames else 0)
    rest = block[used:]
    assert wanted_bytes(rest) > len(rest) or (wanted_bytes(rest) == 0 and len(rest) < HEADER_BYTES)


@given(st.tuples(WRITTEN, WORD, WORD, st.binary()), st.integers(0, 2**16), st.integers(1, 255))
def test_a_changed_byte_never_passes_for_a_sound_frame(entry: Entry, at: int, change: int) -> None:
    block = bytearray(encoded([entry]))
    block[at % len(block)] ^= change
    frames, _ = parse(bytes(block), 0, verify=True)
    assert [frame.kind for frame in frames] in ([], [Kind.CORRUPT])


def test_an_unknown_kind_is_no_reason_to_fail() -> None:
    header = bytearray(encode_header(Kind.BYTES, 1, 2, b""))
    header[24] = 77
    ((frame,), _) = parse(bytes(header), 0, verify=False)
    assert frame.kind is Kind.CORRUPT


def test_a_position_names_a_byte() -> None:
    frame = Frame(100, 0, 8, Kind.BYTES, b"abc")
    assert (frame.payload_position, frame.end) == (100 + HEADER_BYTES, 103 + HEADER_BYTES)


@pytest.mark.parametrize("positions", [[0, 9, 10, 2**63]])
def test_names_of_segments_sort_like_their_positions(positions: list[int]) -> None:
    names = [segment_name(position) for position in positions]
    assert names == sorted(names)
