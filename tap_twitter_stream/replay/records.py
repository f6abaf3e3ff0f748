"""Messages go in, records come out: which stream each goes to, and what is dropped and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.wire.classic_rows import classic_notice_row
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.event_rows import event_row
from tap_twitter_stream.wire.lines import OverlongLine, size_of
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
    Page,
    Post,
    Several,
    Status,
    StreamProblems,
    Undelivered,
)
from tap_twitter_stream.wire.rows import error_row, letter_row, notice_row, raw_row, rule_row

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.connection import Connection
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.replay.tally import Tally
    from tap_twitter_stream.wire.stamps import Origin, Stamp

# Each endpoint is a family of its own for matching rules: the same post may come by several.
_FAMILY_BITS = {name: 1 << bit for bit, name in enumerate(ENDPOINTS)}
_SEARCH_BIT = 1 << len(ENDPOINTS)


class Records:
    """Writes the records of each message, once; primary ones are counted in ``tally``."""

    def __init__(
        self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe, tally: Tally
    ) -> None:
        self._options = options
        self._emitter = emitter
        self._dedupe = dedupe
        self._tally = tally
        self.log_id = options.spool_id  # what positions count in

    def any(  # noqa: PLR0913, PLR0917 - what a line is, and all there is to know of it
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
                self.any(one, raw, position + index, connection, stamp, posts)
        elif isinstance(message, Post):
            posts.append(message.id)
            self.post(message, connection.origin, stamp)
        elif isinstance(message, Status):
            posts.append(message.id)
            self.status(message, stamp)
        elif isinstance(message, Page):
            posts += [post.id for post in message.posts]
            self.page(message, connection.origin, stamp, position)
        elif isinstance(message, Junk):
            self.letter(line, message, position, stamp)
        elif not isinstance(message, LineLength):
            self._other(message, position, connection, stamp)

    def status(self, status: Status, stamp: Stamp) -> None:
        """Emit a v1.1 status."""
        # A v2 post of the same id is another row, in another stream.
        if self._dedupe.add("s" + status.id, 1):
            self._emitter.drop_duplicate("statuses")
            return
        self._tally.records += 1
        self._emitter.write("statuses", status.raw, stamp)

    def post(self, post: Post, origin: Origin, stamp: Stamp) -> None:
        """Emit a post, what came beside it, and the rules it matched."""
        emitter, rules = self._emitter, post.rules
        prefix = self._options.tag_prefix
        if (
            self._options.drop_foreign
            and rules
            and not any(_owned(one.tag, prefix) for one in rules)
        ):
            emitter.drop_filtered("tweets")
            return
        family = _FAMILY_BITS.get(origin.endpoint, 0)
        known = self._dedupe.add(post.id, family)
        if known:
            emitter.drop_duplicate("tweets")
        else:
            self._tally.records += 1
            emitter.write_all("tweets", (post.raw,), stamp)
            self.included(post.includes, stamp)
            for index, problem in enumerate(post.errors):
                place = f"{origin.connection_id}:{post.id}:{index}"
                row = error_row(problem, kind="partial", place=place, tweet_id=post.id)
                emitter.write("errors", row, stamp)
        for rule in rules:
            if known & family:
                emitter.drop_duplicate("tweet_rules")
            else:
                emitter.write("tweet_rules", rule_row(post.id, rule, prefix), stamp)

    def page(self, page: Page, origin: Origin, stamp: Stamp, position: int) -> None:
        """Emit what recent search found: posts of one rule, and what came beside all of them."""
        family, prefix = _FAMILY_BITS.get(origin.endpoint, 0), self._options.tag_prefix
        emitter, any_new = self._emitter, False
        for post in page.posts:
            known = self._dedupe.add(post.id, _SEARCH_BIT)
            if known:
                emitter.drop_duplicate("tweets")
            else:
                any_new = True
                self._tally.records += 1
                emitter.write("tweets", post.raw, stamp)
            for rule in post.rules:
                # The stream names all rules of a post at once, search one at a time.
                if known & family or self._dedupe.add(f"{rule.id}:{post.id}", 1):
                    emitter.drop_duplicate("tweet_rules")
                else:
                    emitter.write("tweet_rules", rule_row(post.id, rule, prefix), stamp)
        if any_new:
            self.included(page.includes, stamp)
        for index, problem in enumerate(page.problems):
            place = f"{origin.connection_id}:{index}"
            emitter.write("errors", error_row(problem, kind="partial", place=place), stamp)
        for index, (junk, raw) in enumerate(page.junk):
            self.letter(raw, junk, position + index, stamp)

    def included(self, groups: list[tuple[str, list[bytes]]], stamp: Stamp) -> None:
        """Emit what came beside a message: (stream, objects)."""
        for stream, objects in groups:
            self._emitter.write_all(stream, objects, stamp)

    def _other(
        self,
        message: Event | About,
        position: int,
        connection: Connection,
        stamp: Stamp,
    ) -> None:
        place = f"{self.log_id}:{position}"
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
        self._tally.records += 1
        self._tally.events += 1
        emitter.write(row.stream, row.raw, stamp)
        if isinstance(event, (Like, Activity)):
            self.included(event.includes, stamp)
        for index, problem in enumerate(event.errors):
            place = f"{connection.origin.connection_id}:{row.key}:{index}"
            emitter.write("errors", error_row(problem, kind="partial", place=place), stamp)

    def letter(self, line: bytes, junk: Junk, position: int, stamp: Stamp) -> None:
        """Set aside what nothing else takes."""
        row = letter_row(line, size_of(line), junk, position, self.log_id)
        self._emitter.write("dead_letters", row, stamp)

    def raw(self, line: bytes, position: int, stamp: Stamp) -> None:
        """Emit a line as received, beside what is made of it."""
        if not isinstance(line, OverlongLine):
            row = raw_row(line.rstrip(b"\r"), position, self.log_id)
            self._emitter.write("raw_messages", row, stamp)


def _notice(notice: Disconnect | Undelivered | Notice, place: str, connection: Connection) -> bytes:
    if isinstance(notice, Disconnect):
        return notice_row(notice, place)
    if isinstance(notice, Notice):
        return classic_notice_row(notice.body, notice.kind, place)
    known = connection.stats.undelivered
    connection.stats.undelivered = max(known, notice.total or 0)
    return classic_notice_row(notice.body, "limit", place, undelivered=(notice.total, known))


def _owned(tag: str | None, prefix: str) -> bool:
    return bool(prefix) and tag is not None and tag.startswith(prefix)
