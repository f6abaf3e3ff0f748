"""Cut the byte stream into lines. No I/O: bytes go in, lines come out."""

from __future__ import annotations


class OverlongLine(bytes):
    """The first bytes of a line that passed the limit; the rest was counted and dropped."""

    size_bytes: int

    @classmethod
    def of(cls, head: bytes, size_bytes: int) -> OverlongLine:
        """Make one from the bytes kept and the size the line really had."""
        line = cls(head)
        line.size_bytes = size_bytes
        return line


def size_of(line: bytes) -> int:
    """Return how many bytes the line had on the wire, its LF not counted."""
    return line.size_bytes if isinstance(line, OverlongLine) else len(line)


class LineCutter:
    r"""Incremental line splitter; the result does not depend on chunk borders.

    Only LF ends a line: U+2028, U+0085 and their like are legal inside a JSON string, so
    ``str.splitlines`` would break posts apart. A CR before the LF stays on the line: it is white
    space to JSON, and without it a line's place in the stream could not be told from its length.
    """

    __slots__ = ("_kept_bytes", "_limit_bytes", "_pieces", "pending_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pieces: list[bytes] = []  # joined only when the line ends, to stay linear
        self._kept_bytes = 0
        self.pending_bytes = 0  # size of the unfinished line, dropped bytes included

    def feed(self, data: bytes) -> list[bytes]:
        r"""Take bytes and return the lines they complete, without their LF.

        Args:
            data: Bytes as they came; may end inside a character or between CR and LF.

        Returns:
            Whole lines, in order; ``b""`` and ``b"\r"`` are keep-alives. A line longer than the
            limit comes as an :class:`OverlongLine`.
        """
        lines = data.split(b"\n")
        tail = lines.pop()
        if lines:
            if self.pending_bytes:
                self._keep(lines[0])
                lines[0] = self.take_pending()
            if len(data) > self._limit_bytes:
                lines = [self._bounded(line) for line in lines]
        if tail:
            self._keep(tail)
        return lines

    def take_pending(self) -> bytes:
        """Return the unfinished last line and forget it."""
        line = b"".join(self._pieces)
        if self.pending_bytes > self._kept_bytes:
            line = OverlongLine.of(line, self.pending_bytes)
        self._pieces, self._kept_bytes, self.pending_bytes = [], 0, 0
        return line

    def _bounded(self, line: bytes) -> bytes:
        if len(line) <= self._limit_bytes or isinstance(line, OverlongLine):
            return line
        return OverlongLine.of(line[: self._limit_bytes], len(line))

    def _keep(self, piece: bytes) -> None:
        self.pending_bytes += len(piece)
        piece = piece[: self._limit_bytes - self._kept_bytes]
        if piece:
            self._kept_bytes += len(piece)
            self._pieces.append(piece)


class LinePlaces:
    """Positions of the lines of one cut, worked out only as far as they are asked for.

    The first line may have begun in an earlier frame, and a frame's header lies between its two
    parts; so its place is given, and the others are counted from where it would have begun if the
    parts lay together.

    Args:
        lines: What :meth:`LineCutter.feed` returned.
        first: Position of the first line's first byte.
        start: Position of the bytes fed, less those that were pending before.
    """

    __slots__ = ("_first", "_index", "_lines", "_position")

    def __init__(self, lines: list[bytes], first: int, start: int) -> None:
        self._lines = lines
        self._first = first
        self._index = 0
        self._position = start

    def of(self, index: int) -> int:
        """Return the position of a line's first byte; ask for ever later lines."""
        for line in self._lines[self._index : index]:
            self._position += size_of(line) + 1
        self._index = index
        return self._position if index else self._first
