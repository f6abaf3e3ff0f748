"""Unique post ids by the snowflake clock, in runs: a number of posts in, their ids out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The public algorithm: milliseconds since this instant, shifted left over worker and sequence.
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
LOW_BITS = 22
LARGEST_ID = 2**63 - 1
# One batch in this many carries ids from a moment earlier: X does not deliver in order.
DISORDER_EVERY = 20
DISORDER_MS = 1500


@dataclass(frozen=True, slots=True)
class Run:
    """Ids at even distances: ``first``, ``first + step``, and so on, ``count`` of them."""

    first: int
    step: int
    count: int

    def __iter__(self) -> Iterator[int]:
        """Give the ids in the order of sending."""
        return iter(range(self.first, self.first + self.step * self.count, self.step))

    @property
    def last(self) -> int:
        """The id that is sent last."""
        return self.first + self.step * (self.count - 1)

    def head(self, count: int) -> Run:
        """Return the run cut to its first ``count`` ids."""
        return Run(self.first, self.step, min(count, self.count))

    def rest(self, count: int) -> Run:
        """Return the run without its first ``count`` ids."""
        return Run(self.first + self.step * count, self.step, self.count - count)


def cut_runs(runs: tuple[Run, ...], count: int) -> tuple[Run, ...]:
    """Keep the first ``count`` ids of several runs."""
    kept = []
    for run in runs:
        if count > 0:
            kept.append(run.head(count))
        count -= run.count
    return tuple(kept)


def rest_of_runs(runs: tuple[Run, ...], count: int) -> tuple[Run, ...]:
    """Drop the first ``count`` ids of several runs."""
    kept = []
    for run in runs:
        if run.count > count:
            kept.append(run.rest(max(0, count)))
        count -= run.count
    return tuple(kept)


def each(runs: tuple[Run, ...]) -> Iterator[int]:
    """Give the ids of all runs."""
    return (post_id for run in runs for post_id in run)


class Ids:
    """The source of ids of one simulator, shared by its connections.

    The low 22 bits count through, so that two ids of one millisecond differ, and so do ids that
    disorder moves into the same millisecond.
    """

    def __init__(self, now_s: Callable[[], float], largest_every: int | None = None) -> None:
        self._now_s = now_s
        self._largest_every = largest_every
        self._lock = threading.Lock()
        self._counter = 0
        self._batches = 0
        self._given = 0
        self._largest = LARGEST_ID

    def take(self, count: int, at_s: float | None = None, *, apart_ms: int = 0) -> tuple[Run, ...]:
        """Return ``count`` new ids, of this moment, or from the one given on at that distance."""
        with self._lock:
            self._batches += 1
            late = at_s is None and self._batches % DISORDER_EVERY == 0
            now_s = self._now_s() if at_s is None else at_s
            at_ms = int(now_s * 1000) - SNOWFLAKE_EPOCH_MS - (DISORDER_MS if late else 0)
            runs: list[Run] = []
            while count > 0:
                run = self._next_run(at_ms, count, apart_ms)
                count -= run.count
                at_ms += run.count * apart_ms
                runs.append(run)
            return tuple(runs)

    def _next_run(self, at_ms: int, count: int, apart_ms: int) -> Run:
        """Return the longest run, up to ``count``, that the low bits and the option allow."""
        if self._largest_every:
            left = self._largest_every - self._given % self._largest_every
            count = min(count, max(1, left - 1))
            if left == 1:
                self._given += 1
                self._largest -= 1
                return Run(self._largest + 1, 1, 1)
        count = min(count, (1 << LOW_BITS) - self._counter)
        run = Run((at_ms << LOW_BITS) | self._counter, (apart_ms << LOW_BITS) + 1, count)
        self._counter = (self._counter + count) % (1 << LOW_BITS)
        self._given += count
        return run
