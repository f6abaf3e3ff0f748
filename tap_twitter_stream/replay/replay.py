"""Frames of the event log go in, records come out. What is emitted depends on the log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.lost_state import since
from tap_twitter_stream.replay.books import CaptureBooks
from tap_twitter_stream.replay.lines import ConnectionFrames
from tap_twitter_stream.replay.messages import Delivery
from tap_twitter_stream.replay.open_connections import OpenConnections
from tap_twitter_stream.spool.context import before
from tap_twitter_stream.spool.entries import ORPHANED, Context, Page, Stopped, Window, read
from tap_twitter_stream.spool.frames import Frame, Kind, behind
from tap_twitter_stream.state import CaptureState, gaps_that_fit

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.replay.tally import Tally


class Replay:
    """Turns frames into records and keeps the position that a STATE may cover."""

    def __init__(
        self,
        options: ReplayOptions,
        emitter: Emitter,
        dedupe: Dedupe,
        state: CaptureState | None,
        delivery: Delivery | None = None,
    ) -> None:
        self._options = options
        ledger = Ledger(options.gaps)
        # An older STATE is no worse where all that came since is read again.
        latest = state if options.log_continues else options.latest or state
        if latest:
            ledger.restore(latest.ledger, latest.gaps, log_continues=options.log_continues)
        self._books = CaptureBooks(emitter, ledger, options.spool_id)
        self._delivery = delivery or Delivery(options, emitter, dedupe)
        rows = state.connections if state else []
        self._open = OpenConnections(rows, options.max_line_bytes)
        self._connections = ConnectionFrames(self._books, self._delivery, self._open)
        self._old_window = state.window if state else []
        self.position = state.position if state else 0
        self._stopped: Stopped | None = None  # how the window read last ended
        self.ended: Stopped | None = None  # how this run's receiver did
        self._is_own = False  # the frames now are this run's
        self._knows_start = options.log_continues
        self._limit_reached = False
        self._handlers = {
            Kind.CONTEXT: self._border,
            Kind.WINDOW: self._began,
            Kind.OPENED: self._opened,
            Kind.BYTES: self._bytes,
            Kind.BEHIND: self._connections.behind,
            Kind.CLOSED: self._connections.closed,
            Kind.RULES: self._books.rules,
            Kind.PROBLEM: self._books.problem,
            Kind.STOPPED: self._ended,
            Kind.PAGE: self._page,
            Kind.FILLED: self._filled,
            Kind.CORRUPT: self._corrupt,
        }

    def handle(self, frame: Frame) -> None:
        """Emit what one frame holds, unless an earlier run did."""
        if frame.end <= self.position:
            self._catch_up(frame)
            return
        if frame.position < self.position and frame.kind is Kind.BYTES:
            frame = behind(frame, self.position)
        self._open.caught_up = True
        if self._is_beyond_limit(frame):
            self._limit_reached = True
            return
        self._handlers[frame.kind](frame)
        self.position = frame.end
        self._is_own = self._is_own or frame.position >= self._options.own_from

    def export(self, *, certified: bool = False) -> CaptureState:
        """Return the position vector as it is now; call between frames.

        Args:
            certified: The window's row is written, so no later run need write it.
        """
        window, books = self.window, self._books.ledger
        connections = self._open.export(self.position)
        ledger = books.export(self._open.whole_until_us())
        return CaptureState(
            spool_id=self._options.spool_id,
            position=self.position,
            connections=connections,
            ledger=ledger,
            gaps=books.pending.export(gaps_that_fit(connections, ledger)),
            window=[] if certified else [window.window_id or None, window.started_at_us],
        )

    @property
    def full(self) -> bool:
        """Whether ``max_records`` was reached: what follows stays in the log."""
        return self._limit_reached or self._connections.full

    @property
    def unread_lines(self) -> int:
        """How many lines are left of the frame in which it was reached."""
        return self._connections.unread_lines

    @property
    def open_total(self) -> int:
        """How many connections are open as far as the log was read."""
        return len(self._open)

    @property
    def ledger(self) -> Ledger:
        """The books of captured time."""
        return self._books.ledger

    @property
    def window(self) -> Window:
        """The window that the frames now belong to; empty before the first."""
        return self._books.window

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        return self._delivery.tally

    def set_first_aside(self) -> None:
        """Let the first message that an earlier run left go to dead_letters unread."""
        self._delivery.sets_aside = True

    def leave_log(self, at_us: int) -> None:
        """Account for what is behind the position, in a log that ends with the run."""
        if self.ended is None:
            self._books.leave_unread(at_us)
            self._books.emit_open_gaps(at_us)

    def gaps_to_fill(self) -> list[Gap]:
        """Return the gaps that nobody was told to fill yet.

        The log may hold what an earlier run has filled, so none before this run's own frames.
        """
        return self.ledger.pending.to_order() if self._is_own else []

    def _is_beyond_limit(self, frame: Frame) -> bool:
        """Whether the record limit is reached and the frame may hold another record."""
        if not self._delivery.is_full:
            return False
        connection = self._open.get(frame.connection)
        ends_line = frame.kind is Kind.CLOSED and connection and connection.cutter.pending_bytes
        return frame.kind in {Kind.BYTES, Kind.PAGE} or bool(ends_line)

    # What an earlier run has emitted already: only its context is needed.

    def _catch_up(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.CONTEXT:
                self._keep_window(read(frame, Context))
            case Kind.WINDOW:
                self._books.window = read(frame, Window)
                self._open.clear()
        self._connections.catch_up(frame, self.position)

    # Frames of this run, and of earlier ones that nobody acknowledged.

    def _border(self, frame: Frame) -> None:
        context = read(frame, Context)
        self._keep_window(context)
        self._connections.border(frame, self.position)
        if not self._knows_start:
            self._begin_behind(frame, context)

    def _keep_window(self, context: Context) -> None:
        """Take the window of a file's beginning, unless an earlier one is known."""
        if not self.window.window_id:
            self._books.window = context.window

    def _begin_behind(self, frame: Frame, context: Context) -> None:
        """Take from a file of the log what came before it."""
        latest, at, cut = self._options.latest, None, set()
        follows = frame.position if context.follows is None else context.follows
        if latest and latest.spool_id == self._options.spool_id:
            at, border = latest.position, min(follows, frame.position)
            cut = {int(number) for number, start, *_ in latest.connections if start < border}
        known = since(at, follows, frame.position)
        self._books.border(before(context), known, cut, frame.time_us)
        self._knows_start = True

    def _began(self, frame: Frame) -> None:
        orphaned = self._stopped is not None and self._stopped.reason == ORPHANED
        if self.window.window_id and (self._stopped is None or orphaned):
            self._old_window = [self.window.window_id, self.window.started_at_us]
        self._end_crashed(frame)
        if orphaned:
            self.ledger.crashed(self._books.window_id)
        self._books.window = read(frame, Window)
        self._stopped = None
        if frame.position >= self._options.own_from:
            self.ledger.pending.release(self.window.lines)

    def _ended(self, frame: Frame) -> None:
        self._stopped = read(frame, Stopped)
        if self._stopped.reason != ORPHANED:
            self._books.emit_open_gaps(frame.time_us)
        # The backlog may be read before this run's receiver has written its first frame.
        if frame.position >= self._options.own_from:
            self.ended = self._stopped

    def _end_crashed(self, frame: Frame) -> None:
        """Close what a killed run left open, and write the row it could not write."""
        self._connections.end_crashed(frame)
        window_id, started_us = (self._old_window or [None, None])[:2]
        self._old_window = []
        if window_id:
            self._books.crashed_window(window_id, started_us, frame)

    def _corrupt(self, frame: Frame) -> None:
        self._delivery.corrupt(frame)
        self.ledger.lose_sight()
        self._connections.interrupt(frame)

    def _opened(self, frame: Frame) -> None:
        self._connections.opened(frame, self.position)

    def _bytes(self, frame: Frame) -> None:
        self._connections.received(frame, self.position)

    def _page(self, frame: Frame) -> None:
        new = self._delivery.page(frame)
        self._books.came_back(read(frame, Page).gap, new)

    def _filled(self, frame: Frame) -> None:
        self.tally.counts_usd += self._books.filled(frame)
