"""Frames of the event log go in, records come out. What is emitted depends on the log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.capture_books import CaptureBooks
from tap_twitter_stream.connection import BYTES, empty_stats
from tap_twitter_stream.delivery import Delivery
from tap_twitter_stream.open_connections import OpenConnections
from tap_twitter_stream.policy.ledger import Ledger
from tap_twitter_stream.sight import Sight
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.starts import behind
from tap_twitter_stream.state import CaptureState, gaps_that_fit
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.lines import LinePlaces

if TYPE_CHECKING:
    from tap_twitter_stream.connection import Connection, Tally
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.policy.gaps import Gap
    from tap_twitter_stream.replay_options import ReplayOptions


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
        if state:
            ledger.restore(state.ledger, state.gaps, log_continues=options.log_continues)
        self._books = CaptureBooks(emitter, ledger, options.spool_id)
        self._delivery = delivery or Delivery(options, emitter, dedupe)
        rows = state.connections if state else []
        self._open = OpenConnections(rows, options.max_line_bytes)
        self._old_window = state.window if state else []
        self.position = state.position if state else 0
        self._stopped: dict[str, Any] | None = None  # how the window read last ended
        self.ended: dict[str, Any] | None = None  # how this run's receiver did
        self._is_own = False  # the frames now are this run's
        self._sight = Sight()
        self.full = False  # max_records was reached; what follows stays in the log
        self.unread_lines = 0  # of the frame in which that happened
        self._handlers = {
            Kind.CONTEXT: self._border,
            Kind.WINDOW: self._began,
            Kind.OPENED: self._opened,
            Kind.BYTES: self._bytes,
            Kind.BEHIND: self._behind,
            Kind.CLOSED: self._closed,
            Kind.RULES: self._books.rules,
            Kind.PROBLEM: self._books.problem,
            Kind.STOPPED: self._ended,
            Kind.PAGE: self._page,
            Kind.FILLED: self._filled,
            Kind.CORRUPT: self._corrupt,
        }

    def handle(self, frame: Frame) -> None:
        """Emit what one frame holds, unless an earlier run did."""
        self._sight.see(frame)
        if frame.end <= self.position:
            self._catch_up(frame)
            return
        if frame.position < self.position and frame.kind is Kind.BYTES:
            frame = behind(frame, self.position)
        self._open.caught_up = True
        if self._is_beyond_limit(frame):
            self.full = True
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
        ledger = books.export(self._open.behind_us())
        return CaptureState(
            spool_id=self._options.spool_id,
            position=self.position,
            connections=connections,
            ledger=ledger,
            gaps=books.pending.export(gaps_that_fit(connections, ledger)),
            window=[] if certified else [window.get("window_id"), window.get("started_at_us")],
        )

    @property
    def open_total(self) -> int:
        """How many connections are open as far as the log was read."""
        return len(self._open)

    @property
    def ledger(self) -> Ledger:
        """The books of captured time."""
        return self._books.ledger

    @property
    def window(self) -> dict[str, Any]:
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
                self._context(frame)
            case Kind.WINDOW:
                self._books.window = frame.json()
                self._open.clear()
            case Kind.OPENED:
                self._open.add(frame.position, frame.json(), self.position)
            case Kind.BEHIND:
                self._behind(frame)
            case Kind.CLOSED:
                self._open.discard(frame.connection)
            case Kind.BYTES:
                connection = self._open.get(frame.connection)
                start = self._open.restored_start(frame.connection)
                if connection and start is not None and frame.end > start:
                    self._feed(connection, frame, max(0, start - frame.payload_position))

    def _context(self, frame: Frame) -> None:
        context = frame.json()
        self._books.window = self.window or context["window"]
        for number, head, *_ in context["connections"]:
            if self._open.get(number) is None:
                self._open.add(number, head, self.position)

    # Frames of this run, and of earlier ones that nobody acknowledged.

    def _border(self, frame: Frame) -> None:
        """Begin in the middle of a run, or go on behind the end of a file."""
        context = frame.json()
        seen = {one.number for one in self._open}
        self._context(frame)
        for number, _, *unfinished in context["connections"]:
            connection = self._open.get(number)
            if connection and number not in seen and unfinished:
                connection.begins_inside_line, connection.line_start_us = True, unfinished[0]
        self.ledger.recall_at_border(context.get("ledger"), context["window"])

    def _began(self, frame: Frame) -> None:
        if self.window and (self._stopped is None or self._stopped["reason"] == "orphaned"):
            self._old_window = [self.window["window_id"], self.window["started_at_us"]]
        self._end_crashed(frame)
        if self._stopped and self._stopped["reason"] == "orphaned":
            self.ledger.crashed(self._books.window_id)
        self._books.window = window = frame.json()
        own = frame.position >= self._options.own_from
        self.ledger.recall([] if own else window.get("ledger"), self._sight.before(window))
        self._stopped = None
        if own:
            self.ledger.pending.release(self._books.lines)

    def _ended(self, frame: Frame) -> None:
        self._stopped = frame.json()
        if self._stopped["reason"] != "orphaned":
            self._books.emit_open_gaps(frame.time_us)
        # The backlog may be read before this run's receiver has written its first frame.
        if frame.position >= self._options.own_from:
            self.ended = self._stopped

    def _end_crashed(self, frame: Frame) -> None:
        """Close what a killed run left open, and write the row it could not write."""
        for connection in list(self._open):
            self._finish(
                connection,
                frame,
                {"ending": {"kind": "crashed"}, "description": "The run was killed."},
            )
        window_id, started_us = (self._old_window or [None, None])[:2]
        self._old_window = []
        if window_id:
            self._books.crashed_window(window_id, started_us, frame)

    def _opened(self, frame: Frame) -> None:
        head = frame.json()
        connection = self._open.add(frame.position, head, self.position)
        connection.line_start = frame.end
        if not self._delivery.is_reread(frame):
            self.tally.connects += 1
            self.tally.connections += 1
        if connection.is_live:
            self._books.opened(head, frame.time_us, connection.number)
        spec = ENDPOINTS.get(connection.origin.endpoint)
        if spec and spec.is_live and not spec.needs_rules and connection.is_live:
            # Some runners wait for a first record; the filtered stream has its rules as one.
            self._books.connection(head, connection.stats, frame)

    def _behind(self, frame: Frame) -> None:
        if connection := self._open.get(frame.connection):
            connection.head.update(frame.json())

    def _bytes(self, frame: Frame) -> None:
        connection = self._open.get(frame.connection)
        if connection is None:  # its opening is no longer kept: every column but these is known
            head = {
                "connection_id": f"unknown-{frame.connection}",
                "endpoint": "filtered",
                "partition": 0,
            }
            connection = self._open.add(frame.connection, head, self.position)
        if connection.is_live:
            self._books.alive(connection.head, frame.time_us, connection.number)
        if not self._delivery.is_reread(frame):
            self.tally.bytes += len(frame.payload)
        connection.stats[BYTES] += len(frame.payload)
        if connection.is_live and not connection.backfill_before_ms:
            self._feed(connection, frame, 0)
        else:
            self._feed_again(connection, frame)

    def _feed_again(self, connection: Connection, frame: Frame) -> None:
        """Deal with what X sends once more, and count what of it is new."""
        tally = self.tally
        records, again, keep_alives = tally.records, tally.redelivered, tally.keep_alives
        self._feed(connection, frame, 0)
        if not connection.is_live:
            self._books.came_back(connection.head["gap"], tally.records - records)
            return
        quiet = tally.keep_alives > keep_alives
        if connection.ends_backfill(frame.time_us, keep_alive=quiet):
            connection.backfill_before_ms = 0
        over = not connection.backfill_before_ms
        new = tally.redelivered - again
        self._books.backfilling(connection.head, new, connection.number, over=over)

    def _corrupt(self, frame: Frame) -> None:
        self._delivery.corrupt(frame)
        self.ledger.lose_sight()
        # Whose bytes those were is not known: no line may be put together across them.
        for connection in self._open:
            if connection.cutter.pending_bytes:
                self._delivery.last_line(connection, frame)
            connection.line_start = frame.end

    def _page(self, frame: Frame) -> None:
        new = self._delivery.page(frame)
        self._books.came_back(frame.json()["gap"], new)

    def _filled(self, frame: Frame) -> None:
        self.tally.counts_usd += self._books.filled(frame)

    def _feed(self, connection: Connection, frame: Frame, skip: int) -> None:
        if connection.begins_inside_line:  # its start is gone, so the whole of it was emitted
            skip = frame.payload.find(b"\n", skip) + 1
            if not skip:
                return
            connection.begins_inside_line = False
        cutter = connection.cutter
        start, pending_bytes = frame.payload_position + skip, cutter.pending_bytes
        first = connection.line_start if pending_bytes else start
        lines = cutter.feed(frame.payload[skip:] if skip else frame.payload)
        places = LinePlaces(lines, first, start - pending_bytes)
        if cutter.pending_bytes and (lines or not pending_bytes):
            connection.line_start_us = frame.time_us
        done = self._delivery.lines(connection, lines, frame, places)
        if done < len(lines):
            self.full = True
            connection.line_start = places.of(done)
            self._open.cut_connection = connection.number
            self.unread_lines = len(lines) - done
        elif lines or not cutter.pending_bytes:
            connection.line_start = frame.end - cutter.pending_bytes
        else:
            connection.line_start = first

    def _closed(self, frame: Frame) -> None:
        head = frame.json()
        connection = self._open.get(frame.connection) if frame.connection else None
        if connection is None:
            self.tally.connects += not self._delivery.is_reread(frame)
            self._books.connection(head, empty_stats(), frame)
            if head["ending"].get("status"):
                self._books.refused(head, frame)
            return
        self._finish(connection, frame, head)

    def _finish(self, connection: Connection, frame: Frame, end: dict[str, Any]) -> None:
        """Deal with the last, unfinished line, and write the connection's row."""
        cut_off = connection.begins_inside_line
        if connection.cutter.pending_bytes:
            cut_off = True
            self._delivery.last_line(connection, frame)
        if connection.is_live and cut_off:
            since_us = connection.line_start_us or frame.time_us
            self._books.uncover(connection.head, since_us, connection.number)
        row = {**connection.head, **end}
        if connection.is_live and (behind_us := row.get("behind_us")) is not None:
            until_us = connection.complete_until_us(behind_us)
            self._books.uncover(connection.head, until_us, connection.number)
        self._open.discard(connection.number)
        row.setdefault("closed_at_us", frame.time_us)
        self._books.closed(row, connection.stats, frame, connection.number)
