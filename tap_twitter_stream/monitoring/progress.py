"""How the run is going: a line on the terminal for a person, METRIC lines for a machine."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING

from tap_twitter_stream.monitoring.metrics import INTERVAL_S, log_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.monitoring.figures import RunFigures

_LINE_EVERY_S = 1.0
_RATE_OVER_S = 10
_ERASE = "\x1b[2K"


class ProgressReport:
    """Tells at most once a second; costs one clock reading else.

    Args:
        figures: Returns the run's figures; asked only when there is something to show.
        ends_s: When the window ends by the clock, in seconds since 1970; None if it does not.
        show: Whether a person watches.
    """

    def __init__(
        self, figures: Callable[[], RunFigures], clock: Clock, *, ends_s: float | None, show: bool
    ) -> None:
        self._figures = figures
        self._clock = clock
        self._ends_s = ends_s
        self._show = show
        self._next_line_s = clock.monotonic_s() + _LINE_EVERY_S
        self._next_metrics_s = clock.monotonic_s() + INTERVAL_S
        self._totals: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER_S)

    def tick(self, *, blocked: bool = False) -> None:
        """Tell how things are, if it is time to."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_metrics_s:
            self._next_metrics_s = now_s + INTERVAL_S
            log_figures(self._figures())
        if self._show and now_s >= self._next_line_s:
            self._next_line_s = now_s + _LINE_EVERY_S
            figures = self._figures()
            self._totals.append((now_s, figures.posts))
            # The cursor goes back to the line's start, so that a log line takes its place.
            sys.stderr.write(f"{_ERASE}{self.line(figures, blocked=blocked)}\r")
            sys.stderr.flush()

    def finish(self) -> None:
        """Leave the terminal's line to a person, the last METRIC lines to a machine."""
        if self._show:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
        else:
            log_figures(self._figures())

    def line(self, figures: RunFigures, *, blocked: bool) -> str:
        """Return the line: rate, total, lag, connection, time left."""
        parts = [f"{self._rate():,.0f} posts/s", f"{figures.posts:,} posts"]
        if figures.lag_s is not None:
            parts.append(f"lag {figures.lag_s:.1f} s")
        open_total = figures.open_connections
        parts.append(f"{open_total} connected" if open_total else "not connected")
        if self._ends_s is not None:
            left_s = max(0.0, self._ends_s - self._clock.now_s())
            parts.append(f"{left_s:.0f} s left")
        if blocked:
            parts.append("waiting for the target")
        return " | ".join(parts)

    def _rate(self) -> float:
        if len(self._totals) < 2:  # noqa: PLR2004 - a rate needs two points
            return 0.0
        (first_s, first), (last_s, last) = self._totals[0], self._totals[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0
