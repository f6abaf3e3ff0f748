"""Bounds of one run: settings and progress in, a `Stop` (or when to look again) out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the receiver decodes its order by this
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    """The order to end. ``grace_s`` is the time that draining may take."""

    reason: StopReason
    grace_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is.

    ``now_s`` is an instant in seconds since 1970. It may jump: ``elapsed_s`` (since the window
    began) and ``quiet_s`` (since the last post, or since the window began) come from a clock that
    nobody sets. ``records_total`` counts primary records.
    """

    now_s: float
    elapsed_s: float
    quiet_s: float
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
    """A window that began at an instant.

    A bound that is a span keeps its length when the system's clock is set, and one that is an
    instant is read off that clock.
    """

    window: Window
    started_s: float

    def check(self, progress: Progress) -> Stop | None:
        """Return the order to stop, or None to go on."""
        reason = self._reason(progress)
        if reason is None:
            return None
        return Stop(reason, self.window.shutdown_grace_s)

    def next_check_s(self, progress: Progress) -> float | None:
        """Return seconds until a bound in time is reached if nothing comes; None without one."""
        left_s, _ = min(self._due(progress), default=(math.inf, None))
        return None if left_s == math.inf else max(0.0, left_s)

    def ends_s(self) -> tuple[StopReason, float] | None:
        """Return the end known beforehand, for the start line; None when there is none."""
        window = self.window
        ends = []
        if window.max_run_s is not None:
            ends.append((StopReason.MAX_RUN, self.started_s + window.max_run_s))
        if window.stop_at is not None:
            ends.append((StopReason.STOP_AT, window.stop_at.timestamp()))
        if window.align_stop_to_s is not None:
            ends.append((StopReason.ALIGNED, self._grid_end_s(window.align_stop_to_s)))
        return min(ends, key=lambda end: end[1], default=None)

    def _reason(self, progress: Progress) -> StopReason | None:
        window = self.window
        if progress.signalled:
            return StopReason.SIGNAL
        if window.max_records is not None and progress.records_total >= window.max_records:
            return StopReason.MAX_RECORDS
        if window.max_bytes is not None and progress.bytes_total >= window.max_bytes:
            return StopReason.MAX_BYTES
        left_s, due = min(self._due(progress), default=(math.inf, None))
        return due if left_s <= 0 else None

    def _due(self, progress: Progress) -> Iterator[tuple[float, StopReason]]:
        """Yield the seconds left of each bound in time."""
        window = self.window
        if window.max_run_s is not None:
            yield window.max_run_s - progress.elapsed_s, StopReason.MAX_RUN
        if window.idle_exit_s is not None:
            yield window.idle_exit_s - progress.quiet_s, StopReason.IDLE
        if window.stop_at is not None:
            yield window.stop_at.timestamp() - progress.now_s, StopReason.STOP_AT
        if window.align_stop_to_s is not None:
            # No window is longer than the grid's step, or a clock set back would make this one
            # run into those of the next starts.
            grid_s = self._grid_end_s(window.align_stop_to_s) - progress.now_s
            step_s = window.align_stop_to_s - progress.elapsed_s
            yield min(grid_s, step_s), StopReason.ALIGNED

    def _grid_end_s(self, step_s: int) -> float:
        # A start exactly on the grid gets a whole interval, not an empty window.
        return (self.started_s // step_s + 1) * step_s
