"""The tap's end of the receiver process: start it, hear it ring, tell it to stop."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from tap_twitter_stream.coverage.fill_plan import FillOrder
from tap_twitter_stream.errors import SpoolError, TapTwitterStreamError
from tap_twitter_stream.receive.protocol import Hello

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.receive.protocol import Order

_START_S = 30.0
_END_S = 2.0
# Its threads, one for each connection, take turns with the interpreter, so a heap each gains them
# nothing; and each heap keeps the largest payload it ever held. What the user has set stays.
# Measured with 20 connections and 10,000 posts/s: 74 MB at most without, 51 with both. Giving back
# at once costs 3 us a post, so it is for runs into files, whose memory has a bound.
_ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
_GIVES_BACK = {"MALLOC_TRIM_THRESHOLD_": str(1 << 20)}


class ReceiverLink:
    """A running receiver. Its death is always noticed: the ring's pipe ends with it.

    Raises:
        SpoolError: The receiver could not open the log.
    """

    def __init__(self, order: Order) -> None:
        # Not one thread of ours exists in it and no descriptor leaks into it, least of all
        # stdout: a receiver that held it would keep a target waiting when the tap is killed.
        heap = {**_ONE_HEAP, **(_GIVES_BACK if order.settings.files else {})}
        self._process = _started([sys.executable, "-m", "tap_twitter_stream.receive.process"], heap)
        assert self._process.stdin  # noqa: S101 - PIPE was asked for
        assert self._process.stdout  # noqa: S101
        self._commands = self._process.stdin
        self.ring_handle = self._process.stdout.fileno()
        self.ended = False
        self._heard = b""
        self._command(msgspec.json.encode(order))
        try:
            self.hello = self._read_hello()
        except BaseException:
            self.kill()
            raise
        if self.hello.error:
            self.kill()
            raise SpoolError(self.hello.error)
        os.set_blocking(self.ring_handle, False)

    def drain_ring(self) -> None:
        """Take the rings so far, and notice when no more can come."""
        try:
            while data := os.read(self.ring_handle, 65536):
                self._hear(data)
                if len(data) < 65536:  # noqa: PLR2004 - the pipe is empty now
                    return
        except BlockingIOError:
            return
        self.ended = True

    @property
    def last_words(self) -> str:
        """Why it ended, if it could not write that into the log; empty otherwise."""
        return self._heard[1:].decode(errors="replace")

    def _hear(self, data: bytes) -> None:
        """Keep what is more than rings: it begins with a line feed, and nothing follows it."""
        if self._heard:
            self._heard += data
        elif (start := data.find(b"\n")) >= 0:
            self._heard = data[start:]

    def stop(self) -> None:
        """Ask it to close its sockets and force the log to disk."""
        self._command(b"stop")

    def emitted(self, position: int) -> None:
        """Tell it that nothing before ``position`` is needed any more in this run."""
        self._command(b"emitted %d" % position)

    def fill(self, gap: Gap) -> None:
        """Order a gap to be filled."""
        order = FillOrder(gap.endpoint, gap.partition, gap.started_us, gap.ended_us)
        self._command(b"fill " + msgspec.json.encode(order))

    def close(self) -> None:
        """Wait for its end, which a stop brings within a second; then make sure."""
        with suppress(OSError):
            self._commands.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            self.drain_ring()
            self._close_pipe()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._commands.close()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process.stdout:
            self._process.stdout.close()

    def _command(self, line: bytes) -> None:
        with suppress(BrokenPipeError, ValueError):  # it has ended; the ring says so
            self._commands.write(line + b"\n")
            self._commands.flush()

    def _read_hello(self) -> Hello:
        """Read the first line byte by byte, as rings follow right behind it."""
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.ring_handle], [], [], _START_S)
            byte = os.read(self.ring_handle, 1) if ready else b""
            if not byte:
                msg = "The receiver process did not start; its messages above say why."
                raise TapTwitterStreamError(msg)
            line += byte
        return msgspec.json.decode(line, type=Hello)


def _started(command: list[str], heap: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a process that no Ctrl-C or hang-up reaches, not even while it is still importing.

    A terminal sends those to the whole foreground group. What is blocked here stays blocked in the
    child, while the signals that come to us meanwhile wait.
    """
    groups = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, groups)
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**heap, **os.environ},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
