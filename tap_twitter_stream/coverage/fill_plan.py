"""How a gap is to be filled: its span and what the settings allow in, requests to make out. Pure.

X redelivers the last five minutes at a connect, the last 24 hours on a second connection (both for
enterprise plans), and recent search reaches back seven days:
https://docs.x.com/x-api/fundamentals/recovery-and-redundancy
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_twitter_stream.coverage.gaps import GapKey


class Method(str, Enum):
    """A way to get what was missed, as the setting `gap_fill` names it."""

    BACKFILL = "backfill"
    RECOVERY = "recovery"
    SEARCH = "search"


KIND_OF = {
    Method.BACKFILL: "backfilled",
    Method.RECOVERY: "recovered",
    Method.SEARCH: "searched",
}
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_SLACK_US = 60 * _SECOND_US  # a request made at the very border of X's memory would be refused
REACH_US = {
    Method.RECOVERY: 24 * 3600 * _SECOND_US - _SLACK_US,
    Method.SEARCH: 7 * 24 * 3600 * _SECOND_US - _SLACK_US,
}
MOST_BACKFILL_MINUTES = 5
# X advises jobs of two hours at most for its older replays.
RECOVERY_SLICE_US = 2 * 3600 * _SECOND_US
# X wants the whole interval to be past, by its own clock.
RECOVERY_DELAY_S = 2
# Posts reach a stream some seconds after they were made, and ids tell when they were made.
SEARCH_EARLIER_US = 30 * _SECOND_US
SEARCH_LATER_US = 2 * _SECOND_US
# Search does not know the last half minute yet, says the default of its end_time.
SEARCH_DELAY_US = 30 * _SECOND_US


@dataclass(frozen=True, slots=True)
class FillOrder:
    """A gap that the receiver is to fill; microseconds since 1970, the end is excluded."""

    endpoint: str
    partition: int
    started_us: int
    ended_us: int

    @property
    def key(self) -> GapKey:
        """What names the gap."""
        return (self.endpoint, self.partition, self.started_us)

    @property
    def label(self) -> str:
        """How log lines call the line that it is a gap of."""
        return f"{self.endpoint} {self.partition}" if self.partition else self.endpoint


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a gap, and the ways that reach it, the preferred one first. None: it is lost."""

    started_us: int
    ended_us: int
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Since when a line misses what X sent. None: nothing."""

    since_us: int | None = None

    def backfill_minutes(self, now_us: int) -> int:
        """Return how many minutes to ask for at a connect: one more than passed, as X's are whole.

        Posts that come twice are known; one that is missed costs more.
        """
        if self.since_us is None or self.since_us >= now_us:
            return 0
        minutes = math.ceil((now_us - self.since_us) / _MINUTE_US) + 1
        return min(MOST_BACKFILL_MINUTES, minutes)

    def after(self, last_byte_us: int | None, *, healthy: bool) -> Missing:
        """Return what is missing after a connection; a short one may not have brought it all."""
        if healthy or self.since_us is None:
            return Missing(last_byte_us)
        return self


def backfill_from_us(opened_us: int, minutes: int) -> int:
    """Return from when on X sends again; it counts from the moment the request came."""
    return opened_us - minutes * _MINUTE_US + _SECOND_US


def segments(
    started_us: int, ended_us: int, methods: Sequence[Method], now_us: int
) -> list[Segment]:
    """Cut a gap where one of the methods ceases to reach back.

    Args:
        started_us: First instant of the gap.
        ended_us: First instant after it.
        methods: Those that the endpoint and the settings allow, the preferred one first.
            Backfill is no concern here: it comes with a connect.
        now_us: From which X's memory reaches back.
    """
    known = [one for one in methods if one in REACH_US]
    borders = sorted({now_us - REACH_US[one] for one in known})
    cuts = [started_us, *(one for one in borders if started_us < one < ended_us), ended_us]
    return [
        Segment(begin, end, tuple(one for one in known if now_us - REACH_US[one] <= begin))
        for begin, end in pairwise(cuts)
    ]


def slices(started_us: int, ended_us: int) -> Iterator[tuple[int, int]]:
    """Yield spans in whole seconds since 1970 that a recovery can ask for; the end is excluded."""
    first_s, last_s = started_us // _SECOND_US, -(-ended_us // _SECOND_US)
    step_s = RECOVERY_SLICE_US // _SECOND_US
    for begin_s in range(first_s, last_s, step_s):
        yield begin_s, min(begin_s + step_s, last_s)


@dataclass(frozen=True, slots=True)
class Purse:
    """What searching may cost, and what it has cost. A request for counts costs as a post does."""

    most_usd: float
    price_per_post_usd: float
    spent_usd: float = 0.0

    def price(self, posts: int, requests: int = 0) -> float:
        """Return what posts and requests for counts cost."""
        return (posts + requests) * self.price_per_post_usd

    def allows(self, posts: int, requests: int = 0) -> bool:
        """Whether that can still be paid for."""
        return self.spent_usd + self.price(posts, requests) <= self.most_usd + 1e-9
