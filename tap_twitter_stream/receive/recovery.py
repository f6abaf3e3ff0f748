"""Ask X to deliver a past interval once more, on a connection beside the live one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.recovery_progress import MOST_FRUITLESS, RecoveryProgress
from tap_twitter_stream.policy.ending import ClosedByServer, HttpRefused, StoppedByUs, describe
from tap_twitter_stream.policy.governor import Fatal
from tap_twitter_stream.receive.disconnect_notice import last_messages
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.messages import Post, Several, Status
from tap_twitter_stream.wire.snowflake import created_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.receive.endpoint_loop import Receiver, Target
    from tap_twitter_stream.receive.pump import Life

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
        progress = RecoveryProgress(from_s, to_s)
        receiver, why = self._receiver(target), ""
        while not progress.given_up:
            receiver.target = _asking(target, progress.ask_from_s, to_s)
            attempt = receiver.attempt()
            if attempt is None or isinstance(attempt[0].ending, StoppedByUs):
                break
            life, decision = attempt
            why = describe(life.ending)
            if isinstance(decision, Fatal):
                return NotRecovered(why, never=_is_final(life))
            clean = isinstance(life.ending, ClosedByServer) and life.ending.clean
            progress = progress.after(_times_ms(life, target.endpoint), clean=clean)
            if progress.done:
                return None
            if not clean:
                receiver.tell(life.ending, decision)
                if self._clock.wait(decision.seconds):
                    break
        if self._clock.stopped:
            return NotRecovered("the run ended before")
        return NotRecovered(f"{MOST_FRUITLESS} connections brought nothing, the last one: {why}")


def _asking(target: Target, from_s: int, to_s: int) -> Target:
    start, end = ENDPOINTS[target.endpoint].recovery_params
    params = {**target.request.params, start: _instant(from_s), end: _instant(to_s)}
    request = replace(target.request, params=params)
    return replace(target, request=request, backfills=False, backfill_minutes=0)


def _is_final(life: Life) -> bool:
    """Tell a refusal that no second try would change: the plan has none, or the span is wrong."""
    ending = life.ending
    return isinstance(ending, HttpRefused) and ending.status in {400, 401, 402, 403, 404, 422}


def _times_ms(life: Life, endpoint: str) -> list[int]:
    """Return when the last posts that came were made, the last one first."""
    times = []
    for message in last_messages(life.tail, endpoint):
        one = message.messages[-1][0] if isinstance(message, Several) else message
        if isinstance(one, (Post, Status)) and (made_ms := created_ms(one.id)) is not None:
            times.append(made_ms)
    return times


def _instant(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
