"""Append to the event log: one writer, many connections."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import REAL_FILES, begin_file
from tap_twitter_stream.errors import SpoolError, SpoolFullError
from tap_twitter_stream.spool.context import recollect
from tap_twitter_stream.spool.entries import KIND_OF, encode
from tap_twitter_stream.spool.failures import unsynced, unwritable
from tap_twitter_stream.spool.folder import identity, lock
from tap_twitter_stream.spool.frames import (
    HEADER_BYTES,
    MAGIC,
    Kind,
    encode_header,
    segment_name,
)
from tap_twitter_stream.spool.repair import SEGMENT_BYTES, repair
from tap_twitter_stream.spool.retention import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.disk import Files
    from tap_twitter_stream.spool.entries import Entry, Stopped
    from tap_twitter_stream.spool.folder import Segment

logger = logging.getLogger(__name__)


class LogWriter:
    """The one writer of a log. Safe to call from several threads.

    After a failed fsync, or a failed write that cannot be undone, it takes nothing more: what is
    on disk is not known any longer.

    Args:
        folder: Where the segments live; taken with a lock until the process ends.
        max_bytes: Bound of what is kept on disk.
        durable: Whether segments are forced to disk. False for a log that dies with the run.
        ring: Called after each append; must not block.
        acknowledged: Spool id and position in STATE. New frames come behind the position, however
            much of the log is lost, or they would count as emitted already.
        files: The disk.
    """

    def __init__(  # noqa: PLR0913 - the seams of the log, each named at the only call
        self,
        folder: Path,
        *,
        max_bytes: int,
        durable: bool,
        clock: Clock,
        ring: Callable[[], None],
        acknowledged: tuple[str | None, int | None] = (None, None),
        files: Files = REAL_FILES,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._durable = durable
        self._clock = clock
        self._ring = ring
        self._files = files
        self._guard = threading.Lock()
        self._room = threading.Condition(self._guard)
        self._sync_guard = threading.Lock()
        self._dirty = False
        self._broken = ""  # why nothing is taken any more
        self._emitted = 0  # the reader needs nothing before this position
        self._handle = -1
        self._lock_handle = lock(folder)
        try:
            self.spool_id = identity(folder, files)
            found = repair(folder, files, durable=durable)
            self.old_end, self.old_bytes = found.end, found.kept_bytes
            spool_id, position = acknowledged
            floor = (position or 0) if spool_id == self.spool_id else 0
            self.end = self.opened_at = self._segment_base = max(found.next_base, floor)
            self._shelf = Shelf(folder, found, files, durable=durable)
            if not found.kept_bytes:
                self._shelf.start = self.end
            # Room is made by whole segments, so a small log needs small ones.
            self._segment_bytes = min(SEGMENT_BYTES, max_bytes // 4)
            self._context = recollect(folder, files)
            self._shelf.drop(lambda segment: segment.end <= floor)  # may be all the room there is
            self._new_segment(follows=self.old_end)
        except OSError as error:
            os.close(self._lock_handle)
            raise unwritable(error) from error
        except SpoolError:
            os.close(self._lock_handle)
            raise

    def append(
        self, kind: Kind, payload: bytes, *, connection: int = 0, time_us: int | None = None
    ) -> int:
        """Append one frame and return its position.

        Raises:
            SpoolFullError: The disk is full, and no old file may go to make room. Nothing of the
                frame counts: append it again later.
            SpoolError: The disk is broken. Nothing of the frame counts, nor will of any other.
        """
        time_us = self._clock.now_us() if time_us is None else time_us
        with self._guard:
            position = self._append(kind, payload, connection, time_us)
            if kind is Kind.BYTES:
                self._context.received(payload, connection, time_us)
        self._ring()
        return position

    def append_entry(self, entry: Entry, *, connection: int = 0) -> int:
        """Append a frame of any kind but bytes, and keep it for the next segment's context."""
        with self._guard:
            time_us = self._clock.now_us()
            position = self._append(KIND_OF[type(entry)], encode(entry), connection, time_us)
            # Under the same lock: another connection's frame may begin a segment right behind.
            self._context.note(entry, connection or position, time_us)
        self._ring()
        return position

    def sync(self) -> None:
        """Force everything appended so far to disk, if this log is to outlive the run.

        Raises:
            SpoolError: It may not be there, and no later call will make that good.
        """
        with self._sync_guard:  # who comes second waits for the first, and may rely on it
            with self._guard:
                self._check()
                if not self._dirty or not self._durable or self._handle < 0:
                    return
                self._dirty = False
                handle = os.dup(self._handle)
            try:
                self._files.fdatasync(handle)  # outside the lock: receiving goes on meanwhile
            except OSError as error:
                with self._guard:
                    raise self._break(unsynced(error)) from error
            finally:
                os.close(handle)

    @property
    def start(self) -> int:
        """Position of the first byte that is kept."""
        return self._shelf.start

    def emitted(self, position: int) -> None:
        """Take note that the reader needs nothing before ``position`` any more in this run."""
        with self._guard:
            self._emitted = max(self._emitted, position)
            self._room.notify_all()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until the log is below its bound; drop what was emitted to make room.

        Returns:
            True when there is room, False when the time passed without.
        """
        with self._guard:
            if self._make_room():
                return True
            self._room.wait(timeout_s)
            return self._make_room()

    def has_room(self) -> bool:
        """Tell whether the log is below its bound, dropping what was emitted if need be."""
        with self._guard:
            return self._make_room()

    def drop_before(self, position: int) -> int:
        """Delete segments that end at or before ``position``; return how many bytes went."""
        with self._guard:
            return self._drop(lambda segment: segment.end <= position)

    def drop_older_than(self, retention_s: float) -> None:
        """Delete emitted segments last written more than ``retention_s`` ago."""
        horizon = self._clock.now_us() / 1e6 - retention_s
        with self._guard:
            emitted = self._emitted
            self._drop(
                lambda segment: segment.end <= emitted and segment.path.stat().st_mtime < horizon
            )

    def finish(self, outcome: Stopped) -> None:
        """Write that this run is over, and close.

        Raises:
            SpoolError: Something of the log may not be on disk. It does not say then that it
                was closed, so that the next run looks closely at its end.
        """
        self.sync()
        self.append_entry(outcome)
        self.close()

    def close(self) -> None:
        """Force the log to disk and give the files back; the lock goes last.

        Raises:
            SpoolError: The end of the log may not be on disk.
        """
        try:
            self.sync()
        finally:
            with self._guard:
                os.close(self._handle)
                self._handle = -1
                os.close(self._lock_handle)

    def _make_room(self) -> bool:
        try:
            return self._shelf.make_room(self._max_bytes, self._emitted)
        except OSError as error:
            raise self._break(unsynced(error)) from error

    def _shed(self) -> bool:
        try:
            return self._shelf.shed(self._emitted)
        except OSError as error:
            raise self._break(unsynced(error)) from error

    def _drop(self, wanted: Callable[[Segment], bool]) -> int:
        try:
            return self._shelf.drop(wanted)
        except OSError as error:
            raise self._break(unsynced(error)) from error

    def _check(self) -> None:
        if self._broken:
            raise SpoolError(self._broken)

    def _break(self, error: SpoolError) -> SpoolError:
        """Take nothing more from now on."""
        self._broken = self._broken or str(error)
        return error

    def _roll(self) -> None:
        if self._durable:
            try:
                self._files.fdatasync(self._handle)
            except OSError as error:
                raise self._break(unsynced(error)) from error
        self._new_segment(follows=self.end)

    def _new_segment(self, follows: int) -> None:
        """Go on in a new file. It appears with its context or, if the disk is full, not at all.

        Args:
            follows: Position where the last file ended, so that a reader can tell a missing one.
        """
        payload = encode(self._context.opening(follows))
        header = encode_header(Kind.CONTEXT, 0, self._clock.now_us(), payload)
        data = MAGIC + header + payload
        path = self._folder / segment_name(self.end)
        handle = begin_file(path, [data], self._files, durable=self._durable)
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._segment_base = handle, self.end
        self.end += len(data)
        self._shelf.kept_bytes += len(data)
        if self._durable:  # before any frame of a connection is in it
            self._sync_folder()

    def _sync_folder(self) -> None:
        try:
            self._files.sync_folder(self._folder)
        except OSError as error:
            raise self._break(unsynced(error)) from error

    def _append(self, kind: Kind, payload: bytes, connection: int, time_us: int) -> int:
        self._check()
        while True:
            try:
                if self.end - self._segment_base >= self._segment_bytes:
                    self._roll()
                position = self.end
                self._write(kind, payload, connection, time_us)
            except OSError as error:  # noqa: PERF203 - a second round is the exception
                why = unwritable(error)
                if not (isinstance(why, SpoolFullError) and self._shed()):
                    raise why from error
            else:
                return position

    def _write(self, kind: Kind, payload: bytes, connection: int, time_us: int) -> None:
        header = encode_header(kind, connection, time_us, payload)
        total = HEADER_BYTES + len(payload)
        try:
            written = self._files.writev(self._handle, [header, payload])
            if written < total:
                self._files.write_all(self._handle, (header + payload)[written:])
        except OSError as error:
            try:
                self._files.ftruncate(self._handle, self.end - self._segment_base)
            except OSError:
                raise self._break(unwritable(error)) from error
            raise
        self.end += total
        self._shelf.kept_bytes += total
        self._dirty = True
