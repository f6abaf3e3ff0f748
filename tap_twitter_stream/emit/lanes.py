"""How the records of one stream become RECORD lines: as the bytes X sent, or through the SDK.

A record that nobody changes is copied, not decoded: that is most of what makes this tap fast.
Whatever asks for a change (a deselected field, a stream map, flattening) takes the SDK's own path,
so its semantics are the SDK's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tap_twitter_stream.columns.encode import to_json

if TYPE_CHECKING:
    from singer_sdk.streams import Stream

    from tap_twitter_stream.wire.stamps import Stamp

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Lane(Protocol):
    """Turns one JSON object into lines of output."""

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Append the pieces of the lines for one record; return how many lines."""
        ...


class RawLane:
    """Splices X's own bytes into the message. Nothing is decoded."""

    def __init__(self, stream_name: str) -> None:
        self.head = b'{"type":"RECORD","stream":' + _encode(stream_name) + b',"record":'

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Append one line. ``raw`` is a non-empty JSON object without white space at its end."""
        parts += (self.head, raw[:-1], stamp.tail)
        return 1


class SdkLane:
    """Decodes, and lets the SDK select, map and flatten."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Append the lines the SDK makes of the record: none if a map filters it."""
        record: dict[str, Any] = _decode(raw)
        record.update(stamp.columns)
        lines = 0
        for message in self._stream._generate_record_messages(record):  # noqa: SLF001 - no public way
            fields = message.to_dict()
            fields["time_extracted"] = stamp.time
            parts.append(to_json(fields) + b"\n")
            lines += 1
        return lines
