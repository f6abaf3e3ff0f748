"""Read an archive ahead in a thread, so that unpacking and making records overlap.

The decoders give the interpreter's lock back while they work, so a thread is enough.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import CaptureFailedError, StopRequestedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.spool.frames import Frame

_AHEAD_BYTES = 8 << 20
_AT_ONCE_BYTES = 512 << 10
_END_S = 1.0


class ArchiveReader:
    """Frames that were read ahead; stands in for the reader of a log and for its receiver.

    Args:
        frames: What to read, at most some 8 MiB ahead. It is gone through in a thread.
    """

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._ready: deque[Frame] = deque()
        self._ready_bytes = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._at_end = False
        self.last_words = ""
        self.ring_handle, self._ring_end = os.pipe()
        os.set_blocking(self.ring_handle, False)
        os.set_blocking(self._ring_end, False)
        self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
        self._thread.start()

    def read(self) -> list[Frame]:
        """Return the next frames; none when none is ready, or after a stop."""
        taken: list[Frame] = []
        size_bytes = 0
        with self._changed:
            while self._ready and not self._stopped and size_bytes < _AT_ONCE_BYTES:
                taken.append(self._ready.popleft())
                size_bytes += len(taken[-1].payload)
            self._ready_bytes -= size_bytes
            self._changed.notify_all()
        return taken

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more."""
        return self._stopped or (self._at_end and not self._ready)

    def stop(self) -> None:
        """Read no more: what was read ahead is for the next run."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread and give the pipe back; can be called twice."""
        self.stop()
        self._thread.join(_END_S)
        if self._thread.is_alive():  # on its way through a long file; it dies with the process
            return
        for handle in (self.ring_handle, self._ring_end):
            if handle >= 0:
                os.close(handle)
        self.ring_handle = self._ring_end = -1

    def drain_ring(self) -> None:
        """Take the rings so far."""
        with suppress(BlockingIOError):
            os.read(self.ring_handle, 65536)

    def emitted(self, position: int) -> None:
        """Do nothing: the files of an archive stay."""

    def fill(self, gap: Gap) -> None:
        """Do nothing: an archive has no gaps that anybody could fill."""

    def sync(self) -> None:
        """Do nothing: the files of an archive are on disk."""

    def _work(self) -> None:
        try:
            for frame in self._frames:
                self._put(frame)
        except StopRequestedError:
            pass
        except CaptureFailedError as error:
            self.last_words = str(error)
        except BaseException as error:
            self.last_words = f"The archive's reader failed: {error!r}. Please report it."
            raise
        finally:
            with self._changed:
                self._at_end = True
            self._ring()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._ready_bytes < _AHEAD_BYTES)
            if self._stopped:
                raise StopRequestedError
            was_empty = not self._ready
            self._ready.append(frame)
            self._ready_bytes += len(frame.payload)
        if was_empty:
            self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # full of rings: that will do
            os.write(self._ring_end, b"!")
