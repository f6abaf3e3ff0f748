"""The columns that the tap adds to each record. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from tap_twitter_stream.instants import iso

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection's records come from."""

    connection_id: str
    endpoint: str
    delivery: str = "live"


@dataclass(slots=True)
class Stamp:
    """The columns that the tap adds to each record of a frame, in both lanes' shapes.

    ``tail`` closes the record and the RECORD message behind the bytes of an open object.
    """

    time: str
    columns: dict[str, Any]
    tail: bytes


# Every column that a stamp can hold.
STAMP_COLUMNS = ("_captured_at", "_delivery", "_connection_id", "_endpoint")


def data_stamp(time_us: int, origin: Origin) -> Stamp:
    """Return the stamp for what a connection delivered."""
    return _stamp(
        iso(time_us),
        {
            "_delivery": origin.delivery,
            "_connection_id": origin.connection_id,
            "_endpoint": origin.endpoint,
        },
    )


def capture_stamp(time_us: int) -> Stamp:
    """Return the stamp for rows that the tap makes about itself."""
    return _stamp(iso(time_us), {})


def _stamp(time: str, columns: dict[str, Any]) -> Stamp:
    columns = {"_captured_at": time, **columns}
    tail = b"," + _encode(columns)[1:] + b',"time_extracted":"' + time.encode() + b'"}\n'
    return Stamp(time, columns, tail)
