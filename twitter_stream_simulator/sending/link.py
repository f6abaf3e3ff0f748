"""The sending end of one stream connection: blocks of messages in, HTTP chunks on a socket out."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import struct
import zlib
from bisect import bisect_right
from typing import TYPE_CHECKING, Literal

from twitter_stream_simulator import clock
from twitter_stream_simulator.sending.send_queue import SendQueue, unsent_bytes

if TYPE_CHECKING:
    from twitter_stream_simulator.material.blocks import Block
    from twitter_stream_simulator.scenario.patience import Patience

CRLF = b"\r\n"
BIG_CHUNK_BYTES = 65536
GZIP_WBITS = 31
# A reset throws away what the peer has not taken yet, so it waits up to this long for that.
DRAIN_S = 2.0
# Three bits set announce a kind of block that does not exist.
_NO_DEFLATE = b"\x07" * 16
_LONGEST_POLL_S = 60.0
_SLOW_READER = "slow_reader"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ClientGoneError(Exception):
    """The client closed the connection, or the simulator is being stopped."""


class KickedError(ClientGoneError):
    """The server shall end the stream; ``disconnect_type`` is what it announces, if anything."""

    def __init__(self, ending: str, disconnect_type: str | None) -> None:
        super().__init__(ending)
        self.ending = ending
        self.disconnect_type = disconnect_type


class PartlySentError(ClientGoneError):
    """The client went away while messages were being sent.

    ``complete`` counts the messages whose whole line was handed to the kernel; ``partial`` says
    whether a part of the next one was.
    """

    def __init__(self, complete: int, *, partial: bool) -> None:
        super().__init__(f"{complete} messages were complete")
        self.complete = complete
        self.partial = partial


class Link:
    """One socket in the middle of a chunked response.

    With ``mixed``, blocks that are compressed already may come between other bytes; such a response
    cannot be finished, because nobody knows its checksum.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        compress: bool,
        mixed: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self._socket = connection
        self._queue = SendQueue(connection, patience) if patience else None
        self._kick: KickedError | None = None
        self.timed_out = False
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, GZIP_WBITS) if compress else None
        # A full flush forgets what came before, so that what follows does not refer to it.
        self._flush = zlib.Z_FULL_FLUSH if mixed else zlib.Z_SYNC_FLUSH
        self.last_byte_s = clock.monotonic_s()

    @property
    def is_compressed(self) -> bool:
        """Whether the body is."""
        return self._deflate is not None

    def begin(self, head: bytes) -> None:
        """Send the head of the response, and what gzip wants before any content."""
        self.send_raw(head)
        if self._deflate:
            self.send(b"")

    def kick(self, ending: str, disconnect_type: str | None) -> None:
        """Let the thread that sends end the stream; for use by another one."""
        self._kick = KickedError(ending, disconnect_type)
        with contextlib.suppress(OSError):  # Wakes it if it waits; the client may be gone.
            self._socket.shutdown(socket.SHUT_RD)

    def check(self) -> None:
        """See whether the stream shall end.

        Raises:
            KickedError: It shall.
        """
        if self._queue and self._queue.is_too_slow:
            self._queue = None
            raise KickedError(_SLOW_READER, "SlowReader")
        if self._kick:
            kick, self._kick = self._kick, None
            raise kick

    def send_block(self, block: Block, *, chunk_each: bool) -> None:
        """Send the messages of a filled block.

        Raises:
            PartlySentError: The client is gone.
        """
        wire, ends = self._framed(block, chunk_each=chunk_each)
        handed, error = self._hand_over(wire)
        if error:
            complete = bisect_right(ends, handed)
            start = ends[complete - 1] + len(CRLF) if complete else 0
            raise PartlySentError(complete, partial=handed > start) from error

    def send(self, payload: bytes) -> None:
        """Send some bytes of the body as one chunk.

        Raises:
            ClientGoneError: The client is gone.
        """
        self.send_raw(_chunk(self._squeezed(payload)))

    def drip(self, payload: bytes) -> None:
        """Send some bytes of the body, each in a chunk and a packet of its own."""
        for byte in self._squeezed(payload):
            self.send_raw(_chunk(bytes((byte,))))

    def send_cut_chunk(self, payload: bytes, promised_bytes: int) -> None:
        """Announce a chunk of ``promised_bytes`` and send less."""
        self.send_raw(b"%x\r\n%s" % (promised_bytes, self._squeezed(payload)))

    def send_raw(self, wire: bytes) -> None:
        """Send bytes as they are, outside of any chunk."""
        _, error = self._hand_over(wire)
        if error:
            raise ClientGoneError from error

    def finish(self) -> None:
        """End the response as HTTP wants it."""
        rest = self._deflate.flush() if self._deflate else b""
        self.send_raw((_chunk(rest) if rest else b"") + b"0\r\n\r\n")

    def new_member(self) -> None:
        """End the gzip member and begin another one."""
        if self._deflate:
            self.send_raw(_chunk(self._deflate.flush()))
            self._deflate = zlib.compressobj(1, zlib.DEFLATED, GZIP_WBITS)

    def finish_badly(self, how: Literal["corrupt", "truncated", "checksum"]) -> None:
        """End a compressed response so that it cannot be inflated to its end."""
        if self._deflate is None:
            return
        if how == "corrupt":
            self.send_raw(_chunk(_NO_DEFLATE))
        elif how == "checksum":
            rest = self._deflate.flush()
            # The last eight bytes are a checksum and a size.
            self.send_raw(_chunk(rest[:-8] + bytes((rest[-8] ^ 0xFF,)) + rest[-7:]))
        self.send_raw(b"0\r\n\r\n")

    def reset(self) -> None:
        """Make the coming close a reset, after what was sent has arrived."""
        deadline_s = clock.monotonic_s() + DRAIN_S
        while unsent_bytes(self._socket) and clock.monotonic_s() < deadline_s:
            self.wait(0.001)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def wait(self, span_s: float) -> None:
        """Let time pass.

        Raises:
            ClientGoneError: The client closed meanwhile.
        """
        deadline_s = clock.monotonic_s() + span_s
        while True:
            self.check()
            left_s = max(0.0, deadline_s - clock.monotonic_s())
            if not self._poll.poll(math.ceil(min(left_s, _LONGEST_POLL_S) * 1000)):
                if left_s <= _LONGEST_POLL_S:
                    return
                continue
            try:
                received = self._socket.recv(4096)
            except OSError as error:
                raise ClientGoneError from error
            if not received:
                self.check()
                raise ClientGoneError

    def _framed(self, block: Block, *, chunk_each: bool) -> tuple[bytes | bytearray, list[int]]:
        """Return a block as it goes over the wire, and where each message is complete there."""
        if self._deflate is None or block.is_deflated:
            return (block.buffer, block.ends) if chunk_each else _big_chunks(block)
        parts, ends, size_bytes = [], [], 0
        for line in block.lines():
            squeezed = self._squeezed(line + CRLF)
            parts.append(_chunk(squeezed) if chunk_each else squeezed)
            size_bytes += len(parts[-1])
            ends.append(size_bytes)
        wire = b"".join(parts)
        if chunk_each:
            return wire, ends
        head_bytes = len(b"%x\r\n" % len(wire))
        return _chunk(wire), [head_bytes + end for end in ends]

    def _squeezed(self, payload: bytes) -> bytes:
        """Compress if the client asked for it; flushed, so that it can be read at once."""
        if self._deflate is None:
            return payload
        return self._deflate.compress(payload) + self._deflate.flush(self._flush)

    def _hand_over(self, wire: bytes | bytearray) -> tuple[int, OSError | None]:
        """Give bytes to the kernel; return how many it took, and why it took no more."""
        handed = 0
        with memoryview(wire) as view:
            try:
                send = self._queue.send if self._queue else self._socket.send
                while handed < len(view):
                    handed += send(view[handed:])
            except OSError as error:
                self.timed_out = isinstance(error, TimeoutError)
                return handed, error
        self.last_byte_s = clock.monotonic_s()
        return handed, None


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


def _big_chunks(block: Block) -> tuple[bytes, list[int]]:
    """Cut a block without chunk headers into chunks that know nothing of messages."""
    view = memoryview(block.buffer)
    parts: list[bytes | memoryview] = []
    for at in range(0, len(view), BIG_CHUNK_BYTES):
        piece = view[at : at + BIG_CHUNK_BYTES]
        parts += (b"%x\r\n" % len(piece), piece, CRLF)
    ends = [_place_in_chunks(end, len(view)) for end in block.ends]
    return b"".join(parts), ends


def _place_in_chunks(end: int, total_bytes: int) -> int:
    """Return where the byte before ``end`` of a payload lies on the wire, plus one."""
    before = (end - 1) // BIG_CHUNK_BYTES
    size_bytes = min(BIG_CHUNK_BYTES, total_bytes - before * BIG_CHUNK_BYTES)
    full_frame_bytes = len(b"%x\r\n" % BIG_CHUNK_BYTES) + len(CRLF)
    return end + before * full_frame_bytes + len(b"%x\r\n" % size_bytes)
