from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.chunked import MAX_HEAD_BYTES, ChunkedDecoder, ChunkedError
from tests.wire.cuts import split

EXTENSIONS = st.sampled_from([b"", b";name=value", b' ; quoted="a b"'])


def coded(pieces: list[bytes], extension: bytes = b"") -> bytes:
    return b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)


@given(st.lists(st.binary(min_size=1)), EXTENSIONS, st.lists(st.integers(0, 10_000)), st.binary())
def test_payload_does_not_depend_on_how_the_bytes_arrive(
    pieces: list[bytes], extension: bytes, cuts: list[int], trailer: bytes
) -> None:
    decoder = ChunkedDecoder()
    body = coded(pieces, extension) + b"0\r\n\r\n" + trailer
    assert b"".join(decoder.feed(part) for part in split(body, cuts)) == b"".join(pieces)
    assert decoder.finished


@given(st.lists(st.binary(min_size=1), min_size=1), st.integers(0, 10_000))
def test_a_body_that_stops_early_gives_what_came(pieces: list[bytes], cut: int) -> None:
    body = coded(pieces)
    cut %= len(body) + 1
    decoder = ChunkedDecoder()
    payload = decoder.feed(body[:cut])
    assert b"".join(pieces).startswith(payload)
    assert not decoder.finished


@given(st.lists(st.binary(), max_size=20))
def test_arbitrary_bytes_raise_nothing_but_the_one_error(parts: list[bytes]) -> None:
    decoder = ChunkedDecoder()
    try:
        for part in parts:
            decoder.feed(part)
    except ChunkedError as error:
        assert "chunk head" in str(error)  # noqa: PT017 - whether it is raised depends on the bytes


@pytest.mark.parametrize("head", [b"", b"+1", b"-1", b"0x1", b"1_0", b"g", b"1 2", b";x", b"\xff"])
def test_a_head_that_is_no_hexadecimal_size_is_refused(head: bytes) -> None:
    with pytest.raises(ChunkedError, match="hexadecimal"):
        ChunkedDecoder().feed(head + b"\r\nxx")


@pytest.mark.parametrize("step", [1, 7, 2 * MAX_HEAD_BYTES])
def test_a_head_without_end_is_refused_before_it_fills_memory(step: int) -> None:
    decoder = ChunkedDecoder()
    endless = b"1" * (2 * MAX_HEAD_BYTES)
    pieces = (endless[at : at + step] for at in range(0, len(endless), step))
    with pytest.raises(ChunkedError, match="more than"):
        deque(map(decoder.feed, pieces), maxlen=0)


def copied_bytes(body: bytes) -> int:
    """Return how many bytes the decoder carries from one feed to the next, fed byte by byte."""
    decoder = ChunkedDecoder()
    total = 0
    for byte in body:
        decoder.feed(bytes([byte]))
        total += len(decoder._rest)  # noqa: SLF001 - the work that could grow with the square
    return total


def test_one_byte_at_a_time_stays_linear() -> None:
    once = copied_bytes(coded([b"x" * 2000] * 10))
    twice = copied_bytes(coded([b"x" * 4000] * 20))
    assert once <= 10 * 20  # heads alone: three digits and a CR each
    assert twice <= 2 * once + 20
