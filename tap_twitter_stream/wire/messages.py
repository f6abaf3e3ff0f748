"""Every kind of message a stream can hold, as a closed union."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

JsonObject: TypeAlias = dict[str, Any]
JunkReason = Literal[
    "not_json", "not_utf8", "too_long", "unknown_kind", "cut", "corrupt_frame", "poison"
]


class MatchedRule(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One entry of ``matching_rules``; ``extra`` holds fields this version does not know."""

    id: str
    tag: str | None = None
    # The decoder makes these itself, and never finds that name.
    extra: JsonObject = msgspec.field(
        default_factory=dict, name="fields this version does not know"
    )


class Post(msgspec.Struct, gc=False):
    """A post with what came beside it, each object still as the JSON bytes that X sent.

    They may be views of the line (``msgspec.Raw``): ``bytes()`` copies one. A struct, because one
    is made for each post, and a dataclass takes three times as long.
    """

    id: str
    raw: bytes
    includes: list[tuple[str, list[bytes]]]  # (stream, objects)
    rules: list[MatchedRule]
    errors: list[JsonObject]


@dataclass(slots=True)
class Status:
    """A v1.1 status; ``raw`` is its row already. Not frozen, as :class:`Post`."""

    id: str
    raw: bytes


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
class ClassicCompliance:
    """The same in v1.1's words, ids as text."""

    kind: str
    event: JsonObject = field(hash=False)
    errors: tuple[JsonObject, ...] = ()


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
class Undelivered:
    """How many statuses v1.1 has left out since the connection was opened: a ``limit``."""

    total: int | None
    body: JsonObject = field(hash=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else that v1.1 says about the stream; ``kind`` is X's word for it."""

    kind: str
    body: JsonObject = field(hash=False)


@dataclass(frozen=True, slots=True)
class LineLength:
    """The length of the next line, which v1.1 writes when asked to: no message, a sign of life."""


@dataclass(frozen=True, slots=True)
class StreamProblems:
    """Errors with no post beside them, and no word of a disconnect."""

    problems: tuple[JsonObject, ...] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Junk:
    """A line that no other class takes. The raw bytes go to ``dead_letters``."""

    reason: JunkReason
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds. ``includes`` belong to its posts as a whole; ``junk`` has its bytes."""

    posts: tuple[Post, ...] = field(hash=False)
    includes: list[tuple[str, list[bytes]]] = field(hash=False)
    problems: tuple[JsonObject, ...] = field(hash=False)
    junk: tuple[tuple[Junk, bytes], ...] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Several:
    """A line that holds an array: each message with its own bytes."""

    messages: tuple[tuple[One, bytes], ...] = field(hash=False)


Event: TypeAlias = Like | Activity | Compliance | ClassicCompliance | Label
About: TypeAlias = Disconnect | Undelivered | Notice | StreamProblems
One: TypeAlias = Post | Status | Page | Event | About | Junk
Message: TypeAlias = One | Several | LineLength
