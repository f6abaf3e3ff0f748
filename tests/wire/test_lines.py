from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.lines import LineCutter, OverlongLine, size_of

LIMIT = 8
TEXT = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"1234567", "\u2028".encode()]))
PIECES = st.lists(st.binary(max_size=20) | TEXT.map(b"".join))


def cut(pieces: list[bytes], limit: int) -> tuple[list[bytes], bytes]:
    cutter = LineCutter(limit)
    lines = [line for piece in pieces for line in cutter.feed(piece)]
    return lines, cutter.take_pending()


@given(PIECES)
def test_lines_do_not_depend_on_chunk_borders(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    lines, rest = cut(pieces, len(whole) + 1)
    assert [*lines, rest] == expected


@given(PIECES)
def test_overlong_lines_keep_their_head_and_know_their_size(pieces: list[bytes]) -> None:
    lines, rest = cut(pieces, LIMIT)
    for line, full in zip([*lines, rest], b"".join(pieces).split(b"\n"), strict=True):
        assert line == full[:LIMIT]
        assert size_of(line) == len(full)
        assert isinstance(line, OverlongLine) == (len(full) > LIMIT)


@given(PIECES)
def test_pending_bytes_tell_where_the_unfinished_line_begins(pieces: list[bytes]) -> None:
    cutter = LineCutter(LIMIT)
    seen = b""
    for piece in pieces:
        cutter.feed(piece)
        seen += piece
        assert len(seen) - cutter.pending_bytes == seen.rfind(b"\n") + 1


def test_a_carriage_return_stays_on_its_line() -> None:
    assert LineCutter(99).feed(b"one\r\n\r\ntwo\r\n") == [b"one\r", b"\r", b"two\r"]


def test_other_line_ends_of_unicode_end_no_line() -> None:
    line = "a\u2028b\u2029c\u0085d\x0be\x0cf".encode()
    assert LineCutter(99).feed(line + b"\n") == [line]


def test_a_line_without_end_holds_no_more_than_the_limit() -> None:
    cutter = LineCutter(1000)
    for _ in range(5000):
        assert cutter.feed(b"x" * 10) == []
    assert sum(map(len, cutter._pieces)) == 1000  # noqa: SLF001 - what it holds in memory
    assert cutter.pending_bytes == 50_000
    (line,) = cutter.feed(b"\n")
    assert (len(line), size_of(line)) == (1000, 50_000)


def test_taking_the_unfinished_line_leaves_a_fresh_start() -> None:
    cutter = LineCutter(LIMIT)
    cutter.feed(b"half")
    assert cutter.take_pending() == b"half"
    assert cutter.take_pending() == b""
    assert cutter.feed(b"next\n") == [b"next"]
