from __future__ import annotations

import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from twitter_stream_simulator.material.blocks import Block, Stamp, Template
from twitter_stream_simulator.material.drafts import ID_MARK, LATER_MARK, NOW_MARK

STAMP = Stamp(b"2026-11-23T10:00:00.000Z", b"2026-11-23T11:00:00.000Z")
FIRST_ID = 2_000_000_000_000_000_000
LINE = json.dumps({"id": ID_MARK, "all": [ID_MARK, NOW_MARK], "until": LATER_MARK}).encode()


def filled(post_id: int) -> bytes:
    value = {"id": str(post_id), "all": [str(post_id), STAMP.now.decode()]}
    return json.dumps({**value, "until": STAMP.later.decode()}).encode()


def test_filling_puts_ids_and_times_at_every_mark() -> None:
    block = Block([Template.from_line(LINE)] * 3, chunk_each=False)
    block.fill(range(FIRST_ID, FIRST_ID + 3), STAMP)
    assert block.lines() == [filled(FIRST_ID + n) for n in range(3)]
    assert bytes(block.buffer) == b"".join(line + b"\r\n" for line in block.lines())


def test_a_block_can_be_filled_again() -> None:
    block = Block([Template.from_line(LINE)], chunk_each=True)
    block.fill([FIRST_ID], STAMP)
    later = Stamp(STAMP.later, STAMP.now)
    block.fill([FIRST_ID + 1], later)
    assert str(FIRST_ID).encode() not in block.buffer
    assert block.buffer.count(STAMP.now) == block.buffer.count(STAMP.later) == 1


def test_each_message_is_a_chunk_and_ends_where_the_block_says() -> None:
    block = Block([Template.from_line(LINE), Template.from_line(b"{}")], chunk_each=True)
    wire = bytes(block.fill([FIRST_ID, 0], STAMP))
    assert wire.startswith(b"%x\r\n{" % (len(LINE) + 2))
    assert wire.endswith(b"\r\n4\r\n{}\r\n\r\n")
    assert [wire[end - 3 : end] for end in block.ends] == [b"}\r\n", b"}\r\n"]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_deflated_pieces_inflate_to_the_filled_lines_in_any_order(texts: list[bytes]) -> None:
    marks = (ID_MARK.encode(), NOW_MARK.encode(), LATER_MARK.encode())
    templates = [Template.from_line(b"<".join((text, *marks, text))) for text in texts]
    deflated = [template.deflated() for template in templates]
    plain = Block(templates, chunk_each=False)
    squeezed = Block(templates, chunk_each=False, deflated=deflated)
    ids = range(FIRST_ID, FIRST_ID + len(texts))
    wire = bytes(squeezed.fill(ids, STAMP))
    assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(wire) == plain.fill(ids, STAMP)
