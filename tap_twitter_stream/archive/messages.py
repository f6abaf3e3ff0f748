"""Lines of an archive go in: each is told by itself, and stamped with when it was true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.archive.records import ArchiveRecords
from tap_twitter_stream.replay.messages import KEEP_ALIVES, Delivery
from tap_twitter_stream.wire.archived import classify_archived
from tap_twitter_stream.wire.classify import cut_short
from tap_twitter_stream.wire.stamps import data_stamp

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.connection import Connection
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.spool.frames import Frame
    from tap_twitter_stream.wire.lines import LinePlaces
    from tap_twitter_stream.wire.stamps import Stamp


class ArchiveDelivery(Delivery):
    """Emits lines whose positions count inside their own text, not in a log."""

    def __init__(self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe) -> None:
        super().__init__(options, emitter, dedupe)
        self._records = self._dated = ArchiveRecords(options, emitter, dedupe, self.tally)

    def lines(
        self, connection: Connection, lines: list[bytes], frame: Frame, places: LinePlaces
    ) -> int:
        """Emit lines until the record limit; return how many were dealt with."""
        tally, limit = self.tally, self._options.max_records
        before = tally.marks
        done = 0
        for line in lines:
            if limit is not None and tally.records >= limit:
                break
            done += 1
            if line in KEEP_ALIVES:
                tally.keep_alives += 1
            else:
                self._line(line, places.of(done - 1), connection, frame)
        self._count(connection, done, before, reread=False)
        return done

    def last_line(self, connection: Connection, frame: Frame) -> None:
        """Emit what a text ends with; the last line end is often missing."""
        start = connection.line_start
        line = connection.cutter.take_pending()
        before = self.tally.marks
        if line in KEEP_ALIVES:
            self.tally.keep_alives += 1
        else:
            self._line(line, start, connection, frame, is_last=True)
        self._count(connection, 1, before, reread=False)

    def _line(
        self,
        line: bytes,
        position: int,
        connection: Connection,
        frame: Frame,
        *,
        is_last: bool = False,
    ) -> None:
        message, true_us = classify_archived(line)
        if is_last:
            message = cut_short(message, "the file ends inside this line")
        stamp = self._stamp(true_us, connection, frame)
        records, offset = self._dated, position - connection.opened.base
        records.log_id = connection.origin.connection_id
        if self._options.raw_messages:
            records.raw(line, offset, stamp)
        self._count_line(message)
        posts: list[str] = []
        records.any(message, line, offset, connection, stamp, posts)
        if posts:
            self.tally.last_post_us = frame.time_us
            stats = connection.stats
            if stats.first_id is None:
                stats.first_id, stats.first_us = posts[0], records.true_us
            stats.last_id, stats.last_us = posts[-1], records.true_us

    def _stamp(self, true_us: int | None, connection: Connection, frame: Frame) -> Stamp:
        """Return the stamp of when a line was true.

        What says nothing of that is as old as the post before it, or as the file.
        """
        if true_us is None:
            true_us = connection.stats.last_us or connection.opened.modified_us
        self._dated.true_us = min(true_us, frame.time_us)
        return data_stamp(self._dated.true_us, connection.origin)
