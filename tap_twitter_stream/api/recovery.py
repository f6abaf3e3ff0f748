"""Ask X to deliver a past interval once more, on a connection beside the live one.

X ends such a connection when the interval is over and says nothing more, so a clean end may also be
a deployment in the middle. The newest post that came tells: if it is well before the end of the
interval, the rest is asked for again, until that brings nothing newer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_twitter_stream.api.last_words import last_messages
from tap_twitter_stream.policy.ending import ClosedByServer, HttpRefused, StoppedByUs, describe
from tap_twitter_stream.policy.governor import Fatal
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.messages import Post, Several, Status
from tap_twitter_stream.wire.snowflake import created_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.api.pump import Life
    from tap_twitter_stream.api.receive import Receiver, Target
    from tap_twitter_stream.clock import Clock

# A connection that breaks this often in a row without bringing anything newer is given up.
_MOST_FRUITLESS = 3
# X advises to take an interval for whole when what came reaches its last second.
_REACHED_S = 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NotRecovered:
    """X did not deliver the interval, and why. ``never``: it would not do so for another either."""

    why: str
    never: bool = False


class Recovery:
    """Recovers intervals, one after the other.

    Args:
        receiver: Makes one connection's loop for a target; only single attempts are asked of it.
        clock: Its stop ends a wait.
    """

    def __init__(self, receiver: Callable[[Target], Receiver], clock: Clock) -> None:
        self._receiver = receiver
        self._clock = clock

    def recover(self, target: Target, from_s: int, to_s: int) -> NotRecovered | None:
        """Bring an interval of whole seconds since 1970 into the log; None when it is all there.

        Args:
            target: Of the live connection, with the marks for the log.
            from_s: First second of the interval.
            to_s: First second after it.
        """
        fruitless, why = 0, ""
        receiver = self._receiver(target)
        while fruitless < _MOST_FRUITLESS:
            receiver.target = _asking(target, from_s, to_s)
            attempt = receiver.attempt()
            if attempt is None or isinstance(attempt[0].ending, StoppedByUs):
                break
            life, decision = attempt
            why = describe(life.ending)
            if _is_final(life) or isinstance(decision, Fatal):
                return NotRecovered(why, never=_is_final(life))
            newest_s = _newest_s(life, target.endpoint)
            clean = isinstance(life.ending, ClosedByServer) and life.ending.clean
            if clean and (newest_s is None or newest_s <= from_s or newest_s >= to_s - _REACHED_S):
                return None
            fruitless = 0 if newest_s is not None and newest_s > from_s else fruitless + 1
            from_s = max(from_s, newest_s or 0)
            if not clean:
                receiver.tell(life.ending, decision)
                if self._clock.wait(decision.seconds):
                    break
        if self._clock.stopped:
            return NotRecovered("the run ended before")
        return NotRecovered(f"{_MOST_FRUITLESS} connections brought nothing, the last one: {why}")


def _asking(target: Target, from_s: int, to_s: int) -> Target:
    start, end = ENDPOINTS[target.endpoint].recovery_params
    params = {**target.request.params, start: _instant(from_s), end: _instant(to_s)}
    request = replace(target.request, params=params)
    return replace(target, request=request, backfills=False, backfill_minutes=0)


def _is_final(life: Life) -> bool:
    """Tell a refusal that no second try would change: the plan has none, or the span is wrong."""
    ending = life.ending
    return isinstance(ending, HttpRefused) and ending.status in {400, 401, 402, 403, 404, 422}


def _newest_s(life: Life, endpoint: str) -> int | None:
    """Return the second of the last post that came; None when that was none, or no post."""
    for message in last_messages(life.tail, endpoint):
        one = message.messages[-1][0] if isinstance(message, Several) else message
        if isinstance(one, (Post, Status)):
            made_ms = created_ms(one.id)
            return None if made_ms is None else made_ms // 1000
    return None


def _instant(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
