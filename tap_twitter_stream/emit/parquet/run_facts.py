"""What files and manifests say of the run that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# A position in the log, and how far the lines cut by it were dealt with; see ``CaptureState.mark``.
Mark: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What files and manifests say of the run that makes them."""

    window_id: str
    spool_id: str
    start: Mark
    log_end: int
    """How far the log reached when the run began."""
    durable: bool
    """Whether the log outlives the run."""
    tap_version: str
