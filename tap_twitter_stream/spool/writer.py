"""Append to the event log: one writer, many connections."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.folder import (
    Segment,
    cut_torn_tail,
    identity,
    lock,
    segments,
    sync_path,
)
from tap_twitter_stream.spool.frames import (
    HEADER_BYTES,
    MAGIC,
    Kind,
    encode_header,
    encode_json,
    segment_name,
)
from tap_twitter_stream.spool.reader import last_frame_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_twitter_stream.clock import Clock

SEGMENT_BYTES = 64 << 20

logger = logging.getLogger(__name__)


class LogWriter:
    """The one writer of a log. Safe to call from several threads.

    Args:
        folder: Where the segments live; taken with a lock until the process ends.
        max_bytes: Bound of what is kept on disk.
        durable: Whether segments are forced to disk. False for a log that dies with the run.
        ring: Called after each append; must not block.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int, durable: bool, clock: Clock, ring: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._durable = durable
        self._clock = clock
        self._ring = ring
        self._guard = threading.Lock()
        self._room = threading.Condition(self._guard)
        self._dirty = False
        self._context: dict[int, dict[str, Any]] = {}  # open connections, for the next segment
        self._window: dict[str, Any] = {}
        self._told_of_drop = not durable  # a log that dies with the run is nobody's second copy
        self._emitted = 0  # the reader needs nothing before this position
        self._lock_handle = lock(folder)
        try:
            self.spool_id = identity(folder)
            self._repair()
            found = segments(folder)
            self.start = found[0].base if found else 0
            self.end = found[-1].end if found else 0
        except OSError as error:
            raise _unwritable(error) from error
        self.opened_at = self.end
        self._handle = -1
        self._segment_base = self.end
        # Room is made by whole segments, so a small log needs small ones.
        self._segment_bytes = min(SEGMENT_BYTES, max_bytes // 4)
        try:
            self._new_segment()
        except OSError as error:
            raise _unwritable(error) from error

    def append(
        self, kind: Kind, payload: bytes, *, connection: int = 0, time_us: int | None = None
    ) -> int:
        """Append one frame and return its position.

        Raises:
            SpoolError: The disk is full or broken. Nothing of the frame counts then.
        """
        time_us = self._clock.now_us() if time_us is None else time_us
        with self._guard:
            position = self._append(kind, payload, connection, time_us)
        self._ring()
        return position

    def append_json(self, kind: Kind, value: dict[str, Any], *, connection: int = 0) -> int:
        """Append a frame that holds one JSON object, and keep it for the next segment's context."""
        with self._guard:
            position = self._append(kind, encode_json(value), connection, self._clock.now_us())
            # Under the same lock: another connection's frame may begin a segment right behind.
            if kind is Kind.WINDOW:
                self._window = value
            elif kind is Kind.OPENED:
                self._context[connection or position] = value
            elif kind is Kind.CLOSED:
                self._context.pop(connection, None)
        self._ring()
        return position

    def sync(self) -> None:
        """Force everything appended so far to disk, if this log is to outlive the run."""
        with self._guard:
            if not self._dirty or not self._durable or self._handle < 0:
                return
            self._dirty = False
            handle = os.dup(self._handle)
        try:
            os.fdatasync(handle)  # outside the lock: receiving goes on meanwhile
        finally:
            os.close(handle)

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
            return self._drop(lambda _kept, segment_end: segment_end <= position)

    def drop_older_than(self, retention_s: float) -> None:
        """Delete emitted segments last written more than ``retention_s`` ago."""
        horizon = self._clock.now_us() / 1e6 - retention_s
        with self._guard:
            emitted = self._emitted
            self._drop(
                lambda segment, end: end <= emitted and segment.path.stat().st_mtime < horizon
            )

    def close(self) -> None:
        """Force the log to disk and give the files back; the lock goes last."""
        self.sync()
        with self._guard:
            os.close(self._handle)
            self._handle = -1
            os.close(self._lock_handle)

    def _make_room(self) -> bool:
        if self.end - self.start < self._max_bytes:
            return True
        emitted = self._emitted
        dropped = self._drop(
            lambda _segment, end: end <= emitted and self.end - self.start >= self._max_bytes
        )
        if dropped and not self._told_of_drop:
            self._told_of_drop = True
            logger.warning(
                "The spool reached spool_max_bytes: what was emitted longest ago is dropped, "
                "although no STATE has acknowledged it yet."
            )
        return self.end - self.start < self._max_bytes

    def _drop(self, wanted: Callable[[Segment, int], bool]) -> int:
        dropped = 0
        found = segments(self._folder)
        for segment, following in pairwise(found):
            if not wanted(segment, following.base):
                break
            segment.path.unlink()
            dropped += following.base - segment.base
            self.start = following.base
        return dropped

    def _repair(self) -> None:
        """Cut the torn tail that a crash may have left on the last segment."""
        for segment in reversed(segments(self._folder)):
            valid_bytes = last_frame_end(segment)
            if valid_bytes != segment.path.stat().st_size:
                cut_torn_tail(segment, valid_bytes)
            if valid_bytes:
                if self._durable:  # a killed run's last bytes may never have been
                    sync_path(segment.path)
                return

    def _roll(self) -> None:
        if self._durable:
            os.fdatasync(self._handle)
        self._new_segment()

    def _new_segment(self) -> None:
        """Go on in a new file. It appears with its context or, if the disk is full, not at all."""
        context = {
            "window": self._window,
            "connections": [[c, v] for c, v in self._context.items()],
        }
        payload = encode_json(context)
        header = encode_header(Kind.CONTEXT, 0, self._clock.now_us(), payload)
        path = self._folder / segment_name(self.end)
        draft = path.with_suffix(".new")
        handle = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        try:
            size = _write_all(handle, MAGIC + header + payload)
            if self._durable:
                os.fdatasync(handle)
            draft.replace(path)
        except OSError:
            os.close(handle)
            raise
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._segment_base = handle, self.end
        self.end += size
        if self._durable:
            sync_path(self._folder)

    def _append(self, kind: Kind, payload: bytes, connection: int, time_us: int) -> int:
        try:
            if self.end - self._segment_base >= self._segment_bytes:
                self._roll()
            position = self.end
            self._write(kind, payload, connection, time_us)
        except OSError as error:
            raise _unwritable(error) from error
        return position

    def _write(self, kind: Kind, payload: bytes, connection: int, time_us: int) -> None:
        header = encode_header(kind, connection, time_us, payload)
        total = HEADER_BYTES + len(payload)
        try:
            written = os.writev(self._handle, [header, payload])
            if written < total:
                written += _write_all(self._handle, (header + payload)[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self.end - self._segment_base)
            raise
        self.end += total
        self._dirty = True


def _unwritable(error: OSError) -> SpoolError:
    return SpoolError(
        f"The spool cannot be written ({error.strerror}). "
        "Free disk space under spool_dir, or name another folder there."
    )


def _write_all(handle: int, data: bytes) -> int:
    total = len(data)
    while data:
        data = data[os.write(handle, data) :]
    return total
