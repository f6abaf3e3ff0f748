"""The segments of one log on disk: how much they hold, and which may go."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_twitter_stream.spool.folder import segments

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_twitter_stream.disk import Files
    from tap_twitter_stream.spool.folder import Segment
    from tap_twitter_stream.spool.repair import Found

logger = logging.getLogger(__name__)


class Shelf:
    """Keeps count of a log's segments and deletes old ones. The newest always stays.

    Attributes:
        start: Position of the log's first byte.
        kept_bytes: What the segments hold.
    """

    def __init__(self, folder: Path, found: Found, files: Files, *, durable: bool) -> None:
        self._folder = folder
        self._files = files
        self._durable = durable
        self.start = found.start
        self.kept_bytes = found.kept_bytes
        self._told = not durable  # a log that dies with the run is nobody's second copy

    def make_room(self, most_bytes: int, emitted: int) -> bool:
        """Drop what lies before ``emitted`` as far as it has to go.

        Returns:
            Whether there is room below ``most_bytes``.

        Raises:
            OSError: The folder cannot be forced to disk.
        """
        if self.kept_bytes < most_bytes:
            return True
        dropped = self.drop(lambda one: one.end <= emitted and self.kept_bytes >= most_bytes)
        if dropped:
            self._tell("The spool reached spool_max_bytes")
        return self.kept_bytes < most_bytes

    def shed(self, emitted: int) -> bool:
        """Drop the oldest segment if it was emitted: the disk is full, and what comes is not kept.

        Returns:
            Whether one went.

        Raises:
            OSError: The folder cannot be forced to disk.
        """
        oldest = self.start
        dropped = self.drop(lambda one: one.base == oldest and one.end <= emitted)
        if dropped:
            self._tell("The disk of the spool is full")
        return bool(dropped)

    def _tell(self, cause: str) -> None:
        if not self._told:
            self._told = True
            logger.warning(
                "%s: what was emitted longest ago is dropped, although no STATE has acknowledged "
                "it yet.",
                cause,
            )

    def drop(self, wanted: Callable[[Segment], bool]) -> int:
        """Delete the oldest segments while they are wanted gone; return how many bytes went.

        Each is gone for good before the next: a crash in between leaves no hole in the log.

        Raises:
            OSError: The folder cannot be forced to disk.
        """
        dropped = 0
        for segment, following in pairwise(segments(self._folder)):
            if not wanted(segment):
                break
            size = segment.end - segment.base
            try:
                self._files.unlink(segment.path)
            except OSError as error:
                logger.warning("%s cannot be deleted (%s).", segment.path, error.strerror)
                break
            dropped += size
            self.kept_bytes -= size
            self.start = following.base
            if self._durable:
                self._files.sync_folder(self._folder)
        return dropped
