"""Lines go in, records come out: which stream each goes to, and what is left out and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.connection import (
    DEAD,
    KEEPS,
    LINES,
    MESSAGES,
    UNDELIVERED,
    Connection,
    Tally,
)
from tap_twitter_stream.wire.classic_rows import classic_notice_row
from tap_twitter_stream.wire.classify import classify, classify_cut
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.event_rows import event_row
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.lines import LinePlaces, OverlongLine, size_of
from tap_twitter_stream.wire.messages import (
    About,
    Activity,
    Disconnect,
    Event,
    Junk,
    Like,
    LineLength,
    Message,
    Notice,
    Post,
    Several,
    Status,
    StreamProblems,
    Undelivered,
)
from tap_twitter_stream.wire.route import (
    Origin,
    Stamp,
    data_stamp,
    error_row,
    letter_row,
    notice_row,
    raw_row,
    rule_row,
)
from tap_twitter_stream.wire.snowflake import created_ms

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.spool.frames import Frame

# Each endpoint is a family of its own for matching rules: the same post may come by several.
_FAMILY_BITS = {name: 1 << bit for bit, name in enumerate(ENDPOINTS)}
_CLASSIFIERS = {name: classifier_for(spec.holds) for name, spec in ENDPOINTS.items()}
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


class Delivery:
    """Classifies the lines of a connection and emits what they hold."""

    def __init__(self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe) -> None:
        self._options = options
        self._emitter = emitter
        self._dedupe = dedupe
        self.tally = Tally()

    @property
    def is_full(self) -> bool:
        """Whether the record limit is reached."""
        limit = self._options.max_records
        return limit is not None and self.tally.records >= limit

    def is_reread(self, frame: Frame) -> bool:
        """Whether an earlier run received the frame."""
        return frame.position < self._options.own_from

    def lines(
        self, connection: Connection, lines: list[bytes], frame: Frame, places: LinePlaces
    ) -> int:
        """Emit lines until the record limit; return how many were dealt with."""
        if not lines:
            return 0
        self._dedupe.pass_time(frame.time_us / 1e6)
        stamp = data_stamp(frame.time_us, connection.origin)
        tally, limit = self.tally, self._options.max_records
        classify_line = _CLASSIFIERS.get(connection.origin.endpoint, classify)
        before, events = tally.marks, tally.events
        posts: list[str] = []
        done = 0
        for line in lines:
            if limit is not None and tally.records >= limit:
                break
            done += 1
            if line in _KEEP_ALIVES:
                tally.keep_alives += 1
                continue
            if self._options.raw_messages:
                self._raw(line, places.of(done - 1), stamp)
            message = classify_line(line)
            if isinstance(message, Post):
                tally.messages += 1
                posts.append(message.id)
                self._post(message, connection, stamp)
            elif isinstance(message, Status):
                tally.messages += 1
                posts.append(message.id)
                self._status(message, stamp)
            else:
                self._count_line(message)
                self._any(message, line, places.of(done - 1), connection, stamp, posts)
        self._count(connection, done, before, reread=self.is_reread(frame))
        if posts or tally.events > events:
            self._note(connection, posts, frame)
        return done

    def last_line(self, connection: Connection, frame: Frame) -> None:
        """Emit what a connection ended in the middle of, if it can be read."""
        start = connection.line_start
        line = connection.cutter.take_pending()
        stamp = data_stamp(frame.time_us, connection.origin)
        before = self.tally.marks
        if line in _KEEP_ALIVES:
            self.tally.keep_alives += 1
        else:
            read = _CLASSIFIERS.get(connection.origin.endpoint, classify)
            message = classify_cut(line, read)
            self._count_line(message)
            self._any(message, line, start, connection, stamp, [])
        self._count(connection, 1, before, reread=self.is_reread(frame))

    def corrupt(self, frame: Frame) -> None:
        """Set a frame aside whose checksum is wrong."""
        junk = Junk(
            "corrupt_frame", "the spool's checksum does not match; the rest of its file is left out"
        )
        self.tally.lines += 1
        self.tally.dead_letters += 1
        origin = Origin(f"unknown-{frame.connection}", "unknown")
        self._letter(frame.payload, junk, frame.position, data_stamp(frame.time_us, origin))

    def _note(self, connection: Connection, posts: list[str], frame: Frame) -> None:
        """Take note that a frame brought posts, or events only."""
        tally = self.tally
        tally.last_post_us = frame.time_us
        if not posts:
            return
        connection.note(posts, frame.time_us)
        if (made_ms := created_ms(posts[-1])) is not None:
            tally.last_lag_s = max(0.0, frame.time_us / 1e6 - made_ms / 1e3)

    def _count(
        self, connection: Connection, done: int, before: tuple[int, int, int, int], *, reread: bool
    ) -> None:
        tally, stats = self.tally, connection.stats
        tally.lines += done
        if reread:
            tally.lines_reread += done
        else:
            tally.posts_new += tally.posts - before[3]
        stats[LINES] += done
        stats[KEEPS] += tally.keep_alives - before[0]
        stats[MESSAGES] += tally.messages - before[1]
        stats[DEAD] += tally.dead_letters - before[2]

    def _count_line(self, message: Message) -> None:
        if isinstance(message, Junk):
            self.tally.dead_letters += 1
        elif isinstance(message, LineLength):
            self.tally.keep_alives += 1
        else:
            self.tally.messages += 1

    def _any(  # noqa: PLR0913, PLR0917 - what a line is, and all there is to know of it
        self,
        message: Message,
        line: bytes,
        position: int,
        connection: Connection,
        stamp: Stamp,
        posts: list[str],
    ) -> None:
        """Emit a message of any kind; ids of posts go to ``posts``."""
        if isinstance(message, Several):
            # Each item has a byte of the line for itself, so no two share a position.
            for index, (one, raw) in enumerate(message.messages):
                self._any(one, raw, position + index, connection, stamp, posts)
        elif isinstance(message, Post):
            posts.append(message.id)
            self._post(message, connection, stamp)
        elif isinstance(message, Status):
            posts.append(message.id)
            self._status(message, stamp)
        elif isinstance(message, Junk):
            self._letter(line, message, position, stamp)
        elif not isinstance(message, LineLength):
            self._other(message, position, connection, stamp)

    def _status(self, status: Status, stamp: Stamp) -> None:
        # A v2 post of the same id is another row, in another stream.
        if self._dedupe.add("s" + status.id, 1):
            self._emitter.drop_duplicate("statuses")
            return
        self.tally.records += 1
        self._emitter.write("statuses", status.raw, stamp)

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
            self.tally.records += 1
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

    def _other(
        self,
        message: Event | About,
        position: int,
        connection: Connection,
        stamp: Stamp,
    ) -> None:
        place = f"{self._options.spool_id}:{position}"
        if isinstance(message, (Disconnect, Undelivered, Notice)):
            self._emitter.write("notices", _notice(message, place, connection), stamp)
            return
        if not isinstance(message, StreamProblems):
            self._event(message, connection, stamp)
            return
        for index, problem in enumerate(message.problems):
            row = error_row(problem, kind="stream", place=f"{place}:{index}")
            self._emitter.write("errors", row, stamp)

    def _event(self, event: Event, connection: Connection, stamp: Stamp) -> None:
        row, emitter = event_row(event), self._emitter
        # Ids of posts stand in the same memory without a stream before them.
        if self._dedupe.add(f"{row.stream}:{row.key}", 1):
            emitter.drop_duplicate(row.stream)
            return
        self.tally.records += 1
        self.tally.events += 1
        emitter.write(row.stream, row.raw, stamp)
        if isinstance(event, (Like, Activity)):
            for stream, objects in event.includes:
                for raw in objects:
                    emitter.write(stream, raw, stamp)
        for index, problem in enumerate(event.errors):
            place = f"{connection.origin.connection_id}:{row.key}:{index}"
            emitter.write("errors", error_row(problem, kind="partial", place=place), stamp)

    def _letter(self, line: bytes, junk: Junk, position: int, stamp: Stamp) -> None:
        row = letter_row(line, size_of(line), junk, position, self._options.spool_id)
        self._emitter.write("dead_letters", row, stamp)

    def _raw(self, line: bytes, position: int, stamp: Stamp) -> None:
        if not isinstance(line, OverlongLine):
            row = raw_row(line.rstrip(b"\r"), position, self._options.spool_id)
            self._emitter.write("raw_messages", row, stamp)


def _notice(notice: Disconnect | Undelivered | Notice, place: str, connection: Connection) -> bytes:
    if isinstance(notice, Disconnect):
        return notice_row(notice, place)
    if isinstance(notice, Notice):
        return classic_notice_row(notice.body, notice.kind, place)
    known = connection.stats[UNDELIVERED]
    connection.stats[UNDELIVERED] = max(known, notice.total or 0)
    return classic_notice_row(notice.body, "limit", place, undelivered=(notice.total, known))


def _owned(tag: str | None, prefix: str) -> bool:
    return bool(prefix) and tag is not None and tag.startswith(prefix)
