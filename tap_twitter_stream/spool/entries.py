"""What the frames of the event log hold: one typed value for each kind but bytes.

An entry is one JSON object. Members that a version does not know are ignored, and all of them have
defaults: a log must stay readable whatever version wrote it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tap_twitter_stream.coverage.gaps import Filled, GapKey, Line
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.wire.messages import JsonObject

if TYPE_CHECKING:
    from tap_twitter_stream.policy.ending import Ending
    from tap_twitter_stream.spool.frames import Frame


ORPHANED = "orphaned"  # why a receiver stopped: its tap was gone


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one frame holds."""


class Window(Entry, frozen=True):
    """A run began. ``lines`` are the endpoints and partitions that it is to capture."""

    window_id: str = ""
    started_at_us: int | None = None
    endpoints: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    tap_version: str | None = None
    spool_id: str | None = None
    durable: bool | None = None


class Opened(Entry, frozen=True):
    """X answered a connection attempt with 200, or a file of an archive was opened.

    Attributes:
        attempt: Number of the attempt in its loop, from 1.
        opened_at_us: When the attempt was made.
        backfill_us: From when to when X sends again what it sent before.
        gap: The gap that the connection is to fill, if it is not a live one.
        behind_us: Since when what it brings may be old, because reading had paused.
        source: Name of the file, and of the member in it.
        base: Position in the log where the file's first byte would be.
        modified_us: When the file was last modified.
    """

    connection_id: str = ""
    endpoint: str = ""
    partition: int = 0
    attempt: int | None = None
    opened_at_us: int | None = None
    http_status: int | None = None
    transaction_id: str | None = None
    backfill_us: tuple[int, int] | None = None
    delivery: str = "live"
    gap: GapKey | None = None
    behind_us: int | None = None
    source: str | None = None
    base: int = 0
    modified_us: int = 0

    @property
    def line(self) -> Line:
        """The endpoint and partition that it is a connection to."""
        return self.endpoint, self.partition

    @property
    def is_live(self) -> bool:
        """Whether it brings what X sends now, and not what a gap has missed."""
        return self.gap is None


class End(Entry, frozen=True):
    """How a connection ended; the members of any ``Ending``."""

    kind: str = ""
    status: int | None = None
    slug: str | None = None
    title: str | None = None
    detail: str | None = None
    connection_issue: str | None = None
    rate_limit_remaining: int | None = None
    rate_limit_reset_s: float | None = None
    retry_after_s: float | None = None
    phase: str | None = None
    silent_s: float | None = None
    clean: bool | None = None
    closes: int | None = None
    disconnect_type: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, ending: Ending) -> End:
        """Return an ending as the log holds it."""
        return cls(kind=ending.kind, **msgspec.to_builtins(ending))


class Closed(Opened, frozen=True):
    """A connection ended, or an attempt at one did.

    Attributes:
        description: The ending in a sentence.
        wire_bytes: Received, before de-chunking and inflation.
        wait_s: Until the next attempt.
    """

    closed_at_us: int | None = None
    ending: End = msgspec.field(default_factory=End)
    description: str | None = None
    wire_bytes: int | None = None
    wait_s: float | None = None

    @classmethod
    def after(cls, opened: Opened, **more: Any) -> Closed:  # noqa: ANN401 - the members of the class
        """Return the end of a connection that began like this."""
        return cls(**{**msgspec.structs.asdict(opened), **more})


class Behind(Entry, frozen=True, omit_defaults=False):
    """Since when what a connection brings may be old; None: it no longer is."""

    behind_us: int | None = None


class RuleEntry(Entry, frozen=True, omit_defaults=False):
    """One rule of the app. ``tag`` is without our prefix if ``owned``."""

    id: str = ""
    value: str = ""
    tag: str | None = None
    owned: bool = False
    status: str = "active"


class Rules(Entry, frozen=True):
    """The app's rules as X listed them."""

    rules: tuple[RuleEntry, ...] = ()


class Problem(Entry, frozen=True):
    """X refused a rule or answered a REST call with a problem."""

    kind: str = ""
    endpoint: str = ""
    problem: JsonObject = msgspec.field(default_factory=dict)


class Stopped(Entry, frozen=True):
    """The receiver ended, and why. ``fatal`` is a sentence for the user."""

    reason: str = ""
    fatal: str = ""


class PageRule(Entry, frozen=True, omit_defaults=False):
    """The rule that was searched for."""

    id: str = ""
    value: str = ""
    tag: str = ""


class Page(Entry, frozen=True):
    """A page of recent search, for a gap."""

    connection_id: str = ""
    endpoint: str = ""
    gap: GapKey = ("", 0, 0)
    rule: PageRule = msgspec.field(default_factory=PageRule)
    page: JsonObject = msgspec.field(default_factory=dict)


class FilledGap(Entry, frozen=True):
    """What became of a gap, and what asking for prices cost."""

    gap: GapKey = ("", 0, 0)
    parts: tuple[Filled, ...] = ()
    counts_usd: float = 0.0


class OpenConnection(msgspec.Struct, frozen=True, array_like=True):
    """A connection that is open where a file of the log begins.

    ``unfinished_us`` is when the message began that is not whole there.
    """

    number: int
    opened: Opened
    unfinished_us: int | None = None


class Context(Entry, frozen=True):
    """What a reader that starts at a file of the log has to know of the time before it.

    Attributes:
        follows: Where the file before ended, so that a reader notices a missing one.
        ledger: Rows of the writer's books, as STATE has them.
        gaps: Rows of the last gaps in them.
        begun: When each line was connected first: endpoint, partition, microseconds.
    """

    window: Window = msgspec.field(default_factory=Window)
    connections: tuple[OpenConnection, ...] = ()
    follows: int | None = None
    ledger: list[list[Any]] | None = None
    gaps: list[list[Any]] | None = None
    begun: tuple[tuple[str, int, int], ...] = ()


KIND_OF: dict[type[Entry], Kind] = {
    Context: Kind.CONTEXT,
    Window: Kind.WINDOW,
    Opened: Kind.OPENED,
    Closed: Kind.CLOSED,
    Rules: Kind.RULES,
    Problem: Kind.PROBLEM,
    Stopped: Kind.STOPPED,
    Page: Kind.PAGE,
    FilledGap: Kind.FILLED,
    Behind: Kind.BEHIND,
}
ENTRY_OF = {kind: entry for entry, kind in KIND_OF.items()}

E = TypeVar("E", bound=Entry)


def encode(entry: Entry) -> bytes:
    """Return the payload of a frame."""
    # Not msgspec's encoder: what X sent may hold lone surrogates, which JSON can only escape.
    value = msgspec.to_builtins(entry)
    if isinstance(entry, Context):  # as every version reads it, which looks for these members
        rows = value.get("connections", [])
        value["connections"] = [[number, *filter(None, rest)] for number, *rest in rows]
        value.setdefault("window", {})
    return json.dumps(value, separators=(",", ":")).encode()


def read(frame: Frame, entry: type[E]) -> E:
    """Return what a frame holds.

    Raises:
        msgspec.ValidationError: It holds nothing of that kind.
    """
    return parse(json.loads(frame.payload), entry)


def parse(value: object, entry: type[E]) -> E:
    """Return an entry of its JSON object.

    Raises:
        msgspec.ValidationError: It is no such object.
    """
    return msgspec.convert(value, entry)
