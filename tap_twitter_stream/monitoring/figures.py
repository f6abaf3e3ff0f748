"""The figures of a run so far, of which METRIC lines and progress are views. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """Records of one stream."""

    emitted: int
    deduplicated: int
    filtered: int


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Totals since the run began, and its state now.

    Attributes:
        posts: Primary records: posts, statuses, likes, events.
        lag_s: From the making of the newest post to its arrival here; None before the first.
        open_connections: As far as the log was read.
    """

    received_bytes: int = 0
    messages: int = 0
    keep_alives: int = 0
    dead_letters: int = 0
    connects: int = 0
    output_bytes: int = 0
    posts: int = 0
    lag_s: float | None = None
    open_connections: int = 0
    streams: Mapping[str, StreamFigures] = field(default_factory=dict)
