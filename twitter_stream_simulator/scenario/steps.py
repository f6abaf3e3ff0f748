"""The steps of a scripted connection, a closed union of frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

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
NOTICE_KINDS = (
    "delete",
    "scrub_geo",
    "limit",
    "status_withheld",
    "user_withheld",
    "warning",
    "follows_over_limit",
    "event",
    "friends",
    "friends_str",
    "direct_message",
    "for_user",
    "control",
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
class HalfOpen:
    """Neither send nor read nor close, as a host that fell off the net; close after that long."""

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
    """Send the in-stream notice of a disconnect, then end the response properly.

    v1.1 has codes in the place of types; without one it sends the code nearest to the type.
    """

    disconnect_type: str = "OperationalDisconnect"
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Send one of the messages that v1.1 has between statuses; nothing on a v2 stream.

    It is about the status sent last. ``undelivered`` is what ``limit`` adds to its counter;
    ``values`` change fields of the message.
    """

    kind: str = "delete"
    undelivered: int = 1
    values: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Drip:
    """Send posts one byte to a chunk, each filled up with blanks to at least ``size_bytes``."""

    posts: int = 1
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Send the last posts of this endpoint again."""

    posts: int = 1


@dataclass(frozen=True, slots=True)
class NewMember:
    """End the gzip member and begin another one; nothing without gzip."""


@dataclass(frozen=True, slots=True)
class BadGzip:
    """End a compressed response badly; without gzip only its end is missing.

    ``corrupt`` bytes that cannot be inflated, ``truncated`` before the end of the member, or a
    wrong ``checksum``.
    """

    how: Literal["corrupt", "truncated", "checksum"] = "corrupt"


@dataclass(frozen=True, slots=True)
class Open:
    """Change headers of the 200: a text to set one, ``None`` to leave it out."""

    headers: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Http:
    """Answer the connect with this instead of a stream; ``None`` leaves a header out.

    ``reset_in_s`` makes the headers say that no request is left until then; it may be negative.
    """

    status: int
    body: bytes | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    reset_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Take the request and answer nothing; close after that long."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Close the TCP connection before any byte of an answer."""


Ending: TypeAlias = Close | Cut | Rst | CutLine | Disconnect | BadGzip | HalfOpen
Pause: TypeAlias = Idle | Silence
Trouble: TypeAlias = BadLine | Raw | Drip | Duplicate | NewMember
Instead: TypeAlias = Http | Refuse | NoAnswer
Step: TypeAlias = Send | Ending | Pause | Trouble | Open | Notice | Instead
# For isinstance, which takes no alias of a union in Python 3.10's typing.
ENDINGS = (Close, Cut, Rst, CutLine, Disconnect, BadGzip, HalfOpen)
INSTEAD = (Http, Refuse, NoAnswer)
