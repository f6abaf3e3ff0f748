"""Read the event log from a position on, while it may still grow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.folder import Segment, segments
from tap_twitter_stream.spool.frames import (
    HEADER_BYTES,
    MAGIC,
    Frame,
    Kind,
    parse,
    segment_name,
    wanted_bytes,
)

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
        self._lost = False  # no border of a frame is known any more in this file
        self._time_us = 0  # of the last sound frame
        self._open(_holding(folder, position))

    def read(self) -> list[Frame]:
        """Return the next whole frames, at most about 1 MiB of them; none at the tip."""
        while True:
            frames = self._read_here()
            if frames or not self._next_segment():
                return frames

    def sync(self) -> None:
        """Force what was read so far to disk; older segments were when they were closed.

        Raises:
            SpoolError: The disk is broken or full.
        """
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            msg = f"The spool cannot be forced to disk ({error.strerror}). Look at the disk."
            raise SpoolError(msg) from error

    def close(self) -> None:
        """Give the file back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _read_here(self) -> list[Frame]:
        if self._lost:
            return self._damaged()
        block = _block(self._handle, self._offset)
        position = self._base + self._offset
        frames, used = parse(block, position, verify=position < self._verify_before)
        if frames and not _in_step(self._handle, self._base, frames[-1]):
            self._lost = True
            used = frames.pop().position - position
        self._offset += used
        if frames:
            self._time_us = frames[-1].time_us
        return frames or (self._damaged() if self._lost else [])

    def _damaged(self) -> list[Frame]:
        """Return the next bytes of a file in which no frame's border is known any more."""
        block = os.pread(self._handle, BLOCK_BYTES, self._offset)
        if not block:
            return []
        position = self._base + self._offset - HEADER_BYTES  # so that the payload is in its place
        self._offset += len(block)
        return [Frame(position, self._time_us, 0, Kind.CORRUPT, block)]

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
        """Give up on a segment of an earlier run whose tail is no frame; go on with the next."""
        here = self._base + self._offset
        if here >= self._verify_before:
            return False  # the tip: what is missing has not been written yet
        later = [segment for segment in segments(self._folder) if segment.base > here]
        if not later:
            return False
        if not self._lost and os.fstat(self._handle).st_size > self._offset:
            self._lost = True
        else:
            self._open(later[0])
        return True

    def _open(self, segment: Segment) -> None:
        self.close()
        self._handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        if os.pread(self._handle, len(MAGIC), 0) != MAGIC:
            raise _foreign(segment)
        self._base, self._offset = segment.base, len(MAGIC)
        self._lost = False


def _holding(folder: Path, position: int) -> Segment:
    found = segments(folder)
    if not found:
        msg = "the spool has no segment to read"
        raise SpoolError(msg)
    before = [segment for segment in found if segment.base <= position]
    return before[-1] if before else found[0]


def last_frame_end(segment: Segment) -> int:
    """Return how many bytes of a segment come before a half-written frame.

    Corrupt frames count: a reader tells of them. 0 means not even the file's first bytes.

    Raises:
        SpoolError: The file is no segment.
    """
    handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        magic = os.pread(handle, len(MAGIC), 0)
        if len(magic) < len(MAGIC):
            return 0
        if magic != MAGIC:
            raise _foreign(segment)
        offset = len(MAGIC)
        while True:
            frames, used = parse(_block(handle, offset), segment.base + offset, verify=True)
            if not frames:
                return offset
            if not _in_step(handle, segment.base, frames[-1]):
                return os.fstat(handle).st_size
            offset += used
    finally:
        os.close(handle)


def _block(handle: int, offset: int) -> bytes:
    """Read from a frame's start on: about 1 MiB, or the one frame that is larger."""
    block = os.pread(handle, BLOCK_BYTES, offset)
    wanted = wanted_bytes(block)
    if len(block) == BLOCK_BYTES < wanted <= os.fstat(handle).st_size - offset:
        return os.pread(handle, wanted, offset)
    return block


def _in_step(handle: int, base: int, last: Frame) -> bool:
    """Whether a frame is sound, or at least shown to have the right length by what follows."""
    if last.kind is not Kind.CORRUPT:
        return True
    block = _block(handle, last.end - base)
    following, _ = parse(block[: wanted_bytes(block)], last.end, verify=True)
    return not block or (bool(following) and following[0].kind is not Kind.CORRUPT)


def _foreign(segment: Segment) -> SpoolError:
    return SpoolError(
        f"{segment.path.name} in the spool is not a log segment. Move it out of spool_dir."
    )
