"""Find the sound frames of a segment that may be damaged, and the damage between them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tap_twitter_stream.spool.frames import (
    HEADER_BYTES,
    KIND_OFFSET,
    Kind,
    parse,
    wanted_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.spool.frames import Frame

BLOCK_BYTES = 1 << 20
# A kind and the padding behind it: the end of every header. Text from X holds no such bytes, so
# few places in a file need a closer look.
_KINDS = bytes(kind for kind in Kind if kind is not Kind.CORRUPT)
_HEADER_END = re.compile(b"[" + re.escape(_KINDS) + rb"](?=\0\0\0)")


def block_at(handle: int, offset: int) -> bytes:
    """Read from a frame's start on: about 1 MiB, or the one frame that is larger."""
    block = os.pread(handle, BLOCK_BYTES, offset)
    wanted = wanted_bytes(block)
    if len(block) == BLOCK_BYTES < wanted <= os.fstat(handle).st_size - offset:
        return os.pread(handle, wanted, offset)
    return block


def sound_frames(handle: int, base: int, offset: int, *, verify: bool) -> tuple[list[Frame], bool]:
    """Read the next frames of a segment.

    Args:
        handle: The segment's file.
        base: Position of the segment's first byte.
        offset: Where in the file a frame begins.
        verify: Compare checksums.

    Returns:
        Whole frames, a corrupt one only where its length is shown to be right; and whether
        what comes behind them is damaged, so that no border of a frame is known there.
    """
    frames, _ = parse(block_at(handle, offset), base + offset, verify=verify)
    if frames and not _in_step(handle, base, frames[-1]):
        return frames[:-1], True
    return frames, False


def next_sound(handle: int, start: int, end: int) -> int:
    """Return the offset of the first sound frame that begins in ``[start, end)``, else ``end``."""
    for offset in _likely(handle, start, end):
        block = os.pread(handle, HEADER_BYTES, offset)
        wanted = wanted_bytes(block)
        if wanted and offset + wanted <= end:
            frames, _ = parse(os.pread(handle, wanted, offset), 0, verify=True)
            if frames and frames[0].kind is not Kind.CORRUPT:
                return offset
    return end


def is_zero(handle: int, start: int, end: int) -> bool:
    """Whether a stretch of a file holds nothing but zeros; an empty one does."""
    for offset in range(start, end, BLOCK_BYTES):
        block = os.pread(handle, min(BLOCK_BYTES, end - offset), offset)
        if block.count(0) != len(block):
            return False
    return True


def _likely(handle: int, start: int, end: int) -> Iterator[int]:
    """Yield where a header may begin."""
    for offset in range(start, end, BLOCK_BYTES):
        size = min(BLOCK_BYTES, end - offset)
        # A header may begin in this block and end in the next.
        block = os.pread(handle, size + HEADER_BYTES, offset)
        for found in _HEADER_END.finditer(block, KIND_OFFSET):
            if found.start() - KIND_OFFSET < size:
                yield offset + found.start() - KIND_OFFSET


def _in_step(handle: int, base: int, last: Frame) -> bool:
    """Whether a frame is sound, or at least shown to have the right length by what follows.

    A wrong length may end where another frame does, and would take the frames between with it.
    """
    if last.kind is not Kind.CORRUPT:
        return True
    start, end = last.position - base, last.end - base
    if next_sound(handle, start + 1, end) < end:
        return False
    block = block_at(handle, end)
    following, _ = parse(block[: wanted_bytes(block)], last.end, verify=True)
    return not block or (bool(following) and following[0].kind is not Kind.CORRUPT)
