"""Undo HTTP/1.1 chunked transfer coding. No I/O: bytes go in, payload comes out."""

from __future__ import annotations

# A chunk head is a hexadecimal size and, in theory, extensions. Anything longer than this before
# its line ends is not HTTP, and must not grow a buffer.
MAX_HEAD_BYTES = 4096


class ChunkedError(ValueError):
    """The bytes are not chunked transfer coding."""


class ChunkedDecoder:
    """Incremental decoder; linear in bytes whatever the chunk borders.

    The standard library's own reader costs two buffered reads a chunk, and X sends one chunk a
    message, so at line rate that reader is the larger half of the whole pipeline.
    """

    __slots__ = ("_left", "_rest", "finished")

    def __init__(self) -> None:
        self._rest = b""  # an unfinished chunk head
        self._left = 0  # bytes still to come of the chunk under way, its CRLF included
        self.finished = False  # the terminating zero-length chunk was seen

    def feed(self, data: bytes) -> bytes:
        """Take bytes as the socket gave them, and return the payload among them.

        Raises:
            ChunkedError: A chunk head is not a hexadecimal size.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        end = len(data)
        pieces: list[bytes] = []
        pos = 0
        if self._left:
            pos = self._resume(data, end, pieces)
        while pos < end and not self.finished:
            head_end = data.find(b"\r\n", pos, pos + MAX_HEAD_BYTES)
            if head_end < 0:
                self._keep_head(data[pos:])
                break
            size = self._size(data[pos:head_end])
            start = head_end + 2
            pos = start + size
            if size == 0:
                self.finished = True  # trailers, if any, carry nothing for us
                break
            pieces.append(data[start:pos])
            pos += 2
            if pos > end:
                self._left = pos - end
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _resume(self, data: bytes, end: int, pieces: list[bytes]) -> int:
        taken = min(self._left, end)
        payload = min(taken, max(0, self._left - 2))
        pieces.append(data[:payload])
        self._left -= taken
        return taken

    def _keep_head(self, head: bytes) -> None:
        if len(head) >= MAX_HEAD_BYTES:
            msg = f"chunk head of more than {MAX_HEAD_BYTES} bytes"
            raise ChunkedError(msg)
        self._rest = head

    @staticmethod
    def _size(head: bytes) -> int:
        digits = head.partition(b";")[0].strip()
        # int() would also take "+1", "1_0" and "0x1".
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            msg = f"chunk head {head[:40]!r} is not a hexadecimal size"
            raise ChunkedError(msg)
        return int(digits, 16)
