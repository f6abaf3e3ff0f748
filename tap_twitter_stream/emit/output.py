"""Standard output as a place that may be slow, stuck or gone. Whole lines only.

A pipe takes what fits and leaves the rest of a line for later; a tap that has to leave in between
leaves a torn line behind. So a line is handed over only when the pipe is known to have room for
all of it, and the descriptor never blocks: the caller keeps its eyes on the clock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
import sys
import termios
from array import array
from typing import TYPE_CHECKING, Protocol

from tap_twitter_stream.errors import OutputClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

PIPE_BYTES = 1 << 20  # what Linux lets any user ask for
_PAGE_BYTES = 4096
_POLL_S = 0.002  # while the pipe is over half full; its reader has half a pipe to go on with
_WRITE_BYTES = 256 << 10
_GONE = "Whatever read the tap's output has closed it. Look at the target's own messages."


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: memoryview) -> int:
        """Write some of ``data`` without blocking for long; return how many bytes went."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Wait until a write may succeed, at most so long."""
        ...


class BlockingSink:
    """A file, a terminal, ``/dev/null``: takes everything, at its own pace."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def write(self, data: memoryview) -> int:
        """Write a block."""
        return os.write(self._handle, data[:_WRITE_BYTES])

    def wait(self, timeout_s: float) -> None:
        """Wait until the terminal takes bytes again; a file always does."""
        select.select([], [self._handle], [], timeout_s)


class PipeSink:
    """A pipe, through a description of our own, so that non-blocking mode is ours alone.

    Raises:
        OSError: This system cannot reopen or measure pipes.
    """

    def __init__(self, handle: int) -> None:
        self._handle = os.open(
            f"/proc/self/fd/{handle}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )
        with contextlib.suppress(OSError):  # the user's quota of pipe memory may be used up
            fcntl.fcntl(self._handle, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._slots = fcntl.fcntl(self._handle, fcntl.F_GETPIPE_SZ) // _PAGE_BYTES

    def write(self, data: memoryview) -> int:
        """Write as many whole lines as surely fit."""
        room = self._room_bytes()
        length = _whole_lines(data, room)
        if not length:
            if self._unread_bytes():
                return 0
            length = min(len(data), room)  # one line larger than the whole pipe: in pieces
        try:
            return os.write(self._handle, data[:length])
        except BlockingIOError:
            return 0

    def wait(self, timeout_s: float) -> None:
        """Sleep a moment, or until the reader is gone.

        A pipe counts as writable as soon as one page is free, so asking for that would spin.
        """
        poller = select.poll()
        poller.register(self._handle, 0)  # errors are always reported
        if poller.poll(min(timeout_s, _POLL_S) * 1000):
            raise OutputClosedError(_GONE)

    def close(self) -> None:
        """Give our description back."""
        os.close(self._handle)

    def _unread_bytes(self) -> int:
        unread = array("i", [0])
        fcntl.ioctl(self._handle, termios.FIONREAD, unread)
        return unread[0]

    def _room_bytes(self) -> int:
        # The kernel merges a write into the last page only if it fits, so two neighbouring pages
        # together hold more than one page: unread bytes take at most twice their size.
        used = -(-2 * self._unread_bytes() // _PAGE_BYTES) + 2
        return max(0, self._slots - used) * _PAGE_BYTES


class TextSink:
    """A replaced ``sys.stdout``, as test runners set it."""

    def write(self, data: memoryview) -> int:
        """Write everything."""
        sys.stdout.write(bytes(data).decode())
        sys.stdout.flush()
        return len(data)

    def wait(self, timeout_s: float) -> None:
        """Never needed."""


def standard_output() -> Sink:
    """Return the sink that fits what stdout is.

    Raises:
        OutputClosedError: The process was started without one.
    """
    if sys.stdout is None:
        msg = "Stdout is closed. Send the tap's output to a target, a file or /dev/null."
        raise OutputClosedError(msg)
    try:
        handle = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return TextSink()
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        with contextlib.suppress(OSError, AttributeError):
            return PipeSink(handle)
    return BlockingSink(handle)


class Output:
    """The one buffer that every Singer message passes, so that STATE follows what it covers."""

    def __init__(self, open_sink: Callable[[], Sink] = standard_output) -> None:
        self._open_sink = open_sink
        self._sink: Sink | None = None
        self._pending = memoryview(b"")
        self.parts: list[bytes | memoryview] = []
        """Appended to by the lanes directly: pieces of lines, each line ended by LF."""
        self.written_bytes = 0

    def push(self, timeout_s: float) -> bool:
        """Hand over what is buffered.

        Returns:
            True when everything went, False when the time passed first; call again then.

        Raises:
            OutputClosedError: The reader is gone.
        """
        if self._sink is None:
            self._sink = self._open_sink()
        waited_s = 0.0
        try:
            while self._pending or self._refill():
                count = self._sink.write(self._pending)
                self._pending = self._pending[count:]
                self.written_bytes += count
                if not count:
                    if waited_s >= timeout_s:
                        return False
                    self._sink.wait(timeout_s)
                    waited_s += _POLL_S
        except (BrokenPipeError, ConnectionResetError) as error:
            raise OutputClosedError(_GONE) from error
        except OSError as error:
            msg = f"Stdout cannot be written ({error.strerror}). Send it to a place that has room."
            raise OutputClosedError(msg) from error
        return True

    def _refill(self) -> bool:
        if not self.parts:
            return False
        self._pending = memoryview(b"".join(self.parts))
        self.parts.clear()
        return bool(self._pending)


def _whole_lines(data: memoryview, room: int) -> int:
    """Return the length of the whole lines at the start of ``data`` that ``room`` can hold."""
    if len(data) <= room:
        return len(data)
    return bytes(data[:room]).rfind(b"\n") + 1
