"""Why a connection (or the try to open one) ended: a closed union."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

NetworkPhase = Literal[
    "dns", "connect", "certificate", "tls", "proxy_login", "proxy", "request", "read"
]


@dataclass(frozen=True, slots=True)
class HttpRefused:
    """X answered the connect with something other than 200."""

    kind: ClassVar[str] = "http_refused"
    status: int
    slug: str = ""
    """Last path segment of the problem's ``type``; its host has changed before."""
    title: str = ""
    detail: str = ""
    connection_issue: str = ""
    rate_limit_remaining: int | None = None
    rate_limit_reset_s: float | None = None
    """Instant, in seconds since 1970 by X's clock."""
    retry_after_s: float | None = None
    """Span, counted from the moment the answer came."""


@dataclass(frozen=True, slots=True)
class NetworkFailed:
    """No HTTP answer, or the connection broke below HTTP."""

    kind: ClassVar[str] = "network_failed"
    phase: NetworkPhase
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stalled:
    """Not one byte came within the stall timeout, not even a keep-alive."""

    kind: ClassVar[str] = "stalled"
    silent_s: float


@dataclass(frozen=True, slots=True)
class ClosedByServer:
    """The server ended the body; ``clean`` when it sent the terminating zero chunk."""

    kind: ClassVar[str] = "closed_by_server"
    clean: bool


@dataclass(frozen=True, slots=True)
class CrowdedOut:
    """The server ended the body cleanly, as it does when another copy connects; see ``duel``."""

    kind: ClassVar[str] = "crowded_out"
    closes: int
    """How many such ends there were in a row, this one included."""


@dataclass(frozen=True, slots=True)
class DisconnectNotice:
    """X announced the end inside the stream."""

    kind: ClassVar[str] = "disconnect_notice"
    disconnect_type: str
    title: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolBroken:
    """The bytes could not be de-chunked, inflated or cut."""

    kind: ClassVar[str] = "protocol_broken"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StoppedByUs:
    """We closed it: the window is over, a signal came, or the spool is full."""

    kind: ClassVar[str] = "stopped_by_us"
    reason: str = ""


Ending = (
    HttpRefused
    | NetworkFailed
    | Stalled
    | ClosedByServer
    | CrowdedOut
    | DisconnectNotice
    | ProtocolBroken
    | StoppedByUs
)


def describe(ending: Ending) -> str:  # noqa: PLR0911 - one return for each member of the union
    """Return one sentence for the log line and the `capture_connections` row."""
    match ending:
        case HttpRefused():
            words = ending.detail or ending.title or "no explanation"
            return f"X answered HTTP {ending.status}: {words}".rstrip(".") + "."
        case NetworkFailed():
            return f"The network failed ({ending.phase}): {ending.detail}".rstrip(": .") + "."
        case Stalled():
            return f"Not one byte came for {ending.silent_s:.0f} s."
        case ClosedByServer(clean=True):
            return "X ended the stream cleanly."
        case ClosedByServer():
            return "X closed the connection in the middle of the stream."
        case CrowdedOut():
            return f"X ended {ending.closes} streams in a row soon after they had begun."
        case DisconnectNotice():
            words = f"X announced a disconnect ({ending.disconnect_type or 'no type'})"
            return f"{words}: {ending.detail}".rstrip(": .") + "."
        case ProtocolBroken():
            return f"The bytes received break the protocol: {ending.detail}".rstrip(": .") + "."
        case StoppedByUs():
            return f"We closed the connection: {ending.reason}".rstrip(": .") + "."
