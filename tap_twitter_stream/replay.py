"""Frames of the event log go in, records come out. What is emitted depends on the log alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.connection import (
    BYTES,
    DEAD,
    KEEPS,
    LAST_ID,
    LINES,
    MESSAGES,
    Connection,
    Tally,
    connection_row,
    empty_stats,
    gap_row,
)
from tap_twitter_stream.policy.ledger import Gap, Ledger
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.state import CaptureState
from tap_twitter_stream.wire.classify import classify, classify_cut
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.lines import LineCutter, LinePlaces, OverlongLine, size_of
from tap_twitter_stream.wire.messages import Disconnect, Junk, Post, StreamProblems
from tap_twitter_stream.wire.route import (
    Origin,
    Stamp,
    capture_stamp,
    data_stamp,
    encode_row,
    error_row,
    iso,
    letter_row,
    notice_row,
    raw_row,
    rule_row,
)
from tap_twitter_stream.wire.snowflake import created_ms

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe

# Each endpoint is a family of its own for matching rules: the same post may come by several.
_FAMILY_BITS = {"filtered": 1, "sample": 2}
_KEEP_ALIVES = (b"", b"\r")


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What of the settings decides how frames become records."""

    spool_id: str
    max_line_bytes: int
    raw_messages: bool = False
    tag_prefix: str = ""
    drop_foreign: bool = False
    own_from: int = 0  # position where this run's frames begin
    max_records: int | None = None


class Replay:
    """Turns frames into records and keeps the position that a STATE may cover."""

    def __init__(
        self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe, state: CaptureState | None
    ) -> None:
        self._options = options
        self._emitter = emitter
        self._dedupe = dedupe
        self._ledger = Ledger.restore(state.ledger if state else [])
        self._restored = {row[0]: row for row in state.connections} if state else {}
        self._open: dict[int, Connection] = {}
        self._old_window = state.window if state else []
        self.position = state.position if state else 0
        self.window: dict[str, Any] = {}
        self.tally = Tally()
        self.records_total = 0
        self.last_post_us: int | None = None
        self.last_lag_s: float | None = None
        self.stopped: dict[str, Any] | None = None
        self.full = False  # max_records was reached; what follows stays in the log
        self._caught_up = False  # everything before the position was dealt with
        self._cut_connection = -1  # the one in whose frame that happened
        self.unread_lines = 0  # of that frame
        self._handlers = {
            Kind.CONTEXT: self._context,
            Kind.WINDOW: self._began,
            Kind.OPENED: self._opened,
            Kind.BYTES: self._bytes,
            Kind.CLOSED: self._closed,
            Kind.RULES: self._rules,
            Kind.PROBLEM: self._problem,
            Kind.STOPPED: self._ended,
            Kind.CORRUPT: self._corrupt,
        }

    def handle(self, frame: Frame) -> None:
        """Emit what one frame holds, unless an earlier run did."""
        if frame.end <= self.position:
            self._catch_up(frame)
            return
        self._caught_up = True
        if self._is_beyond_limit(frame):
            self.full = True
            return
        self._handlers[frame.kind](frame)
        self.position = frame.end

    def export(self, *, certified: bool = False) -> CaptureState:
        """Return the position vector as it is now; call between frames.

        Args:
            certified: The window's row is written, so no later run need write it.
        """
        window = self.window
        return CaptureState(
            spool_id=self._options.spool_id,
            position=self.position,
            connections=[
                *([one.number, self._line_start(one), *one.stats] for one in self._open.values()),
                *self._unseen(),
            ],
            ledger=self._ledger.export(),
            window=[] if certified else [window.get("window_id"), window.get("started_at_us")],
        )

    def _unseen(self) -> list[list[Any]]:
        """Rows of the last STATE whose connections this run did not come to."""
        if self._caught_up:
            return []
        return [row for number, row in self._restored.items() if number not in self._open]

    def _line_start(self, connection: Connection) -> int:
        """Where the next run has to take this connection up: behind what was emitted of it."""
        cut_short = not self._caught_up or connection.number == self._cut_connection
        if connection.cutter.pending_bytes or cut_short:
            return min(connection.line_start, self.position)
        return self.position

    @property
    def open_total(self) -> int:
        """How many connections are open as far as the log was read."""
        return len(self._open)

    @property
    def ledger(self) -> Ledger:
        """The books of captured time."""
        return self._ledger

    def emit_open_gaps(self, at_us: int) -> None:
        """Emit the gaps that the window's end leaves open."""
        window_id = str(self.window.get("window_id", ""))
        for gap in self._ledger.still_closed(window_id, at_us):
            self._gap(gap, window_id)

    def _is_beyond_limit(self, frame: Frame) -> bool:
        """Whether the record limit is reached and the frame may hold another record."""
        limit = self._options.max_records
        if limit is None or self.records_total < limit:
            return False
        connection = self._open.get(frame.connection)
        ends_line = frame.kind is Kind.CLOSED and connection and connection.cutter.pending_bytes
        return frame.kind is Kind.BYTES or bool(ends_line)

    def _is_own(self, frame: Frame) -> bool:
        """Whether this run received the frame; else it is read again."""
        return frame.position >= self._options.own_from

    # What an earlier run has emitted already: only its context is needed.

    def _catch_up(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.CONTEXT:
                self._context(frame)
            case Kind.WINDOW:
                self.window = frame.json()
                self._open.clear()
            case Kind.OPENED:
                self._register(frame.position, frame.json())
            case Kind.CLOSED:
                self._open.pop(frame.connection, None)
            case Kind.BYTES:
                connection = self._open.get(frame.connection)
                row = self._restored.get(frame.connection)
                if connection and row and frame.end > row[1]:
                    self._feed(connection, frame, max(0, row[1] - frame.payload_position))

    def _context(self, frame: Frame) -> None:
        context = frame.json()
        self.window = self.window or context["window"]
        for number, head in context["connections"]:
            if number not in self._open:
                self._register(number, head)

    def _register(self, number: int, head: dict[str, Any]) -> Connection:
        origin = Origin(str(head["connection_id"]), str(head["endpoint"]))
        cutter = LineCutter(self._options.max_line_bytes)
        connection = Connection(number, head, origin, cutter, line_start=self.position)
        if row := self._restored.get(number):
            connection.line_start = row[1]
            connection.stats = list(row[2:])
        self._open[number] = connection
        return connection

    # Frames of this run, and of earlier ones that nobody acknowledged.

    def _began(self, frame: Frame) -> None:
        if self.window and (self.stopped is None or self.stopped["reason"] == "orphaned"):
            self._old_window = [self.window["window_id"], self.window["started_at_us"]]
        self._end_crashed(frame)
        self.window = frame.json()
        self.stopped = None

    def _ended(self, frame: Frame) -> None:
        self.stopped = frame.json()

    def _end_crashed(self, frame: Frame) -> None:
        """Close what a killed run left open, and write the row it could not write."""
        for connection in list(self._open.values()):
            self._finish(
                connection,
                frame,
                {"ending": {"kind": "crashed"}, "description": "The run was killed."},
            )
        window_id, started_us = (self._old_window or [None, None])[:2]
        self._old_window = []
        if window_id:
            row = {
                "window_id": window_id,
                "started_at": iso(started_us),
                "crashed": True,
                "spool_id": self._options.spool_id,
            }
            self._emitter.write("capture_windows", encode_row(row), capture_stamp(frame.time_us))

    def _opened(self, frame: Frame) -> None:
        head = frame.json()
        connection = self._register(frame.position, head)
        connection.line_start = frame.end
        if self._is_own(frame):
            self.tally.connects += 1
            self.tally.connections += 1
        window_id = str(self.window.get("window_id", ""))
        if gap := self._ledger.opened(_line_of(head), frame.time_us, window_id):
            self._gap(gap, window_id)
        spec = ENDPOINTS.get(connection.origin.endpoint)
        if spec and not spec.needs_rules:
            # Some runners wait for a first record; the filtered stream has its rules as one.
            self._connection_row(head, connection.stats, frame)

    def _bytes(self, frame: Frame) -> None:
        connection = self._open.get(frame.connection)
        if connection is None:  # its opening is no longer kept: every column but these is known
            head = {
                "connection_id": f"unknown-{frame.connection}",
                "endpoint": "filtered",
                "partition": 0,
            }
            connection = self._register(frame.connection, head)
        self._ledger.alive(_line_of(connection.head), frame.time_us)
        if self._is_own(frame):
            self.tally.bytes += len(frame.payload)
        connection.stats[BYTES] += len(frame.payload)
        self._feed(connection, frame, 0)

    def _feed(self, connection: Connection, frame: Frame, skip: int) -> None:
        cutter = connection.cutter
        start, pending_bytes = frame.payload_position + skip, cutter.pending_bytes
        first = connection.line_start if pending_bytes else start
        lines = cutter.feed(frame.payload[skip:] if skip else frame.payload)
        places = LinePlaces(lines, first, start - pending_bytes)
        done = self._lines(connection, lines, frame, places)
        if done < len(lines):
            connection.line_start = places.of(done)
            self._cut_connection = connection.number
            self.unread_lines = len(lines) - done
        elif lines or not cutter.pending_bytes:
            connection.line_start = frame.end - cutter.pending_bytes
        else:
            connection.line_start = first

    def _lines(
        self, connection: Connection, lines: list[bytes], frame: Frame, places: LinePlaces
    ) -> int:
        """Emit lines until the record limit; return how many were dealt with."""
        if not lines:
            return 0
        self._dedupe.pass_time(frame.time_us / 1e6)
        stamp = data_stamp(frame.time_us, connection.origin)
        tally, limit = self.tally, self._options.max_records
        before = (tally.keep_alives, tally.messages, tally.dead_letters, self.records_total)
        posts: list[str] = []
        done = 0
        for line in lines:
            if limit is not None and self.records_total >= limit:
                self.full = True
                break
            done += 1
            if line in _KEEP_ALIVES:
                tally.keep_alives += 1
                continue
            if self._options.raw_messages:
                self._raw(line, places.of(done - 1), stamp)
            message = classify(line)
            if isinstance(message, Post):
                tally.messages += 1
                posts.append(message.id)
                self._post(message, connection, stamp)
            elif isinstance(message, Junk):
                tally.dead_letters += 1
                self._letter(line, message, places.of(done - 1), stamp)
            else:
                tally.messages += 1
                self._other(message, places.of(done - 1), stamp)
        self._count(connection, done, before, reread=not self._is_own(frame))
        if posts:
            connection.note(posts, frame.time_us)
            self.last_post_us = frame.time_us
            if (made_ms := created_ms(posts[-1])) is not None:
                self.last_lag_s = max(0.0, frame.time_us / 1e6 - made_ms / 1e3)
        return done

    def _count(
        self, connection: Connection, done: int, before: tuple[int, int, int, int], *, reread: bool
    ) -> None:
        tally, stats = self.tally, connection.stats
        tally.lines += done
        if reread:
            tally.lines_reread += done
        else:
            tally.posts_new += self.records_total - before[3]
        stats[LINES] += done
        stats[KEEPS] += tally.keep_alives - before[0]
        stats[MESSAGES] += tally.messages - before[1]
        stats[DEAD] += tally.dead_letters - before[2]

    def _post(self, post: Post, connection: Connection, stamp: Stamp) -> None:
        emitter, rules = self._emitter, post.rules
        prefix = self._options.tag_prefix
        if (
            self._options.drop_foreign
            and rules
            and not any(_owned(one.tag, prefix) for one in rules)
        ):
            emitter.drop_filtered("tweets")
            return
        family = _FAMILY_BITS.get(connection.origin.endpoint, 0)
        known = self._dedupe.add(post.id, family)
        if known:
            emitter.drop_duplicate("tweets")
        else:
            self.records_total += 1
            emitter.write("tweets", post.raw, stamp)
            for stream, objects in post.includes:
                for raw in objects:
                    emitter.write(stream, raw, stamp)
            for index, problem in enumerate(post.errors):
                place = f"{connection.origin.connection_id}:{post.id}:{index}"
                row = error_row(problem, kind="partial", place=place, tweet_id=post.id)
                emitter.write("errors", row, stamp)
        for rule in rules:
            if known & family:
                emitter.drop_duplicate("tweet_rules")
            else:
                emitter.write("tweet_rules", rule_row(post.id, rule, prefix), stamp)

    def _other(self, message: Disconnect | StreamProblems, position: int, stamp: Stamp) -> None:
        place = f"{self._options.spool_id}:{position}"
        if isinstance(message, Disconnect):
            self._emitter.write("notices", notice_row(message, place), stamp)
            return
        for index, problem in enumerate(message.problems):
            row = error_row(problem, kind="stream", place=f"{place}:{index}")
            self._emitter.write("errors", row, stamp)

    def _letter(self, line: bytes, junk: Junk, position: int, stamp: Stamp) -> None:
        row = letter_row(line, size_of(line), junk, position, self._options.spool_id)
        self._emitter.write("dead_letters", row, stamp)

    def _raw(self, line: bytes, position: int, stamp: Stamp) -> None:
        if not isinstance(line, OverlongLine):
            row = raw_row(line.rstrip(b"\r"), position, self._options.spool_id)
            self._emitter.write("raw_messages", row, stamp)

    def _closed(self, frame: Frame) -> None:
        head = frame.json()
        connection = self._open.get(frame.connection) if frame.connection else None
        if connection is None:
            self.tally.connects += self._is_own(frame)
            self._connection_row(head, empty_stats(), frame)
            if head["ending"].get("status"):
                self._refused(head, frame)
            return
        self._finish(connection, frame, head)

    def _finish(self, connection: Connection, frame: Frame, end: dict[str, Any]) -> None:
        """Deal with the last, unfinished line, and write the connection's row."""
        if connection.cutter.pending_bytes:
            self._last_line(connection, frame)
        del self._open[connection.number]
        row = {**connection.head, **end}
        row.setdefault("closed_at_us", frame.time_us)
        stats = connection.stats
        kind = str(row["ending"]["kind"])
        self._ledger.closed(_line_of(row), kind, stats[LAST_ID], stats[MESSAGES])
        self._connection_row(row, stats, frame)

    def _last_line(self, connection: Connection, frame: Frame) -> None:
        start = connection.line_start
        line = connection.cutter.take_pending()
        stamp = data_stamp(frame.time_us, connection.origin)
        before = (
            self.tally.keep_alives,
            self.tally.messages,
            self.tally.dead_letters,
            self.records_total,
        )
        if line in _KEEP_ALIVES:
            self.tally.keep_alives += 1
        else:
            message = classify_cut(line)
            if isinstance(message, Junk):
                self.tally.dead_letters += 1
                self._letter(line, message, start, stamp)
            else:
                self.tally.messages += 1
                if isinstance(message, Post):
                    self._post(message, connection, stamp)
                else:
                    self._other(message, start, stamp)
        self._count(connection, 1, before, reread=not self._is_own(frame))

    def _refused(self, head: dict[str, Any], frame: Frame) -> None:
        ending = head["ending"]
        problem = {
            key: ending.get(key) or None
            for key in ("title", "detail", "connection_issue", "status")
        }
        problem["type"] = ending.get("slug") or "about:blank"
        origin = Origin(str(head["connection_id"]), str(head["endpoint"]))
        row = error_row(problem, kind="http", place=origin.connection_id)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def _connection_row(self, head: dict[str, Any], stats: list[Any], frame: Frame) -> None:
        row = connection_row(head, stats, self.window.get("window_id"))
        self._emitter.write("capture_connections", encode_row(row), capture_stamp(frame.time_us))

    def _gap(self, gap: Gap, window_id: str) -> None:
        row = encode_row(gap_row(gap, window_id))
        self._emitter.write("capture_gaps", row, capture_stamp(gap.ended_us))

    def _rules(self, frame: Frame) -> None:
        stamp = capture_stamp(frame.time_us)
        for rule in frame.json()["rules"]:
            self._emitter.write("rules", encode_row(rule), stamp)

    def _problem(self, frame: Frame) -> None:
        value = frame.json()
        origin = Origin("", str(value["endpoint"]))
        place = f"{self._options.spool_id}:{frame.position}"
        row = error_row(value["problem"], kind=str(value["kind"]), place=place)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def _corrupt(self, frame: Frame) -> None:
        junk = Junk(
            "corrupt_frame", "the spool's checksum does not match; the rest of its file is left out"
        )
        self.tally.lines += 1
        self.tally.dead_letters += 1
        origin = Origin(f"unknown-{frame.connection}", "unknown")
        self._letter(frame.payload, junk, frame.position, data_stamp(frame.time_us, origin))


def _line_of(head: dict[str, Any]) -> tuple[str, int]:
    return str(head["endpoint"]), int(head["partition"])


def _owned(tag: str | None, prefix: str) -> bool:
    return bool(prefix) and tag is not None and tag.startswith(prefix)
