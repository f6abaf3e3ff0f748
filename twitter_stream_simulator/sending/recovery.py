"""A connection that asks for the past: a span in, its posts at full speed and then the end out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.sending.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from twitter_stream_simulator.scenario.steps import Send, Step
    from twitter_stream_simulator.sending.past import Batch


@dataclass(frozen=True, slots=True)
class Span:
    """What ``start_time`` and ``end_time`` ask for, in seconds since 1970; the end is excluded."""

    from_s: float
    to_s: float

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self | None:
        """Read the parameters, which were checked; without an end it reaches up to now."""
        if "start_time" not in query:
            return None
        end = query.get("end_time")
        return cls(_seconds(query["start_time"]), _seconds(end) if end else clock.now_s())


@dataclass(slots=True)
class RecoverySession(Session):
    """The server's side of a recovery: ``send`` takes posts of the span, as long as it has any."""

    left: list[Batch] = field(default_factory=list)

    def run(self, script: tuple[Step, ...]) -> str:
        """Follow the script, then send what is left of the span and end the response.

        Raises:
            ClientGoneError: The client closed first.
        """
        for step in script:
            ending = self._do(step)
            if ending:
                return ending
        self._send_all()
        self.link.finish()
        return "close"

    def _send(self, step: Send) -> None:
        """Send the next posts of the span, at full speed whatever rate the step names."""
        if step.posts is None:
            self._send_all()
            return
        count = step.posts
        while count > 0 and (batch := self._next(count)):
            count -= batch.count
            self.outbox.repeat([batch])

    def _next_post(self) -> Batch | None:
        """Return the next post of the span."""
        return self._next(1)

    def _post_beyond_limit(self) -> Batch | None:
        """Cut none but posts of the span."""
        return None

    def _next(self, most: int) -> Batch | None:
        """Take some posts off the span."""
        if not self.left:
            return None
        batch = self.left.pop(0)
        if batch.count > most:
            self.left.insert(0, batch.rest(most))
        return batch.head(most)

    def _send_all(self) -> None:
        """Send the rest of the span."""
        left, self.left = self.left, []
        self.outbox.repeat(left)


def _seconds(text: str) -> float:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return at.timestamp()
