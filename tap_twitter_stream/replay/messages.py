"""Lines go in, their messages go on to be recorded: each line is classified and counted (G5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from tap_twitter_stream.replay.records import Records
from tap_twitter_stream.replay.tally import Tally
from tap_twitter_stream.spool.entries import Page, read
from tap_twitter_stream.wire.classify import classify, classify_cut
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.messages import (
    Junk,
    LineLength,
    MatchedRule,
    Message,
    Post,
    Status,
)
from tap_twitter_stream.wire.pages import page_as_lines, read_page
from tap_twitter_stream.wire.snowflake import created_ms
from tap_twitter_stream.wire.stamps import Origin, Stamp, data_stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.connection import Connection
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.spool.frames import Frame
    from tap_twitter_stream.wire.lines import LinePlaces

_CLASSIFIERS = {name: classifier_for(spec.holds) for name, spec in ENDPOINTS.items()}
KEEP_ALIVES = (b"", b"\r")
_POISON = Junk("poison", "three runs ended with this message as the next to acknowledge")


class Redelivery:
    """Tells what X sends again at a connect from what it sends now, by when a post was made."""

    def __init__(self, records: Records, tally: Tally, connection: Connection, at_us: int) -> None:
        self._records = records
        self._tally = tally
        self._connection = connection
        self._before_ms = connection.backfill_before_ms
        self._stamp = data_stamp(at_us, replace(connection.origin, delivery="backfill"))

    def post(self, post: Post, origin: Origin, stamp: Stamp) -> None:
        """Emit a post. The first message of now ends the redelivery."""
        stamp, known = self._stamp_of(post.id, stamp), self._tally.records
        self._records.post(post, origin, stamp)
        self._count(stamp, known)

    def status(self, status: Status, stamp: Stamp) -> None:
        """Emit a v1.1 status."""
        stamp, known = self._stamp_of(status.id, stamp), self._tally.records
        self._records.status(status, stamp)
        self._count(stamp, known)

    def _stamp_of(self, post_id: str, live: Stamp) -> Stamp:
        made_ms = created_ms(post_id)
        if made_ms is None or made_ms < self._before_ms:
            return self._stamp
        self._connection.backfill_before_ms = 0
        return live

    def _count(self, stamp: Stamp, known: int) -> None:
        if stamp is self._stamp:
            self._tally.redelivered += self._tally.records - known


class Delivery:
    """Classifies the lines of a connection and emits what they hold."""

    def __init__(self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe) -> None:
        self._options = options
        self._dedupe = dedupe
        self.tally = Tally()
        self.sets_aside = False  # the first message that an earlier run left is not to be read
        self._records = Records(options, emitter, dedupe, self.tally)

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
        tally, limit, records = self.tally, self._options.max_records, self._records
        classify_line = self._classifier(connection, frame)
        before, events = tally.marks, tally.events
        posts: list[str] = []
        done = 0
        post, status = records.post, records.status
        if connection.backfill_before_ms:
            again = Redelivery(records, tally, connection, frame.time_us)
            post, status = again.post, again.status
        for line in lines:
            if limit is not None and tally.records >= limit:
                break
            done += 1
            if line in KEEP_ALIVES:
                tally.keep_alives += 1
                continue
            if self._options.raw_messages and not self.sets_aside:
                records.raw(line, places.of(done - 1), stamp)
            message = classify_line(line)
            if isinstance(message, Post):
                tally.messages += 1
                posts.append(message.id)
                post(message, connection.origin, stamp)
            elif isinstance(message, Status):
                tally.messages += 1
                posts.append(message.id)
                status(message, stamp)
            else:
                self._count_line(message)
                records.any(message, line, places.of(done - 1), connection, stamp, posts)
        self._count(connection, done, before, reread=self.is_reread(frame))
        if posts or tally.events > events:
            self._note(connection, posts, frame)
        return done

    def page(self, frame: Frame) -> int:
        """Emit a page of posts that filling a gap has brought; return how many were new."""
        page = read(frame, Page)
        if self.sets_aside and self.is_reread(frame):
            self._set_page_aside(page, frame)
            return 0
        rule = MatchedRule(page.rule.id, page.rule.tag or None, {})
        found = read_page(page.page, (rule,))
        origin = Origin(page.connection_id, page.endpoint, "search")
        tally, stamp = self.tally, data_stamp(frame.time_us, origin)
        before = tally.posts
        self._dedupe.pass_time(frame.time_us / 1e6)
        self._records.page(found, origin, stamp, frame.payload_position)
        new = tally.posts - before
        # A page counts as a line: it is what came at once, whatever it holds.
        tally.lines += 1
        tally.messages += 1
        if self.is_reread(frame):
            tally.lines_reread += 1
        else:
            tally.posts_new += new
        return new

    def _set_page_aside(self, page: Page, frame: Frame) -> None:
        """Set a whole page aside: which of its posts three runs ended at is not known."""
        self.sets_aside = False
        self.tally.lines += 1
        self.tally.dead_letters += 1
        self.tally.lines_reread += 1
        origin = Origin(page.connection_id, page.endpoint, "search")
        stamp = data_stamp(frame.time_us, origin)
        lines = page_as_lines(page.page, asdict(page.rule))  # so that redrive can read them
        self._records.letter(lines, _POISON, frame.payload_position, stamp)

    def last_line(self, connection: Connection, frame: Frame) -> None:
        """Emit what a connection ended in the middle of, if it can be read."""
        start = connection.line_start
        line = connection.cutter.take_pending()
        stamp = data_stamp(frame.time_us, connection.origin)
        before = self.tally.marks
        if line in KEEP_ALIVES:
            self.tally.keep_alives += 1
        else:
            message = classify_cut(line, self._classifier(connection, frame))
            self._count_line(message)
            self._records.any(message, line, start, connection, stamp, [])
        self._count(connection, 1, before, reread=self.is_reread(frame))

    def corrupt(self, frame: Frame) -> None:
        """Set bytes of the log aside that are no sound frame; none at all for a missing file."""
        words = "no sound frame of the spool" if frame.payload else "a file of the spool is missing"
        self.tally.lines += 1
        self.tally.dead_letters += 1
        self.tally.lines_reread += self.is_reread(frame)
        stamp = data_stamp(frame.time_us, Origin(f"unknown-{frame.connection}", "unknown"))
        junk = Junk("corrupt_frame", words)
        # Where the bytes lie: no line of another frame began there.
        self._records.letter(frame.payload, junk, frame.payload_position, stamp)

    def _classifier(self, connection: Connection, frame: Frame) -> Callable[[bytes], Message]:
        read = _CLASSIFIERS.get(connection.origin.endpoint, classify)
        if not self.sets_aside or not self.is_reread(frame):
            return read

        def read_but_one(line: bytes) -> Message:
            if not self.sets_aside or line.strip().isdigit():  # a length is no message
                return read(line)
            self.sets_aside = False
            return _POISON

        return read_but_one

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
        stats.lines += done
        stats.keep_alives += tally.keep_alives - before[0]
        stats.messages += tally.messages - before[1]
        stats.dead_letters += tally.dead_letters - before[2]

    def _count_line(self, message: Message) -> None:
        if isinstance(message, Junk):
            self.tally.dead_letters += 1
        elif isinstance(message, LineLength):
            self.tally.keep_alives += 1
        else:
            self.tally.messages += 1
