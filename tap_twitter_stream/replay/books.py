"""What the capture says of itself: rows of windows, connections, gaps, rules and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from tap_twitter_stream.coverage.gaps import cause_of
from tap_twitter_stream.instants import iso
from tap_twitter_stream.replay.capture_rows import connection_row, gap_row
from tap_twitter_stream.spool.entries import FilledGap, Problem, Rules, Window, read
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.rows import encode_row, error_row
from tap_twitter_stream.wire.stamps import Origin, capture_stamp, data_stamp

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_twitter_stream.coverage.gaps import Gap, GapKey
    from tap_twitter_stream.coverage.ledger import Ledger
    from tap_twitter_stream.coverage.lost_state import Before, Since
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.replay.connection import Stats
    from tap_twitter_stream.spool.entries import Closed, Opened
    from tap_twitter_stream.spool.frames import Frame


class CaptureBooks:
    """Keeps the ledger, and emits the rows that account for the capture.

    Args:
        spool_id: Of the log whose frames are read; part of the rows' keys.
    """

    def __init__(self, emitter: Emitter, ledger: Ledger, spool_id: str) -> None:
        self._emitter = emitter
        self._spool_id = spool_id
        self.ledger = ledger
        self.window = Window()

    @property
    def window_id(self) -> str:
        """The window that the frames now belong to; empty before the first."""
        return self.window.window_id

    def opened(self, opened: Opened, at_us: int, number: int, whole_until_us: int | None) -> None:
        """Emit the gap that a new connection ends.

        Args:
            opened: What is known of it.
            at_us: When X answered.
            number: The connection's.
            whole_until_us: If all others of its line bring what X sent a while ago: until when they
                have brought all.
        """
        if not _takes_time(opened):
            return
        if whole_until_us is not None:
            self.ledger.step_back(opened.line, whole_until_us)
        from_us = opened.backfill_us[0] if opened.backfill_us else None
        for gap in self.ledger.opened(opened.line, at_us, self.window_id, from_us, number):
            self._gap(gap, at_us)

    def border(self, before: Before, since: Since, cut: Collection[int], at_us: int) -> None:
        """Take what the file tells that reading begins with; emit what came before it."""
        for gap in self.ledger.recall(before, since, cut):
            self._gap(gap, at_us)

    def alive(self, opened: Opened, at_us: int, number: int) -> None:
        """Take note that a connection brought bytes."""
        if _takes_time(opened):
            is_old = opened.behind_us is not None
            for gap in self.ledger.alive(opened.line, at_us, number, is_old=is_old):
                self._gap(gap, at_us)

    def closed(self, closed: Closed, stats: Stats, frame: Frame, number: int) -> None:
        """Take note of a connection's end, and emit its row."""
        if closed.is_live and _takes_time(closed):
            figures = (stats.last_id, stats.messages, number, closed.opened_at_us)
            cause = cause_of(closed.ending.kind, closed.behind_us)
            for gap in self.ledger.closed(closed.line, cause, *figures):
                self._gap(gap, frame.time_us)
        self.connection(closed, stats, frame)

    def emit_open_gaps(self, at_us: int) -> None:
        """Emit the gaps that the window's end leaves open."""
        window = self.window
        started_us = at_us if window.started_at_us is None else window.started_at_us
        for gap in self.ledger.still_closed(self.window_id, at_us, window.lines, started_us):
            self._gap(gap, at_us)

    def leave_unread(self, at_us: int) -> None:
        """Emit what a run loses that ends before the end of a log which ends with it."""
        for gap in self.ledger.leave_unread(self.window_id):
            self._gap(gap, at_us)

    def uncover(self, opened: Opened, from_us: int, number: int) -> None:
        """Take note that not all came whole that X sent from then on."""
        self.ledger.uncover(opened.line, from_us, number)

    def backfilling(self, opened: Opened, new: int, number: int, *, over: bool) -> None:
        """Count what X sends again at a connect; settle what that was for when it is over."""
        line = opened.line
        for gap in self.ledger.pending.backfilling(line, number)[:1]:
            self.ledger.pending.came_back(gap.key, new)
        if over:
            for gap in self.ledger.backfilled(line, number):
                self._gap(gap, gap.ended_us)

    def came_back(self, key: GapKey, new: int) -> None:
        """Count posts that filling a gap has brought."""
        self.ledger.pending.came_back(key, new)

    def filled(self, frame: Frame) -> float:
        """Settle a gap by what the receiver says of it; return what asking for prices cost."""
        filled = read(frame, FilledGap)
        for gap in self.ledger.filled(filled.gap, filled.parts):
            self._gap(gap, frame.time_us)
        return filled.counts_usd

    def connection(self, connection: Opened, stats: Stats, frame: Frame) -> None:
        """Emit the row of a connection, open or closed."""
        row = connection_row(connection, stats, self.window_id or None)
        self._emitter.write("capture_connections", encode_row(row), capture_stamp(frame.time_us))

    def refused(self, closed: Closed, frame: Frame) -> None:
        """Emit what X answered instead of a stream."""
        ending = closed.ending
        problem = {
            "title": ending.title or None,
            "detail": ending.detail or None,
            "connection_issue": ending.connection_issue or None,
            "status": ending.status or None,
            "type": ending.slug or "about:blank",
        }
        origin = Origin(closed.connection_id, closed.endpoint)
        row = error_row(problem, kind="http", place=origin.connection_id)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def rules(self, frame: Frame) -> None:
        """Emit the rules of the app."""
        stamp = capture_stamp(frame.time_us)
        for rule in read(frame, Rules).rules:
            self._emitter.write("rules", encode_row(asdict(rule)), stamp)

    def problem(self, frame: Frame) -> None:
        """Emit a problem of a request that is no stream."""
        problem = read(frame, Problem)
        origin = Origin("", problem.endpoint)
        place = f"{self._spool_id}:{frame.position}"
        row = error_row(problem.problem, kind=problem.kind, place=place)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def crashed_window(self, window_id: str, started_us: int, frame: Frame) -> None:
        """Emit the row that a killed run could not write."""
        row = {
            "window_id": window_id,
            "started_at": iso(started_us),
            "crashed": True,
            "spool_id": self._spool_id,
        }
        self._emitter.write("capture_windows", encode_row(row), capture_stamp(frame.time_us))

    def _gap(self, gap: Gap, at_us: int) -> None:
        self._emitter.write("capture_gaps", encode_row(gap_row(gap)), capture_stamp(at_us))


def _takes_time(opened: Opened) -> bool:
    """Tell whether time is captured: a file was read to its end or not, whenever that is."""
    spec = ENDPOINTS.get(opened.endpoint)
    return spec is None or spec.is_live
