"""Bounds of one run: settings and progress in, a `Stop` (or when to look again) out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class StopReason(str, Enum):
    """Why a run ends; the `stop_reason` of `capture_windows`."""

    SIGNAL = "signal"
    FATAL = "fatal"
    MAX_RECORDS = "max_records"
    MAX_BYTES = "max_bytes"
    STOP_AT = "stop_at"
    ALIGNED = "aligned"
    MAX_RUN = "max_run"
    IDLE = "idle"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Stop:
    """The order to end. ``deadline_s`` is the instant by which draining must be over."""

    reason: StopReason
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is. Instants are seconds since 1970, all by one clock.

    ``last_post_s`` is None until a post came. ``records_total`` counts primary records.
    """

    now_s: float
    last_post_s: float | None = None
    records_total: int = 0
    bytes_total: int = 0
    signalled: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds of one run. None means unbounded."""

    max_run_s: float | None = None
    idle_exit_s: float | None = None
    max_records: int | None = None
    max_bytes: int | None = None
    stop_at: datetime | None = None
    align_stop_to_s: int | None = None
    shutdown_grace_s: float = 8.0

    @property
    def bounded(self) -> bool:
        """Whether the run ends by itself one day, whatever X sends."""
        return any((self.max_run_s, self.stop_at, self.align_stop_to_s, self.idle_exit_s))


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window that began at an instant, so that every bound in time is an instant too."""

    window: Window
    started_s: float

    def check(self, progress: Progress) -> Stop | None:
        """Return the order to stop, or None to go on."""
        reason = self._reason(progress)
        if reason is None:
            return None
        return Stop(reason, progress.now_s + self.window.shutdown_grace_s)

    def next_check_s(self, progress: Progress) -> float | None:
        """Return seconds until a bound in time is reached if nothing comes; None without one."""
        due = min((at_s for _, at_s in self._instants(progress)), default=math.inf)
        return None if due == math.inf else max(0.0, due - progress.now_s)

    def ends_s(self) -> tuple[StopReason, float] | None:
        """Return the end known beforehand, for the start line; None when there is none."""
        window = self.window
        ends = []
        if window.max_run_s is not None:
            ends.append((StopReason.MAX_RUN, self.started_s + window.max_run_s))
        if window.stop_at is not None:
            ends.append((StopReason.STOP_AT, window.stop_at.timestamp()))
        if window.align_stop_to_s is not None:
            # A start exactly on the grid gets a whole interval, not an empty window.
            step_s = window.align_stop_to_s
            ends.append((StopReason.ALIGNED, (self.started_s // step_s + 1) * step_s))
        return min(ends, key=lambda end: end[1], default=None)

    def _reason(self, progress: Progress) -> StopReason | None:
        window = self.window
        if progress.signalled:
            return StopReason.SIGNAL
        if window.max_records is not None and progress.records_total >= window.max_records:
            return StopReason.MAX_RECORDS
        if window.max_bytes is not None and progress.bytes_total >= window.max_bytes:
            return StopReason.MAX_BYTES
        due = [(at_s, reason) for reason, at_s in self._instants(progress)]
        at_s, reason = min(due, default=(math.inf, None))
        return reason if at_s <= progress.now_s else None

    def _instants(self, progress: Progress) -> list[tuple[StopReason, float]]:
        """Return each bound in time as an instant."""
        end = self.ends_s()
        instants = [] if end is None else [end]
        if self.window.idle_exit_s is not None:
            quiet_since_s = self.started_s if progress.last_post_s is None else progress.last_post_s
            instants.append((StopReason.IDLE, quiet_since_s + self.window.idle_exit_s))
        return instants
