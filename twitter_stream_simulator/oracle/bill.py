"""What X charges: posts however they were got, once on each UTC day, and requests for counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twitter_stream_simulator import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twitter_stream_simulator.material.ids import Run

# https://docs.x.com/x-api/getting-started/pricing
PRICE_PER_COUNTS_REQUEST_USD = 0.005


class Bill:
    """The posts billed on each day. Streams bill by runs of ids; search asks for single ones."""

    def __init__(self) -> None:
        self.by_day: dict[str, int] = {}
        self._runs: dict[str, list[Run]] = {}
        self._ids: dict[str, set[int]] = {}
        self.counts_requests = 0

    def sent(self, at_s: float, runs: Iterable[Run]) -> None:
        """Note posts that a stream delivered for the first time."""
        day = clock.utc_day(at_s)
        if self._ids.get(day):  # Search may have been faster.
            self.found(at_s, [post_id for run in runs for post_id in run])
            return
        kept = list(runs)
        self._runs.setdefault(day, []).extend(kept)
        self._add(day, sum(run.count for run in kept))

    def found(self, at_s: float, ids: Iterable[int]) -> None:
        """Note posts that search delivered."""
        day = clock.utc_day(at_s)
        known = self._ids.setdefault(day, set())
        known.update(post_id for run in self._runs.pop(day, ()) for post_id in run)
        fresh = set(ids) - known
        known |= fresh
        self._add(day, len(fresh))

    def _add(self, day: str, total: int) -> None:
        self.by_day[day] = self.by_day.get(day, 0) + total

    def total_usd(self, price_per_post_usd: float) -> float:
        """Return the sum of the bill."""
        posts_usd = sum(self.by_day.values()) * price_per_post_usd
        return round(posts_usd + self.counts_requests * PRICE_PER_COUNTS_REQUEST_USD, 6)
