"""Every kind of message a v2 stream can hold, as a closed union."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
JunkReason = Literal["not_json", "not_utf8", "too_long", "unknown_kind", "cut", "corrupt_frame"]


@dataclass(slots=True)
class MatchedRule:
    """One entry of ``matching_rules``; ``extra`` holds fields this version does not know."""

    id: str
    tag: str | None
    extra: JsonObject


@dataclass(slots=True)
class Post:
    """A post with what came beside it, each object still as the JSON bytes that X sent.

    Not frozen: one is made per post, and freezing costs as much as decoding does.
    """

    id: str
    raw: bytes
    includes: list[tuple[str, list[bytes]]]  # (stream, objects)
    rules: list[MatchedRule]
    errors: list[JsonObject]


@dataclass(frozen=True, slots=True)
class Like:
    """A like, with what came beside it."""

    id: str
    data: JsonObject = field(hash=False)
    includes: list[tuple[str, list[bytes]]] = field(hash=False)
    errors: list[JsonObject] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Activity:
    """An event of a subscription; ``data`` is without its includes."""

    id: str
    data: JsonObject = field(hash=False)
    includes: list[tuple[str, list[bytes]]] = field(hash=False)
    errors: list[JsonObject] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Compliance:
    """Something happened to a post, an account or a like; ``kind`` is X's word for it."""

    kind: str
    event: JsonObject = field(hash=False)
    errors: list[JsonObject] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Label:
    """X put a notice beside a post, or made it unviewable."""

    kind: str
    event: JsonObject = field(hash=False)
    errors: list[JsonObject] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Disconnect:
    """X says inside the stream that it will end this connection."""

    disconnect_type: str
    problem: JsonObject = field(hash=False)


@dataclass(frozen=True, slots=True)
class StreamProblems:
    """Errors with no post beside them, and no word of a disconnect."""

    problems: tuple[JsonObject, ...] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Junk:
    """A line that no other class takes. The raw bytes go to ``dead_letters``."""

    reason: JunkReason
    detail: str


Event: TypeAlias = Like | Activity | Compliance | Label
Message: TypeAlias = Post | Event | Disconnect | StreamProblems | Junk
