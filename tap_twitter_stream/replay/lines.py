"""What connections have sent, and how they began and ended: frames go in, lines come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_twitter_stream.coverage.gaps import CRASHED
from tap_twitter_stream.replay.connection import Stats
from tap_twitter_stream.spool.entries import Behind, Closed, Context, End, Opened, read
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.lines import LinePlaces

if TYPE_CHECKING:
    from tap_twitter_stream.replay.books import CaptureBooks
    from tap_twitter_stream.replay.connection import Connection
    from tap_twitter_stream.replay.messages import Delivery
    from tap_twitter_stream.replay.open_connections import OpenConnections
    from tap_twitter_stream.spool.frames import Frame


class ConnectionFrames:
    """Follows each connection through its frames.

    Attributes:
        full: The record limit was reached inside a frame.
        unread_lines: Of that frame.
    """

    def __init__(
        self, books: CaptureBooks, delivery: Delivery, connections: OpenConnections
    ) -> None:
        self._books = books
        self._delivery = delivery
        self._tally = delivery.tally
        self._open = connections
        self.full = False
        self.unread_lines = 0

    def catch_up(self, frame: Frame, position: int) -> None:
        """Take what the connections' state is from a frame that an earlier run has emitted.

        Args:
            frame: Of a connection, or the context where a file of the log begins.
            position: Of the STATE.
        """
        match frame.kind:
            case Kind.CONTEXT:
                self._take_up(frame, position)
            case Kind.OPENED:
                self._open.add(frame.position, read(frame, Opened), position)
            case Kind.BEHIND:
                self.behind(frame)
            case Kind.CLOSED:
                self._open.discard(frame.connection)
            case Kind.BYTES:
                connection = self._open.get(frame.connection)
                start = self._open.restored_start(frame.connection)
                if connection and start is not None and frame.end > start:
                    self._feed(connection, frame, max(0, start - frame.payload_position))

    def border(self, frame: Frame, position: int) -> None:
        """Begin in the middle of a run, or go on behind the end of a file."""
        for connection in self._take_up(frame, position):
            connection.line_start = frame.position

    def _take_up(self, frame: Frame, position: int) -> list[Connection]:
        """Add the connections that we do not know; return those that begin inside a line."""
        begun = []
        for one in read(frame, Context).connections:
            if self._open.get(one.number) is None:
                connection = self._open.add(one.number, one.opened, position)
                start = self._open.restored_start(one.number)
                # Where STATE knows of a line that began before, that file is read, not this one.
                if one.unfinished_us is not None and start in {None, frame.position}:
                    connection.begins_inside_line = True
                    connection.line_start_us = one.unfinished_us
                    begun.append(connection)
        return begun

    def opened(self, frame: Frame, position: int) -> None:
        """Take up a new connection, and tell of it."""
        opened = read(frame, Opened)
        whole_until_us = self._open.whole_until_us().get(opened.line)
        connection = self._open.add(frame.position, opened, position)
        connection.line_start = frame.end
        if not self._delivery.is_reread(frame):
            self._tally.connects += 1
            self._tally.connections += 1
        if connection.is_live:
            self._books.opened(opened, frame.time_us, connection.number, whole_until_us)
        spec = ENDPOINTS.get(connection.origin.endpoint)
        if spec and spec.is_live and not spec.needs_rules and connection.is_live:
            # Some runners wait for a first record; the filtered stream has its rules as one.
            self._books.connection(opened, connection.stats, frame)

    def behind(self, frame: Frame) -> None:
        """Note since when what a connection brings may be old."""
        if connection := self._open.get(frame.connection):
            behind_us = read(frame, Behind).behind_us
            connection.opened = replace(connection.opened, behind_us=behind_us)

    def received(self, frame: Frame, position: int) -> None:
        """Emit what a connection has sent."""
        connection = self._open.get(frame.connection)
        if connection is None:  # its opening is no longer kept: every column but these is known
            opened = Opened(connection_id=f"unknown-{frame.connection}", endpoint="filtered")
            connection = self._open.add(frame.connection, opened, position)
        if connection.is_live:
            self._books.alive(connection.opened, frame.time_us, connection.number)
        if not self._delivery.is_reread(frame):
            self._tally.bytes += len(frame.payload)
        connection.stats.bytes += len(frame.payload)
        if connection.is_live and not connection.backfill_before_ms:
            self._feed(connection, frame, 0)
        else:
            self._feed_again(connection, frame)

    def closed(self, frame: Frame) -> None:
        """Tell how a connection ended, or that an attempt at one did."""
        closed = read(frame, Closed)
        connection = self._open.get(frame.connection) if frame.connection else None
        if connection is None:
            self._tally.connects += not self._delivery.is_reread(frame)
            self._books.connection(closed, Stats(), frame)
            if closed.ending.status:
                self._books.refused(closed, frame)
            return
        self._finish(connection, frame, closed)

    def interrupt(self, frame: Frame) -> None:
        """Let no line be put together across bytes of which nobody knows whose they were."""
        for connection in self._open:
            if connection.cutter.pending_bytes:
                self._delivery.last_line(connection, frame)
            connection.line_start = frame.end
            connection.begins_inside_line = False

    def end_crashed(self, frame: Frame) -> None:
        """Close what a killed run left open."""
        for connection in list(self._open):
            ending, description = End(kind=CRASHED), "The run was killed."
            closed = Closed.after(connection.opened, ending=ending, description=description)
            self._finish(connection, frame, closed)

    def _feed_again(self, connection: Connection, frame: Frame) -> None:
        """Deal with what X sends once more, and count what of it is new."""
        tally = self._tally
        records, again, keep_alives = tally.records, tally.redelivered, tally.keep_alives
        self._feed(connection, frame, 0)
        if (gap := connection.opened.gap) is not None:
            self._books.came_back(gap, tally.records - records)
            return
        quiet = tally.keep_alives > keep_alives
        if connection.ends_backfill(frame.time_us, keep_alive=quiet):
            connection.backfill_before_ms = 0
        over = not connection.backfill_before_ms
        new = tally.redelivered - again
        self._books.backfilling(connection.opened, new, connection.number, over=over)

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

    def _finish(self, connection: Connection, frame: Frame, closed: Closed) -> None:
        """Deal with the last, unfinished line, and write the connection's row."""
        cut_off = connection.begins_inside_line
        if connection.cutter.pending_bytes:
            cut_off = True
            self._delivery.last_line(connection, frame)
        if connection.is_live and cut_off:
            since_us = connection.line_start_us or frame.time_us
            self._books.uncover(connection.opened, since_us, connection.number)
        if connection.is_live and (behind_us := closed.behind_us) is not None:
            until_us = connection.complete_until_us(behind_us)
            self._books.uncover(connection.opened, until_us, connection.number)
        self._open.discard(connection.number)
        if closed.closed_at_us is None:
            closed = replace(closed, closed_at_us=frame.time_us)
        self._books.closed(closed, connection.stats, frame, connection.number)
