"""Read the event log from a position on, while it may still grow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.folder import Segment, segments
from tap_twitter_stream.spool.frames import MAGIC, Frame, Kind, parse, segment_name, wanted_bytes

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1 << 20


class LogReader:
    """Yields frames in order; at the tip they come from the page cache, not from the disk.

    Args:
        folder: The log's folder.
        position: Where to start. The reader begins at the start of the segment that holds it, as
            only there a frame's border is known, so earlier frames come too.
        verify_before: Frames before this position are checked against their CRC.
    """

    def __init__(self, folder: Path, position: int, verify_before: int) -> None:
        self._folder = folder
        self._verify_before = verify_before
        self._base = 0
        self._handle = -1
        self._open(_holding(folder, position))

    def read(self) -> list[Frame]:
        """Return the next whole frames, at most about 1 MiB of them; none at the tip."""
        while True:
            frames = self._read_here()
            if frames or not self._next_segment():
                return frames

    def sync(self) -> None:
        """Force what was read so far to disk; older segments were when they were closed."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        """Give the file back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _read_here(self) -> list[Frame]:
        block = os.pread(self._handle, BLOCK_BYTES, self._offset)
        wanted = wanted_bytes(block)
        if wanted > len(block) == BLOCK_BYTES:
            block = os.pread(self._handle, wanted, self._offset)
        position = self._base + self._offset
        frames, used = parse(block, position, verify=position < self._verify_before)
        self._offset += used
        return frames

    def _next_segment(self) -> bool:
        end = self._base + self._offset
        path = self._folder / segment_name(end)
        if not path.exists():
            return self._skip_damage()
        # The writer makes the next segment only when this one is whole, but it may have been
        # both finished and followed between the last read and the look at the folder.
        if os.fstat(self._handle).st_size > self._offset:
            return True
        self._open(Segment(end, path))
        return True

    def _skip_damage(self) -> bool:
        """Leave a segment of an earlier run whose tail cannot be read, for the one behind it."""
        here = self._base + self._offset
        if here >= self._verify_before:
            return False  # the tip: what is missing has not been written yet
        later = [segment for segment in segments(self._folder) if segment.base > here]
        if not later:
            return False
        self._open(later[0])
        return True

    def _open(self, segment: Segment) -> None:
        self.close()
        self._handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        if os.pread(self._handle, len(MAGIC), 0) != MAGIC:
            msg = (
                f"{segment.path.name} in the spool is not a log segment. Move it out of spool_dir."
            )
            raise SpoolError(msg)
        self._base, self._offset = segment.base, len(MAGIC)


def _holding(folder: Path, position: int) -> Segment:
    found = segments(folder)
    if not found:
        msg = "the spool has no segment to read"
        raise SpoolError(msg)
    before = [segment for segment in found if segment.base <= position]
    return before[-1] if before else found[0]


def last_frame_end(segment: Segment) -> int:
    """Return how many bytes of a segment are whole, valid frames (0: not even its first bytes)."""
    handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.pread(handle, len(MAGIC), 0) != MAGIC:
            return 0
        offset = len(MAGIC)
        while True:
            block = os.pread(handle, BLOCK_BYTES, offset)
            wanted = wanted_bytes(block)
            if wanted > len(block) == BLOCK_BYTES:
                block = os.pread(handle, wanted, offset)
            frames, used = parse(block, segment.base + offset, verify=True)
            if frames and frames[-1].kind is Kind.CORRUPT:
                return frames[-1].position - segment.base
            if not frames:
                return offset
            offset += used
    finally:
        os.close(handle)
