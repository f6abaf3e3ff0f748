"""Bring a log into order that a crash, of the process or of the machine, may have left torn."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import begin_file
from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.folder import Segment, segments
from tap_twitter_stream.spool.frames import MAGIC, Kind
from tap_twitter_stream.spool.resync import BLOCK_BYTES, is_zero, next_sound, sound_frames

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.disk import Files

SEGMENT_BYTES = 64 << 20
# More than a machine that dies can take: a file is forced to disk before the next one begins, so
# one file and the frame that closed it are all that was ever written and not yet safe.
_NEVER_SAFE_BYTES = 4 * SEGMENT_BYTES

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A log as the last run left it, repaired.

    Attributes:
        start: Position of its first byte.
        end: Position behind its last byte.
        kept_bytes: What its files hold.
        next_base: Where the next file may begin. Behind ``end`` unless the last run closed the
            log itself: positions that a crash took back may stand in rows and in STATE, and
            must never name anything else.
    """

    start: int = 0
    end: int = 0
    kept_bytes: int = 0
    next_base: int = 0


def repair(folder: Path, files: Files, *, durable: bool) -> Found:
    """Cut what is half-written, force the rest to disk, and say what there is.

    Raises:
        OSError: The disk is broken.
        SpoolError: A file is no segment.
    """
    for draft in folder.glob("*.new"):
        files.unlink(draft)
    closed = False
    for segment in reversed(segments(folder)):
        valid_bytes, closed = sound_bytes(segment)
        if valid_bytes:
            if not closed:
                _secure(segment, valid_bytes, files, durable=durable)
            break
        files.unlink(segment.path)
    if durable:
        files.sync_folder(folder)
    found = segments(folder)
    if not found:
        return Found()
    end = found[-1].end
    kept_bytes = sum(segment.end - segment.base for segment in found)
    return Found(found[0].base, end, kept_bytes, end if closed else end + _NEVER_SAFE_BYTES)


def _secure(segment: Segment, valid_bytes: int, files: Files, *, durable: bool) -> None:
    """Cut the torn tail of a log that no run closed, and see to it that the rest is on disk."""
    surplus_bytes = segment.end - segment.base - valid_bytes
    if surplus_bytes:
        logger.warning(
            "%d bytes of a half-written frame were cut off the end of the spool.", surplus_bytes
        )
    if durable:
        with contextlib.suppress(OSError):  # no room for a copy: what follows needs none
            _write_anew(segment, valid_bytes, files)
            return
    handle = files.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        files.ftruncate(handle, valid_bytes)
        if durable:
            _write_over(handle, valid_bytes, files)
            files.fdatasync(handle)
    finally:
        files.close(handle)


def _write_anew(segment: Segment, valid_bytes: int, files: Files) -> None:
    """Put a copy in the segment's place, as an fsync of the file itself may prove nothing.

    If the last run ended because an fsync failed, the kernel still shows bytes that it will never
    write: to another fsync they count as written.
    """
    with segment.path.open("rb") as source:
        blocks = iter(lambda: source.read(min(BLOCK_BYTES, valid_bytes - source.tell())), b"")
        files.close(begin_file(segment.path, blocks, files))


def _write_over(handle: int, size_bytes: int, files: Files) -> None:
    """Write what a file holds to where it is, so that an fsync is about every page of it.

    A copy is better where there is room: a disk may have had a reason to fail there.
    """
    offset = 0
    while block := os.pread(handle, min(BLOCK_BYTES, size_bytes - offset), offset):
        offset += files.pwrite(handle, block, offset)


def sound_bytes(segment: Segment) -> tuple[int, bool]:
    """Return how many bytes of a segment come before a half-written frame.

    Corrupt frames with sound ones behind them count: a reader tells of them. What the disk never
    got reads as zeros, and counts as not written.

    Returns:
        The bytes, 0 when there are not even the file's first ones; and whether the last frame
        says that its run closed the log.

    Raises:
        SpoolError: The file is no segment.
    """
    handle = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        magic = os.pread(handle, len(MAGIC), 0)
        if is_zero(handle, 0, size) or (size < len(MAGIC) and MAGIC.startswith(magic)):
            return 0, False
        if magic != MAGIC and next_sound(handle, 0, size) == size:
            msg = (
                f"{segment.path.name} in the spool is not a log segment. Move it out of spool_dir."
            )
            raise SpoolError(msg)
        return _extent(handle, segment.base, size)
    finally:
        os.close(handle)


def _extent(handle: int, base: int, size: int) -> tuple[int, bool]:
    offset, last = len(MAGIC), Kind.CONTEXT
    while offset < size:
        frames, damaged = sound_frames(handle, base, offset, verify=True)
        if frames:
            offset, last = frames[-1].end - base, frames[-1].kind
            if not damaged:
                continue
        following = next_sound(handle, offset + 1, size)
        if following == size:
            torn = not damaged or is_zero(handle, offset, size)
            return (offset if torn else size), torn and last is Kind.STOPPED
        offset, last = following, Kind.CORRUPT
    return offset, last is Kind.STOPPED
