"""Records on their way into files: gathered into blocks of lines, then handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tap_twitter_stream.emit.lanes import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.streams import Stream

    from tap_twitter_stream.wire.route import Stamp

BLOCK_BYTES = 2 << 20
_decode = msgspec.json.Decoder().decode
_HOUR_CHARACTERS = 13  # of an instant: 2026-11-26T01


class Blocks(Protocol):
    """Takes blocks."""

    def add_block(self, stream: str, block: bytes, captured_at: str) -> None:
        """Take the lines of one stream that were captured in the hour of ``captured_at``."""
        ...


class Gatherer:
    """Gathers the lines of one stream of the files."""

    def __init__(self, name: str, blocks: Blocks) -> None:
        self.parts: list[bytes] = []
        """Pieces of lines, each line ended by LF."""
        self._name = name
        self._blocks = blocks
        self._size_bytes = 0
        self._time = ""

    def at(self, time: str) -> None:
        """Take note when the next lines were captured; a block holds those of one hour."""
        if time[:_HOUR_CHARACTERS] != self._time[:_HOUR_CHARACTERS]:
            self.flush()
        self._time = time

    def grown(self, size_bytes: int) -> None:
        """Take note of a line; a full block is handed over."""
        self._size_bytes += size_bytes
        if self._size_bytes >= BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is gathered."""
        if self.parts:
            block = b"".join(self.parts)
            self.parts.clear()
            self._size_bytes = 0
            self._blocks.add_block(self._name, block, self._time)


class ParquetLane:
    """Adds the tap's columns to X's own bytes; nothing is decoded on this side."""

    def __init__(self, gatherer: Gatherer) -> None:
        self._gatherer = gatherer
        self._stamp: Stamp | None = None
        self._tail = b""

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Take one record; ``parts``, the pieces for stdout, stays as it is."""
        del parts
        gatherer = self._gatherer
        if stamp is not self._stamp:
            self._stamp = stamp
            self._tail = b"," + to_json(stamp.columns)[1:] + b"\n"
            gatherer.at(stamp.time)
        gatherer.parts += (raw[:-1], self._tail)
        gatherer.grown(len(raw) + len(self._tail))
        return 1


class MappedParquetLane:
    """Decodes, lets the SDK select, map and flatten, and takes what it makes of the record."""

    def __init__(self, stream: Stream, gatherers: Mapping[str, Gatherer]) -> None:
        self._stream = stream
        self._gatherers = gatherers

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Take the rows that the SDK makes of one record: none if a map filters it."""
        del parts
        record: dict[str, Any] = _decode(raw)
        record.update(stamp.columns)
        rows = 0
        for message in self._stream._generate_record_messages(record):  # noqa: SLF001 - no public way
            gatherer = self._gatherers[message.stream]
            gatherer.at(stamp.time)
            line = to_json(message.record) + b"\n"
            gatherer.parts.append(line)
            gatherer.grown(len(line))
            rows += 1
        return rows
