"""One stream connection from its 200 to its end: steps in, bytes on the socket and notes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.rendering import line
from twitter_stream_simulator.generation.worlds import PAGE_POSTS
from twitter_stream_simulator.material.blocks import CRLF
from twitter_stream_simulator.protocol import problems
from twitter_stream_simulator.scenario.steps import (
    ENDINGS,
    INSTEAD,
    BadGzip,
    BadLine,
    Close,
    Cut,
    CutLine,
    Disconnect,
    Drip,
    HalfOpen,
    Idle,
    NewMember,
    Notice,
    Open,
    Raw,
    Rst,
    Send,
    Silence,
)
from twitter_stream_simulator.sending.broadcast import LOOK_AGAIN_S

if TYPE_CHECKING:
    import threading

    from twitter_stream_simulator.oracle.notes import Connection
    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.scenario.scenario import Scenario
    from twitter_stream_simulator.scenario.steps import Ending, Step, Trouble
    from twitter_stream_simulator.sending.broadcast import Reader
    from twitter_stream_simulator.sending.link import KickedError, Link
    from twitter_stream_simulator.sending.outbox import Outbox
    from twitter_stream_simulator.sending.past import Batch

FOR_EVER = math.inf


@dataclass(slots=True)
class Session:
    """The server's side of one open stream."""

    outbox: Outbox
    stopping: threading.Event

    @property
    def link(self) -> Link:
        """The socket."""
        return self.outbox.link

    @property
    def reader(self) -> Reader:
        """Its place among the posts of the channel."""
        return self.outbox.reader

    @property
    def oracle(self) -> Oracle:
        """The notes."""
        return self.outbox.oracle

    @property
    def connection(self) -> Connection:
        """What the oracle knows of the stream."""
        return self.outbox.connection

    @property
    def scenario(self) -> Scenario:
        """The settings."""
        return self.outbox.supply.scenario

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

    def redeliver(self, span_s: float) -> None:
        """Send what a backfill brings: the posts of that span, sent before or missed.

        Raises:
            ClientGoneError: The client closed first.
        """
        if not span_s:
            return
        self.outbox.broadcast.skip(self.reader)  # Posts that wait are in the past as well.
        now_s = clock.now_s()
        past = self.outbox.supply.past
        self.outbox.repeat(past.between(self.connection.channel, now_s - span_s, now_s))

    def _do(self, step: Step) -> str:
        """Do one step; return how the stream ended, or ``""`` if it goes on."""
        if isinstance(step, ENDINGS):
            return self._end(step)
        if isinstance(step, Send):
            self._send(step)
        elif isinstance(step, (Idle, Silence)):
            self._pause(step)
        elif not isinstance(step, (Open, Notice, *INSTEAD)):  # Of the answer's head, or of v1.1.
            self._trouble(step)
        return ""

    def _end(self, step: Ending) -> str:
        """Do a step that ends the stream, and name the ending."""
        if isinstance(step, Close):
            self.link.finish()
            return "close"
        if isinstance(step, Disconnect):
            self._announce(step.disconnect_type)
            return "disconnect"
        if isinstance(step, CutLine):
            post = self._next_post() or self._post_beyond_limit()
            if post:
                self.outbox.cut(post, in_chunk=step.where == "chunk")
            if step.end == "rst":
                self.link.reset()
            return f"cut_line_{step.end}"
        return self._break(step)

    def _break(self, step: BadGzip | HalfOpen | Rst | Cut) -> str:
        """Do a step that breaks the stream off, and name the ending."""
        if isinstance(step, BadGzip):
            self.link.finish_badly(step.how)
            return f"gzip_{step.how}"
        if isinstance(step, HalfOpen):
            self._fall_silent()
            self.stopping.wait(step.seconds)
            return "half_open"
        if isinstance(step, Rst):
            self.link.reset()
            return "rst"
        return "cut"

    def end_kicked(self, kick: KickedError) -> str:
        """End the stream as the server decided, and name the ending."""
        if kick.disconnect_type:
            self._announce(kick.disconnect_type)
        else:
            self.link.finish()
        return kick.ending

    def _announce(self, disconnect_type: str) -> None:
        """Say in the stream that it ends, and end it."""
        notice = problems.disconnect_notice(disconnect_type)
        self.link.send(line(notice, ascii_only=True, escape_slashes=False) + CRLF)
        self.oracle.notice(self.connection, disconnect_type)
        self.link.finish()

    def _trouble(self, step: Trouble) -> None:
        """Do a step that a stream gets over."""
        if isinstance(step, (BadLine, Raw)):
            self.link.send(step.payload + (CRLF if isinstance(step, BadLine) else b""))
            self.oracle.bad_line(self.connection, step.payload)
        elif isinstance(step, Drip):
            for _ in range(step.posts):
                post = self._next_post()
                if post:
                    self.outbox.drip(post, step.size_bytes)
        elif isinstance(step, NewMember):
            self.link.new_member()
        else:
            past = self.outbox.supply.past
            self.outbox.repeat(past.last(self.connection.channel, step.posts))

    def _pause(self, step: Idle | Silence) -> None:
        """Send keep-alives only, or nothing at all."""
        span_s = FOR_EVER if step.seconds is None else step.seconds
        if isinstance(step, Idle):
            self._idle(span_s)
        else:
            self._fall_silent()
            self.link.wait(span_s)

    def _fall_silent(self) -> None:
        self.reader.silent_since_s = self.reader.silent_since_s or clock.now_s()

    def _next_post(self) -> Batch | None:
        """Return the post whose turn it is."""
        return self.outbox.next_post()

    def _post_beyond_limit(self) -> Batch | None:
        """Return a post that can be cut although the limit is reached."""
        return self.outbox.post_beyond_limit()

    def _send(self, step: Send) -> None:
        """Send posts at a rate until the step or the scenario's limit is through."""
        rate = self.scenario.rate_per_s if step.rate_per_s is None else step.rate_per_s
        self.reader.silent_since_s = None
        ends_s = FOR_EVER if step.seconds is None else clock.monotonic_s() + step.seconds
        left: float = FOR_EVER if step.posts is None else step.posts
        broadcast = self.outbox.broadcast
        with broadcast.sending(self.reader, rate):
            while left > 0 and clock.monotonic_s() < ends_s:
                due = broadcast.due(self.reader)
                if due < 1:
                    self._keep_alive_until(min(broadcast.next_s(self.reader), ends_s))
                    continue
                self.link.check()
                done = self._send_posts(int(min(due, left, PAGE_POSTS)))
                if done is None:
                    return
                if done == 0:
                    self._keep_alive_until(clock.monotonic_s() + LOOK_AGAIN_S)
                left -= done

    def _send_posts(self, count: int) -> int | None:
        """Send up to so many posts; return how many, ``None`` if the limit is reached."""
        return self.outbox.send(count)

    def _idle(self, span_s: float) -> None:
        """Send nothing but keep-alives."""
        self._keep_alive_until(clock.monotonic_s() + span_s)

    def _keep_alive_until(self, until_s: float) -> None:
        """Wait, with a blank line whenever that long passed without a byte."""
        keep_alive_s = self.scenario.keep_alive_of(self.connection.endpoint)
        while True:
            due_s = self.link.last_byte_s + keep_alive_s
            self.link.wait(max(0.0, min(until_s, due_s) - clock.monotonic_s()))
            now_s = clock.monotonic_s()
            if now_s >= until_s:
                return
            if now_s >= due_s:
                self.link.send(CRLF)
                self.oracle.keep_alive(self.connection)
