"""Write made-up rows and STATE to a running target, and strike it when its time has come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_twitter_stream.tools.target_check.messages import STATE_EVERY, Messages

if TYPE_CHECKING:
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.tools.target_check.disturbances import Blow
    from tap_twitter_stream.tools.target_check.process import TargetProcess

# More than a pipe holds: the target has begun to read when this much is written.
_BEGUN_BYTES = 128 * 1024


class Feed:
    """Feeds one start of a target.

    Args:
        target: The running target.
        messages: What to write.
        clock: The clock.
        blow: The signal to send, None for none.
        usual_s: What an undisturbed start takes from its first reading on.
    """

    def __init__(
        self,
        target: TargetProcess,
        messages: Messages,
        clock: Clock,
        blow: Blow | None,
        usual_s: float,
    ) -> None:
        self._target = target
        self._messages = messages
        self._clock = clock
        self._written_bytes = 0
        self._times_s: dict[int, float] = {}
        self._timer: threading.Timer | None = None
        self.begun_s = 0.0
        if blow and blow.at_state is not None:
            target.strike_at_state(blow.at_state, blow.how)
        elif blow:
            self._timer = threading.Timer(blow.part * usual_s, target.strike, [blow.how])

    def rows(self, first: int, last: int, pause_s: float) -> int:
        """Write everything; return one past the last row that may have reached the target."""
        self._write(self._messages.schemas())
        for number in range(first, last):
            self._times_s[number] = self._clock.monotonic_s()
            lines = self._messages.records(number)
            if (number + 1) % STATE_EVERY == 0 or number + 1 == last or pause_s:
                lines += self._messages.state(number + 1)
            if not self._write(lines) or (pause_s and self._clock.wait(pause_s)):
                return number + 1
        self._begin()
        self._target.end_input()
        return last

    def written_at_s(self, number: int) -> float:
        """Return when a row was written."""
        return self._times_s[number]

    def close(self) -> None:
        """Forget a blow that did not come in time."""
        if self._timer:
            self._timer.cancel()

    def _write(self, lines: bytes) -> bool:
        taken = self._target.write(lines)
        self._written_bytes += len(lines)
        if self._written_bytes > _BEGUN_BYTES:
            self._begin()
        return taken

    def _begin(self) -> None:
        """Let the time of a blow count from the moment at which the target reads."""
        if self.begun_s:
            return
        self.begun_s = self._clock.monotonic_s()
        if self._timer:
            self._timer.start()
