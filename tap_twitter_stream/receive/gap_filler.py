"""Fill the gaps that the tap names, one after the other, while the live connections go on.

What comes goes into the log like all else, and behind it a frame that says what became of the gap:
the reader settles its books by that, and a run that ends before leaves the gap to the next one.
"""

from __future__ import annotations

import logging
import queue
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.fill_plan import (
    KIND_OF,
    RECOVERY_DELAY_S,
    SEARCH_DELAY_US,
    FillOrder,
    Method,
    Segment,
    segments,
    slices,
)
from tap_twitter_stream.coverage.gaps import Filled
from tap_twitter_stream.errors import StopRequestedError
from tap_twitter_stream.receive.recovery import NotRecovered, Recovery
from tap_twitter_stream.receive.waiting_log import WaitingLog
from tap_twitter_stream.spool.entries import FilledGap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_twitter_stream.api.search import Search, SearchRule
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.receive.endpoint_loop import Target
    from tap_twitter_stream.spool.writer import LogWriter

_LOOK_S = 0.2  # between two looks at whether a stop was asked for
_STOPPED = "the run ended before"
_TOO_LATE = "no way to fill it reaches that far back"
_NO_WAY = "gap_fill names no way for this endpoint"
_NO_TARGET = "it is not captured any more"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What gaps can be filled with. ``methods`` by endpoint, the preferred one first."""

    methods: Mapping[str, Sequence[Method]]
    targets: Sequence[Target]
    recovery: Recovery
    search: Search
    rules: Sequence[SearchRule] = ()


class GapFiller:
    """Works through the orders in a thread of its own.

    Args:
        log: Takes what became of each gap.
        clock: Its stop ends the work.
    """

    def __init__(self, log: LogWriter, clock: Clock) -> None:
        self._log = WaitingLog(log, clock, "gap filling")
        self._clock = clock
        self._orders: queue.SimpleQueue[FillOrder] = queue.SimpleQueue()
        self._useless: dict[tuple[str, Method], str] = {}
        self._told: set[str] = set()
        self._counts_usd = 0.0

    def order(self, order: FillOrder) -> None:
        """Take an order from any thread."""
        self._orders.put(order)

    def run(self, means: Means) -> None:
        """Fill until a stop; what is left then stays for the next run.

        An order that raises is left to the next run, too; call again for those behind it.

        Raises:
            SpoolError: The disk is broken.
        """
        while not self._clock.stopped:
            with suppress(queue.Empty, StopRequestedError):
                self._fill(self._orders.get(timeout=_LOOK_S), means)

    def _fill(self, order: FillOrder, means: Means) -> None:
        methods = means.methods.get(order.endpoint, ())
        now_us = self._clock.now_us()
        parts = [
            self._segment(order, segment, means)
            for segment in segments(order.started_us, order.ended_us, methods, now_us)
        ]
        if self._clock.stopped and any(part.kind == "lost" for part in parts):
            return
        spent_usd, self._counts_usd = self._counts_usd, means.search.counts_usd
        counts_usd = round(self._counts_usd - spent_usd, 6)
        self._log.note(FilledGap(gap=order.key, parts=tuple(parts), counts_usd=counts_usd))
        for part in parts:
            self._tell(order.label, part)

    def _tell(self, label: str, part: Filled) -> None:
        """Say what became of a part of a gap; a reason that repeats itself is no warning."""
        span_s = (part.ended_us - part.started_us) / 1e6
        if part.kind != "lost":
            logger.info("%s: a gap of %.1f s is %s.", label, span_s, part.kind)
            return
        level = logging.INFO if part.note in self._told else logging.WARNING
        self._told.add(part.note)
        logger.log(level, "%s: a gap of %.1f s stays lost (%s).", label, span_s, part.note)

    def _segment(self, order: FillOrder, segment: Segment, means: Means) -> Filled:
        notes: list[str] = []
        missed = None
        for method in segment.methods:
            why = self._useless.get((order.endpoint, method), "")
            if not why:
                why, missed = self._try(method, order, segment, means)
            if not why:
                return Filled(KIND_OF[method], segment.started_us, segment.ended_us)
            notes.append(f"{method.value}: {why}")
            if self._clock.stopped:
                break
        note = " ".join(notes) or (_TOO_LATE if means.methods.get(order.endpoint) else _NO_WAY)
        return Filled("lost", segment.started_us, segment.ended_us, note, missed)

    def _try(
        self, method: Method, order: FillOrder, segment: Segment, means: Means
    ) -> tuple[str, int | None]:
        """Use one method; return why it did not fill the segment, and how many posts it missed."""
        if method is Method.RECOVERY:
            return self._recover(order, segment, means), None
        wait_us = segment.ended_us + SEARCH_DELAY_US - self._clock.now_us()
        if wait_us > 0 and self._clock.wait(wait_us / 1e6):
            return _STOPPED, None
        found = means.search.search(order.key, means.rules, segment.started_us, segment.ended_us)
        return found.why, found.missed

    def _recover(self, order: FillOrder, segment: Segment, means: Means) -> str:
        line = (order.endpoint, order.partition)
        live = next((one for one in means.targets if (one.endpoint, one.partition) == line), None)
        if live is None:
            return _NO_TARGET
        target = replace(live, delivery="recovery", gap=order.key)
        for from_s, to_s in slices(segment.started_us, segment.ended_us):
            if self._clock.wait(to_s + RECOVERY_DELAY_S - self._clock.now_s()):
                return _STOPPED
            answer = means.recovery.recover(target, from_s, to_s)
            if isinstance(answer, NotRecovered):
                if answer.never:
                    self._useless[order.endpoint, Method.RECOVERY] = answer.why
                return answer.why
        return ""
