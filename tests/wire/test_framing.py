"""Chunks, compression and lines together: what comes out does not depend on how bytes arrive."""

from __future__ import annotations

import zlib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.wire.chunked import ChunkedDecoder
from tap_twitter_stream.wire.inflate import Identity, Inflater
from tap_twitter_stream.wire.lines import LineCutter, OverlongLine
from tests.wire.cuts import split

LIMIT = 200
LINES = st.lists(
    st.one_of(
        st.just(b""),  # a keep-alive
        st.text(max_size=60).map(lambda text: text.replace("\n", " ").encode()),
        st.integers(LIMIT + 1, LIMIT + 500).map(lambda size: b"x" * size),
    ),
    max_size=12,
)
CUTS = st.lists(st.integers(0, 20_000), max_size=30)


def on_the_wire(lines: list[bytes], members: set[int], cuts: list[int], *, gzip: bool) -> bytes:
    """Write lines as a server does: flushed one by one, some in a new gzip member, in chunks."""
    coder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    parts = []
    for number, line in enumerate(lines):
        if gzip and number in members:
            parts.append(coder.flush())
            coder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        text = line + b"\r\n"
        parts.append(coder.compress(text) + coder.flush(zlib.Z_SYNC_FLUSH) if gzip else text)
    body = b"".join(parts) + (coder.flush() if gzip else b"")
    chunks = [one for one in split(body, cuts) if one]
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"


def read(pieces: list[bytes], *, gzip: bool) -> tuple[list[bytes], bytes]:
    """Read as the tap does; return the lines and what is left of an unfinished one."""
    chunks, cutter = ChunkedDecoder(), LineCutter(LIMIT)
    decoder = Inflater() if gzip else Identity()
    lines = []
    for piece in pieces:
        lines += cutter.feed(decoder.feed(chunks.feed(piece)))
    return lines, cutter.take_pending()


def kept(line: bytes) -> bytes:
    """Return what is kept of a line as it was written."""
    return (line + b"\r")[:LIMIT]


@given(LINES, st.sets(st.integers(0, 11)), CUTS, CUTS, st.booleans())
@settings(max_examples=200)
def test_lines_do_not_depend_on_chunks_members_or_packets(
    lines: list[bytes],
    members: set[int],
    chunk_cuts: list[int],
    packet_cuts: list[int],
    gzip: bool,  # noqa: FBT001 - a case of the property
) -> None:
    wire = on_the_wire(lines, members, chunk_cuts, gzip=gzip)
    found, rest = read(split(wire, packet_cuts), gzip=gzip)
    assert found == [kept(line) for line in lines]
    assert [isinstance(one, OverlongLine) for one in found] == [
        len(line) + 1 > LIMIT for line in lines
    ]
    assert rest == b""


@given(LINES, st.sets(st.integers(0, 11)), CUTS, st.integers(0, 20_000), st.booleans())
@settings(max_examples=200)
def test_a_connection_cut_anywhere_gives_every_whole_line_and_a_part_of_the_next(
    lines: list[bytes],
    members: set[int],
    chunk_cuts: list[int],
    cut: int,
    gzip: bool,  # noqa: FBT001 - a case of the property
) -> None:
    wire = on_the_wire(lines, members, chunk_cuts, gzip=gzip)
    cut %= len(wire) + 1
    found, rest = read([wire[:cut]], gzip=gzip)
    assert found == [kept(line) for line in lines[: len(found)]]
    if rest:
        assert kept(lines[len(found)]).startswith(rest)
    # More bytes never give fewer lines.
    more, _ = read([wire[: cut + 50]], gzip=gzip)
    assert len(more) >= len(found)


def test_a_line_of_300_kb_in_chunks_of_one_byte() -> None:
    line = b'{"data":{"id":"1","text":"' + b"x" * 300_000 + b'"}}'
    wire = b"".join(b"1\r\n%c\r\n" % byte for byte in line + b"\r\n") + b"0\r\n\r\n"
    chunks, cutter = ChunkedDecoder(), LineCutter(1 << 20)
    borders = [*range(0, len(wire), 1448), len(wire)]  # as packets come
    found = [one for a, b in pairwise(borders) for one in cutter.feed(chunks.feed(wire[a:b]))]
    assert found == [line + b"\r"]
    assert chunks.finished
