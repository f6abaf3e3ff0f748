"""Read the event log from a position on, while it may still grow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import REAL_FILES
from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.entries import Context, read
from tap_twitter_stream.spool.failures import unsynced
from tap_twitter_stream.spool.folder import Segment, segments
from tap_twitter_stream.spool.frames import HEADER_BYTES, MAGIC, Frame, Kind, segment_name
from tap_twitter_stream.spool.resync import BLOCK_BYTES, next_sound, sound_frames

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.disk import Files


class LogReader:
    """Yields frames in order; at the tip they come from the page cache, not from the disk.

    Damage never raises: what lies between two sound frames comes as ``Kind.CORRUPT``, with its
    bytes, and so does, with none, a file that is missing.

    Args:
        folder: The log's folder.
        position: Where to start. The reader begins at the start of the segment that holds it, as
            only there a frame's border is known, so earlier frames come too.
        verify_before: Frames before this position are checked against their CRC.
        files: The disk.
    """

    def __init__(
        self, folder: Path, position: int, verify_before: int, files: Files = REAL_FILES
    ) -> None:
        self._folder = folder
        self._verify_before = verify_before
        self._files = files
        self._base = self._offset = 0
        self._handle = -1
        self._damage_end = 0  # offset of the next sound frame, while one before it was damaged
        self._time_us = 0  # of the last sound frame
        self._entry_synced = False
        self._open(_holding(folder, position))

    def read(self) -> list[Frame]:
        """Return the next whole frames, at most about 1 MiB of them; none at the tip."""
        while True:
            frames = self._read_here()
            if frames:
                return frames
            if (hole := self._next_segment()) is None:
                return []
            if hole:
                return hole

    def sync(self) -> None:
        """Force what was read so far to disk; older segments were when they were closed.

        Raises:
            SpoolError: The disk is broken or full.
        """
        try:
            self._files.fdatasync(self._handle)
            if not self._entry_synced:  # the writer may not have come to it yet
                self._files.sync_folder(self._folder)
                self._entry_synced = True
        except OSError as error:
            raise unsynced(error) from error

    def close(self) -> None:
        """Give the file back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _read_here(self) -> list[Frame]:
        if self._offset < self._damage_end:
            return self._damaged()
        verify = self._base + self._offset < self._verify_before
        frames, damaged = sound_frames(self._handle, self._base, self._offset, verify=verify)
        if frames:
            self._offset = frames[-1].end - self._base
            self._time_us = frames[-1].time_us
        if damaged:
            self._find_damage_end()
        return frames or (self._damaged() if damaged else [])

    def _find_damage_end(self) -> None:
        size = os.fstat(self._handle).st_size
        self._damage_end = next_sound(self._handle, self._offset + 1, size)

    def _damaged(self) -> list[Frame]:
        """Return the next bytes that are no frame."""
        size = min(BLOCK_BYTES, self._damage_end - self._offset)
        block = os.pread(self._handle, size, self._offset)
        position = self._base + self._offset - HEADER_BYTES  # so that the payload is in its place
        self._offset += len(block)
        return [Frame(position, self._time_us, 0, Kind.CORRUPT, block)]

    def _next_segment(self) -> list[Frame] | None:
        """Go on behind what was read of this file.

        Returns:
            None at the tip; else what is missing before the next frames, mostly nothing.
        """
        end = self._base + self._offset
        path = self._folder / segment_name(end)
        following = path.exists()
        # The writer makes the next segment only when this one is whole, but it may have been
        # both finished and followed between the last read and the look at the folder.
        unread = os.fstat(self._handle).st_size > self._offset
        if following and not unread:
            self._open(Segment(end, path))
            return []
        if end >= self._verify_before and not unread:
            return None  # the tip: what is missing has not been written yet
        later = [segment for segment in segments(self._folder) if segment.base > end]
        if not later:
            return None
        if unread:
            frames, _ = sound_frames(self._handle, self._base, self._offset, verify=True)
            if not frames:
                self._find_damage_end()
            return []
        self._open(later[0])
        return self._missing(end)

    def _missing(self, end: int) -> list[Frame]:
        """Return a frame without bytes for what lay between ``end`` and this segment, if anything.

        Positions are left out on purpose where a run began behind a crash; the segment says so.
        """
        frames, _ = sound_frames(self._handle, self._base, self._offset, verify=True)
        if not frames or frames[0].kind is not Kind.CONTEXT:
            return []
        if read(frames[0], Context).follows in {None, end}:
            return []
        return [Frame(self._base - HEADER_BYTES, frames[0].time_us, 0, Kind.CORRUPT, b"")]

    def _open(self, segment: Segment) -> None:
        self.close()
        self._handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        self._base, self._offset = segment.base, len(MAGIC)
        self._damage_end = 0
        self._entry_synced = False
        if os.pread(self._handle, len(MAGIC), 0) != MAGIC:
            self._offset = 0
            self._find_damage_end()


def _holding(folder: Path, position: int) -> Segment:
    found = segments(folder)
    if not found:
        msg = "the spool has no segment to read"
        raise SpoolError(msg)
    before = [segment for segment in found if segment.base <= position]
    return before[-1] if before else found[0]
