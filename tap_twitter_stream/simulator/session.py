"""One stream connection from its 200 to its end: steps in, bytes on the socket and notes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tap_twitter_stream.simulator import clock, problems
from tap_twitter_stream.simulator.blocks import CRLF, Block, Stamp
from tap_twitter_stream.simulator.ids import Run, cut_runs
from tap_twitter_stream.simulator.link import ClientGoneError, PartlySentError
from tap_twitter_stream.simulator.past import Sent
from tap_twitter_stream.simulator.rendering import line
from tap_twitter_stream.simulator.steps import (
    BadLine,
    Close,
    Cut,
    CutLine,
    Disconnect,
    Drip,
    Duplicate,
    Http,
    Idle,
    Raw,
    Refuse,
    Rst,
    Send,
    Silence,
)
from tap_twitter_stream.simulator.supply import PAGE_POSTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.simulator.link import Link
    from tap_twitter_stream.simulator.oracle import Connection, Oracle
    from tap_twitter_stream.simulator.past import Entry
    from tap_twitter_stream.simulator.steps import Rate, Step
    from tap_twitter_stream.simulator.supply import Feed, Supply

# How often a stream without rules, or one that waits for its quota, looks again.
LOOK_AGAIN_S = 0.05
FOR_EVER = math.inf


@dataclass(slots=True)
class Session:
    """The server's side of one open stream."""

    link: Link
    feed: Feed
    supply: Supply
    oracle: Oracle
    connection: Connection

    def run(self, script: tuple[Step, ...]) -> str:
        """Follow the script, then send steadily; return how the stream ended.

        Raises:
            ClientGoneError: The client closed first.
        """
        for step in script:
            ending = self._do(step)
            if ending:
                return ending
        self._send(Send())
        self._idle(FOR_EVER)
        return "close"

    def _do(self, step: Step) -> str:
        """Do one step; return how the stream ended, or ``""`` if it goes on."""
        if isinstance(step, Send):
            self._send(step)
        elif isinstance(step, Idle):
            self._idle(FOR_EVER if step.seconds is None else step.seconds)
        elif isinstance(step, Silence):
            self._silence(step)
        elif isinstance(step, BadLine):
            self.link.send(step.payload + CRLF)
            self.oracle.bad_line(self.connection, step.payload)
        elif isinstance(step, Raw):
            self.link.send(step.payload)
            self.oracle.bad_line(self.connection, step.payload)
        elif isinstance(step, Drip):
            self._drip(step.posts)
        elif isinstance(step, Duplicate):
            self._duplicate(step.posts)
        elif isinstance(step, (Close, Cut, Rst, CutLine, Disconnect)):
            return self._end(step)
        elif isinstance(step, (Http, Refuse)):
            return ""  # Both belong to the connect; after a 200 it is too late for them.
        return ""

    def _end(self, step: Close | Cut | Rst | CutLine | Disconnect) -> str:
        """Do a step that ends the stream, and name the ending."""
        if isinstance(step, Close):
            self.link.finish()
            return "close"
        if isinstance(step, Disconnect):
            notice = problems.disconnect_notice(step.disconnect_type)
            self.link.send(line(notice, ascii_only=True, escape_slashes=False) + CRLF)
            self.oracle.notice(self.connection, step.disconnect_type)
            self.link.finish()
            return "disconnect"
        if isinstance(step, CutLine):
            self._cut_line(step)
            if step.end == "rst":
                self.link.reset()
            return f"cut_line_{step.end}"
        if isinstance(step, Rst):
            self.link.reset()
            return "rst"
        return "cut"

    def _send(self, step: Send) -> None:
        """Send posts at a rate until the step or the scenario's limit is through."""
        rate = self.supply.scenario.rate_per_s if step.rate_per_s is None else step.rate_per_s
        started_s = clock.monotonic_s()
        ends_s = FOR_EVER if step.seconds is None else started_s + step.seconds
        left: float = FOR_EVER if step.posts is None else step.posts
        sent = 0
        while sent < left and clock.monotonic_s() < ends_s:
            due = _due(rate, clock.monotonic_s() - started_s, sent)
            if due < 1:
                next_s = started_s + sent / cast("float", rate) if rate else FOR_EVER
                self._keep_alive_until(min(next_s, ends_s))
                continue
            done = self._send_batch(int(min(due, left - sent, PAGE_POSTS)))
            if done is None:
                return
            if done == 0:
                started_s += LOOK_AGAIN_S
                self._keep_alive_until(clock.monotonic_s() + LOOK_AGAIN_S)
            sent += done

    def redeliver(self, span_s: float) -> None:
        """Send what a backfill brings: the posts of that span again, then those missed in it.

        How many were missed follows from the scenario's rate; at full speed none were.

        Raises:
            ClientGoneError: The client closed first.
        """
        now_s, rate = clock.now_s(), self.supply.scenario.rate_per_s
        channel = self.connection.channel
        self._repeat(self.supply.past.since(channel, now_s - span_s))
        ended_s = self.supply.past.missed_since_s(channel)
        if ended_s is None or rate == "max":
            return
        at_s = max(ended_s, now_s - span_s)
        left = int((now_s - at_s) * rate)
        while left > 0 and (done := self._send_batch(min(left, PAGE_POSTS), at_s)):
            left -= done
            at_s += done / rate

    def _send_batch(self, count: int, at_s: float | None = None) -> int | None:
        """Send up to ``count`` posts; 0 if no rule matches, ``None`` if the limit is reached."""
        channel = self.connection.channel
        granted = self.supply.claim(channel, count)
        if not granted:
            return None
        block = self.feed.next_block(granted)
        size = len(block.templates) if block else 0
        self.supply.give_back(channel, granted - size)
        if block is None:
            return 0
        runs = self.supply.ids.take(size, at_s)
        try:
            self._send_block(block, runs, self.feed.stamp(at_s))
        except PartlySentError as gone:
            self.supply.give_back(channel, size - gone.complete)
            raise
        return size

    def _send_block(self, block: Block, runs: tuple[Run, ...], stamp: Stamp) -> None:
        """Fill a block, send it and note what went out."""
        block.fill(_each(runs), stamp)
        chunk_each = self.supply.scenario.chunking == "message"
        try:
            self.link.send_block(block, chunk_each=chunk_each)
        except PartlySentError as gone:
            self._note(block, cut_runs(runs, gone.complete), gone.complete)
            if gone.partial and gone.complete < len(block.templates):
                self.oracle.cut(self.connection, str(list(_each(runs))[gone.complete]))
            raise
        self._note(block, runs, len(block.templates))
        sent = Sent(block.templates, runs, stamp, clock.now_s())
        self.supply.past.remember(self.connection.channel, sent)

    def _note(
        self, block: Block, runs: tuple[Run, ...], count: int, *, repeat: bool = False
    ) -> None:
        """Tell the oracle about the first messages of a block."""
        if not count:
            return
        size_bytes = sum(len(template.text) for template in block.templates[:count])
        self.oracle.sent(self.connection, runs, size_bytes, repeat=repeat)
        if self.supply.scenario.record_messages and not repeat:
            for post_id, text in zip(_each(runs), block.lines(), strict=False):
                self.oracle.message(self.connection, str(post_id), text)

    def _duplicate(self, posts: int) -> None:
        """Send the last posts again, byte for byte."""
        self._repeat(self.supply.past.last(self.connection.channel, posts))

    def _repeat(self, entries: list[Entry]) -> None:
        """Send posts again, byte for byte."""
        for template, post_id, stamp in entries:
            block = Block((template,), chunk_each=True)
            block.fill((post_id,), stamp)
            self.link.send_block(block, chunk_each=True)
            self._note(block, (Run(post_id, 1, 1),), 1, repeat=True)

    def _drip(self, posts: int) -> None:
        """Send posts one byte to a chunk."""
        channel = self.connection.channel
        for _ in range(posts):
            single = self._single() if self.supply.claim(channel, 1) else None
            if single is None:
                return
            block, runs = single
            try:
                self.link.drip(block.lines()[0] + CRLF)
            except ClientGoneError:
                self.supply.give_back(channel, 1)
                self.oracle.cut(self.connection, str(runs[0].first))
                raise
            self._note(block, runs, 1)

    def _cut_line(self, step: CutLine) -> None:
        """Send the first half of a post."""
        single = self._single()
        if single is None:
            return
        block, runs = single
        text = block.lines()[0]
        self.oracle.cut(self.connection, str(runs[0].first))
        if step.where == "chunk":
            self.link.send_cut_chunk(text[: len(text) // 2], len(text) + len(CRLF))
        else:
            self.link.send(text[: len(text) // 2])

    def _single(self) -> tuple[Block, tuple[Run, ...]] | None:
        """Return one filled post, or ``None`` if no rule matches."""
        block = self.feed.next_block(1)
        if block is None:
            return None
        runs = self.supply.ids.take(1)
        block.fill(_each(runs), self.feed.stamp())
        return block, runs

    def _idle(self, span_s: float) -> None:
        """Send nothing but keep-alives."""
        self._keep_alive_until(clock.monotonic_s() + span_s)

    def _silence(self, step: Silence) -> None:
        """Send nothing at all."""
        ends_s = FOR_EVER if step.seconds is None else clock.monotonic_s() + step.seconds
        while clock.monotonic_s() < ends_s:
            self.link.wait(min(60.0, ends_s - clock.monotonic_s()))

    def _keep_alive_until(self, until_s: float) -> None:
        """Wait, with a blank line whenever that long passed without a byte."""
        keep_alive_s = self.supply.scenario.keep_alive_s
        while True:
            due_s = self.link.last_byte_s + keep_alive_s
            self.link.wait(max(0.0, min(until_s, due_s) - clock.monotonic_s()))
            now_s = clock.monotonic_s()
            if now_s >= until_s:
                return
            if now_s >= due_s:
                self.link.send(CRLF)
                self.oracle.keep_alive(self.connection)


def _due(rate: Rate, elapsed_s: float, sent: int) -> float:
    """Return how many posts should go out now; the first one goes at once."""
    if rate == "max":
        return PAGE_POSTS
    return math.floor(elapsed_s * rate) + 1 - sent if rate else 0


def _each(runs: tuple[Run, ...]) -> Iterator[int]:
    """Give the ids of all runs."""
    return (post_id for run in runs for post_id in run)
