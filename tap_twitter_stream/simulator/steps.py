"""The steps of a scripted connection, a closed union of frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

DISCONNECT_TYPES = (
    "OperationalDisconnect",
    "UpstreamOperationalDisconnect",
    "ForceDisconnect",
    "UpstreamUncleanDisconnect",
    "SlowReader",
    "InternalError",
    "ClientApplicationStateDegraded",
    "InvalidRules",
)
Rate: TypeAlias = "float | Literal['max']"


@dataclass(frozen=True, slots=True)
class Send:
    """Send posts: that many, for that long, or (both ``None``) for ever."""

    posts: int | None = None
    seconds: float | None = None
    rate_per_s: Rate | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Send keep-alives only."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Send no byte at all and keep the socket open, for ever if ``seconds`` is ``None``."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """End the response properly, with the zero chunk."""


@dataclass(frozen=True, slots=True)
class Cut:
    """End the TCP connection without the zero chunk."""


@dataclass(frozen=True, slots=True)
class Rst:
    """Reset the TCP connection, once what was sent has arrived."""


@dataclass(frozen=True, slots=True)
class CutLine:
    """Send half a message, then end: the cut lies in the line, or in the HTTP chunk as well."""

    end: Literal["fin", "rst"] = "fin"
    where: Literal["line", "chunk"] = "line"


@dataclass(frozen=True, slots=True)
class BadLine:
    """Send one line that is no message."""

    payload: bytes = b"this line is not JSON"


@dataclass(frozen=True, slots=True)
class Raw:
    """Send these bytes in one chunk, without a terminator of their own."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Send the in-stream notice of a disconnect, then end the response properly."""

    disconnect_type: str = "OperationalDisconnect"


@dataclass(frozen=True, slots=True)
class Drip:
    """Send posts one byte to a chunk."""

    posts: int = 1


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Send the last posts of this endpoint again."""

    posts: int = 1


@dataclass(frozen=True, slots=True)
class Http:
    """Answer the connect with this status instead of 200."""

    status: int
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    """Close the TCP connection before any byte of an answer."""


Step: TypeAlias = (
    Send
    | Idle
    | Silence
    | Close
    | Cut
    | Rst
    | CutLine
    | BadLine
    | Raw
    | Disconnect
    | Drip
    | Duplicate
    | Http
    | Refuse
)
