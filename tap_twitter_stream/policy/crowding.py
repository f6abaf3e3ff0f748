"""Notice a silent duel: endings go in, and come out as what they look like together.

v1.1 ends the oldest connection when the same credentials connect once more, often without a word.
Two copies that reconnect at once, as X asks after a drop, then end each other for ever, and each
of them sees nothing but clean ends soon after good connects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tap_twitter_stream.policy.ending import ClosedByServer, CrowdedOut, Ending
from tap_twitter_stream.policy.governor import HEALTHY_S

# Two short ones may be a restart of X's; it allows five connects in five minutes.
SUSPICIOUS_CLOSES = 3


@dataclass(frozen=True, slots=True)
class DuelWatch:
    """Clean ends of young connections in a row, and whether the stream ever brought a message."""

    closes: int = 0
    brought: bool = False

    def judge(self, ending: Ending, lived_s: float, *, brought: bool) -> tuple[Ending, DuelWatch]:
        """Return the ending, or what it looks like after those before it.

        Args:
            ending: How the connection, or the try to open one, ended.
            lived_s: Time from X's 200 to the ending.
            brought: Whether it brought a message; keep-alives are none.

        Returns:
            The ending to go on with, and the watch to ask next time.
        """
        seen = self.brought or brought
        if not isinstance(ending, ClosedByServer) or not ending.clean or lived_s >= HEALTHY_S:
            return ending, DuelWatch(brought=seen)
        watch = replace(self, closes=self.closes + 1, brought=seen)
        # A server that takes and ends every connection without a message is ill, not busy.
        if watch.closes < SUSPICIOUS_CLOSES or not seen:
            return ending, watch
        return CrowdedOut(watch.closes), watch
