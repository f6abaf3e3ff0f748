"""One v1.1 connection: what it does otherwise than a v2 one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.classic_statuses import framed
from twitter_stream_simulator.generation.posts import OLD_POST_ID
from twitter_stream_simulator.generation.rendering import line
from twitter_stream_simulator.material.blocks import CRLF
from twitter_stream_simulator.material.people import people
from twitter_stream_simulator.scenario.steps import Disconnect, Notice
from twitter_stream_simulator.sending.classic_notices import (
    Talk,
    disconnect,
    falling_behind,
    notice,
)
from twitter_stream_simulator.sending.session import Session

if TYPE_CHECKING:
    from twitter_stream_simulator.scenario.steps import Ending, Step

# X warns at most that often, and only a client that is behind.
WARN_EVERY_S = 300.0
# A client that lets one page of messages wait for so long is behind.
BEHIND_S = 0.5
PERCENT_FULL = 60
_AUTHOR = re.compile(rb'"user":{"id":(\d+)')


@dataclass(slots=True)
class ClassicSession(Session):
    """Sends notices, stall warnings, and lengths before messages if they are asked for."""

    delimited: bool = False
    stall_warnings: bool = False
    _talk: Talk = field(init=False)
    _warned_s: float | None = None

    def __post_init__(self) -> None:
        """Find somebody to talk about."""
        author = people(self.scenario.seed)[0]
        self._talk = Talk(OLD_POST_ID, int(author["id"]))

    def _do(self, step: Step) -> str:
        """Do one step; return how the stream ended, or ``""`` if it goes on."""
        if isinstance(step, Notice):
            self._say_about_last(step)
            return ""
        return super(ClassicSession, self)._do(step)

    def _end(self, step: Ending) -> str:
        """Do a step that ends the stream, and name the ending."""
        if isinstance(step, Disconnect):
            self._part(disconnect(step.disconnect_type, step.code))
            return "disconnect"
        return super(ClassicSession, self)._end(step)

    def _announce(self, disconnect_type: str) -> None:
        """Say in the stream that it ends, and end it."""
        self._part(disconnect(disconnect_type))

    def _part(self, message: dict[str, Any]) -> None:
        self._say(message)
        self.link.finish()

    def _say_about_last(self, step: Notice) -> None:
        """Send a notice about the status that was sent last."""
        for batch in self.outbox.supply.past.last(self.connection.channel, 1):
            self._talk.status_id = batch.ids()[-1]
            block = self.outbox.feed.block(batch)
            found = _AUTHOR.search(block.templates[-1].text) if block else None
            self._talk.user_id = int(found[1]) if found else self._talk.user_id
        self._say(notice(step, self._talk))

    def _say(self, message: dict[str, Any]) -> None:
        """Send one message that is no status, and note it."""
        text = line(message, ascii_only=True, escape_slashes=False)
        self.link.send(framed(text, delimited=self.delimited) + CRLF)
        self.oracle.said(self.connection, next(iter(message)), text)

    def _send_posts(self, count: int) -> int | None:
        """Send statuses; tell a client that takes too long over it, if it wants to know."""
        began_s = clock.monotonic_s()
        done = self.outbox.send(count)
        now_s = clock.monotonic_s()
        due = self._warned_s is None or now_s - self._warned_s >= WARN_EVERY_S
        if self.stall_warnings and due and now_s - began_s >= BEHIND_S:
            self._warned_s = now_s
            self._say(falling_behind(PERCENT_FULL))
        return done
