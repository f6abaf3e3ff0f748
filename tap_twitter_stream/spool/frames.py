"""The event log's format: segments of frames. Bytes to frames and back, no I/O.

A segment is a file named after the position of its first byte and starts with ``MAGIC``; frames
follow without padding. A position is a byte's place in the log as a whole, so it grows for ever
and names one byte whatever segment holds it. The first frame of a segment is its ``CONTEXT``:
what a reader that starts there has to know.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from enum import IntEnum

MAGIC = b"TTSLOG01"
SUFFIX = ".log"
_HEADER = struct.Struct("<IIQQB3x")  # payload length, CRC, epoch microseconds, connection, kind
HEADER_BYTES = _HEADER.size
KIND_OFFSET = 24  # of the kind in a header
_CRC_FROM = 8  # the CRC covers everything behind itself


class Kind(IntEnum):
    """What a frame tells. All but ``BYTES`` hold one JSON object."""

    CONTEXT = 1  # window and open connections where a segment starts, and where the last one ended
    WINDOW = 2  # a run began
    OPENED = 3  # X answered a connection attempt with 200
    BYTES = 4  # what a connection sent, de-chunked and inflated
    CLOSED = 5  # a connection, or an attempt at one, ended
    RULES = 6  # the app's rules as X listed them
    PROBLEM = 7  # X refused a rule or answered a REST call with a problem
    STOPPED = 8  # the receiver ended; nothing follows in this window
    PAGE = 9  # a page of recent search, for a gap
    FILLED = 10  # what became of a gap
    BEHIND = 11  # since when what a connection brings may be old, or that it no longer is
    CORRUPT = 255  # made by readers: bytes that are no sound frame


@dataclass(frozen=True, slots=True)
class Frame:
    """One entry of the log. ``connection`` is the position of its connection's first frame."""

    position: int
    time_us: int
    connection: int
    kind: Kind
    payload: bytes

    @property
    def payload_position(self) -> int:
        """Position of the payload's first byte."""
        return self.position + HEADER_BYTES

    @property
    def end(self) -> int:
        """Position behind the frame's last byte."""
        return self.position + HEADER_BYTES + len(self.payload)


def encode_header(kind: Kind, connection: int, time_us: int, payload: bytes) -> bytes:
    """Return the header that goes before ``payload``."""
    header = _HEADER.pack(len(payload), 0, time_us, connection, kind)
    crc = zlib.crc32(payload, zlib.crc32(header[_CRC_FROM:]))
    return _HEADER.pack(len(payload), crc, time_us, connection, kind)


def parse(block: bytes, base: int, *, verify: bool) -> tuple[list[Frame], int]:
    """Cut a block of log into frames.

    Args:
        block: Bytes that start with a frame's header; the last frame may be unfinished.
        base: Position of the block's first byte.
        verify: Compare each frame's CRC. A live reader need not: it reads what the writer handed
            to this kernel, and the CRC costs as much as the copy.

    Returns:
        The whole frames, and how many bytes of the block they take. A frame whose CRC does not
        match comes last, as ``Kind.CORRUPT``: its length may be wrong too.
    """
    frames: list[Frame] = []
    at, end = 0, len(block)
    while at + HEADER_BYTES <= end:
        length, crc, time_us, connection, kind = _HEADER.unpack_from(block, at)
        start = at + HEADER_BYTES
        stop = start + length
        if stop > end:
            break
        payload = block[start:stop]
        if verify and crc != zlib.crc32(payload, zlib.crc32(block[at + _CRC_FROM : start])):
            frames.append(Frame(base + at, time_us, connection, Kind.CORRUPT, payload))
            at = stop
            break
        frames.append(
            Frame(base + at, time_us, connection, _KINDS.get(kind, Kind.CORRUPT), payload)
        )
        at = stop
    return frames, at


def wanted_bytes(block: bytes) -> int:
    """Return the size of the frame that ``block`` starts with, or 0 when even that is cut off."""
    if len(block) < HEADER_BYTES:
        return 0
    length: int = _HEADER.unpack_from(block)[0]
    return HEADER_BYTES + length


_KINDS = {kind.value: kind for kind in Kind}


def segment_name(base: int) -> str:
    """Return the file name of the segment that starts at ``base``."""
    return f"{base:020d}{SUFFIX}"


def by_line(frame: Frame) -> list[Frame]:
    """Cut a frame of bytes behind each line end, so that a STATE can point there."""
    if frame.kind is not Kind.BYTES:
        return [frame]
    *whole, rest = frame.payload.split(b"\n")
    lines = [line + b"\n" for line in whole] + ([rest] if rest or not whole else [])
    pieces, position = [], frame.position
    for line in lines:
        pieces.append(replace(frame, position=position, payload=line))
        position += len(line)
    return pieces


def behind(frame: Frame, position: int) -> Frame:
    """Return the part of a frame of bytes from ``position`` on: a STATE may point between lines."""
    cut = max(0, position - frame.payload_position)
    return replace(frame, position=frame.position + cut, payload=frame.payload[cut:])
