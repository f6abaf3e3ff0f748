"""One stream connection from its 200 to its end: steps in, bytes on the socket and notes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tap_twitter_stream.simulator import clock, problems
from tap_twitter_stream.simulator.blocks import CRLF
from tap_twitter_stream.simulator.rendering import line
from tap_twitter_stream.simulator.steps import (
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
from tap_twitter_stream.simulator.worlds import PAGE_POSTS

if TYPE_CHECKING:
    import threading

    from tap_twitter_stream.simulator.link import KickedError, Link
    from tap_twitter_stream.simulator.notes import Connection
    from tap_twitter_stream.simulator.oracle import Oracle
    from tap_twitter_stream.simulator.outbox import Outbox
    from tap_twitter_stream.simulator.scenario import Scenario
    from tap_twitter_stream.simulator.steps import Ending, Rate, Step, Trouble

# How often a stream without rules, or one that waits for its quota, looks again.
LOOK_AGAIN_S = 0.05
FOR_EVER = math.inf


@dataclass(slots=True)
class Session:
    """The server's side of one open stream."""

    outbox: Outbox
    stopping: threading.Event
    # Since when it could have delivered posts and did not.
    silent_since_s: float | None = None

    @property
    def link(self) -> Link:
        """The socket."""
        return self.outbox.link

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
            self.outbox.cut_post(in_chunk=step.where == "chunk")
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
            self.silent_since_s = self.silent_since_s or clock.now_s()
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
            self.outbox.drip(step.posts, step.size_bytes)
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
            self.silent_since_s = self.silent_since_s or clock.now_s()
            self.link.wait(span_s)

    def _send(self, step: Send) -> None:
        """Send posts at a rate until the step or the scenario's limit is through."""
        rate = self.scenario.rate_per_s if step.rate_per_s is None else step.rate_per_s
        self.silent_since_s = None
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
            self.link.check()
            done = self._send_posts(int(min(due, left - sent, PAGE_POSTS)))
            if done is None:
                return
            if done == 0:
                started_s += LOOK_AGAIN_S
                self._keep_alive_until(clock.monotonic_s() + LOOK_AGAIN_S)
            sent += done

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


def _due(rate: Rate, elapsed_s: float, sent: int) -> float:
    """Return how many posts should go out now; the first one goes at once."""
    if rate == "max":
        return PAGE_POSTS
    return math.floor(elapsed_s * rate) + 1 - sent if rate else 0
