"""The posts of one channel for all its live connections: each one asks in, all get the same out.

Whoever has sent all there is and finds that posts are due makes the next ones, so nobody waits for
a connection that is slow, silent or gone.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.worlds import PAGE_POSTS
from twitter_stream_simulator.sending.past import RECENT_BATCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twitter_stream_simulator.scenario.steps import Rate
    from twitter_stream_simulator.sending.past import Batch

# How often a connection with nothing to send looks again: for posts that others made, for rules.
LOOK_AGAIN_S = 0.05


@dataclass(slots=True, eq=False)
class Reader:
    """How far one connection has come: the number of a batch, and how many posts of it are out.

    ``rate_per_s`` is that of its present ``send``, else 0; ``silent_since_s`` is since when it
    could have delivered posts and did not.
    """

    at: int = 0
    taken: int = 0
    rate_per_s: Rate = 0
    silent_since_s: float | None = None


class Broadcast:
    """Posts on their way to the readers of one channel; safe to use from several threads.

    ``settle`` gets each batch that no reader will send any more. A reader that is more than
    ``most_behind`` batches behind loses the oldest ones.
    """

    def __init__(
        self, settle: Callable[[Batch], None], *, most_behind: int = RECENT_BATCHES
    ) -> None:
        self._settle = settle
        self._most_behind = most_behind
        self._lock = threading.Lock()
        self._readers: list[Reader] = []
        self._waiting: deque[Batch] = deque()
        self._first = 0  # The number of the oldest batch that waits.
        self._last_s = 0.0  # When the last post was due.

    def join(self, reader: Reader) -> None:
        """Let a reader get what is made from now on."""
        with self._lock:
            self._readers.append(reader)
            reader.at = self._end

    def leave(self, reader: Reader) -> None:
        """Forget a reader, and what waited for it alone."""
        with self._lock:
            self._readers.remove(reader)
            self._settle_old()

    def skip(self, reader: Reader) -> None:
        """Let a reader pass over what waits for it."""
        with self._lock:
            reader.at, reader.taken = self._end, 0

    @contextmanager
    def sending(self, reader: Reader, rate: Rate) -> Iterator[None]:
        """Let a reader make posts at a rate; where no other one does, the first is due at once."""
        with self._lock:
            if rate and rate != "max" and not any(one.rate_per_s for one in self._readers):
                self._last_s = clock.monotonic_s() - 1 / rate
            reader.rate_per_s = rate
        try:
            yield
        finally:
            reader.rate_per_s = 0

    def due(self, reader: Reader) -> int:
        """Return how many posts a reader should send now, made by others or to be made."""
        with self._lock:
            left = self._left(reader)
            return left.count if left else self._due(reader.rate_per_s)

    def next_s(self, reader: Reader) -> float:
        """Return when a reader should look again."""
        again_s, rate = clock.monotonic_s() + LOOK_AGAIN_S, reader.rate_per_s
        with self._lock:
            return min(self._last_s + 1 / rate, again_s) if rate and rate != "max" else again_s

    def take(self, reader: Reader, most: int, make: Callable[[int], Batch | None]) -> Batch | None:
        """Return the next posts for a reader: those that wait, else new ones, if there are any.

        Args:
            reader: Who asks.
            most: How many it wants.
            make: Makes up to so many posts; one reader at a time.
        """
        with self._lock:
            left = self._left(reader)
            if left is None:
                left = make(most)
                self._note_made(reader.rate_per_s, left)
                if left is None:
                    return None
                self._waiting.append(left)
            self._settle_old()
            part = left.head(most)
            reader.taken += part.count
            return part

    def silences_s(self) -> list[float]:
        """Return since when each reader that is silent has been so."""
        with self._lock:
            silences = [one.silent_since_s for one in self._readers]
        return [since_s for since_s in silences if since_s is not None]

    @property
    def _end(self) -> int:
        return self._first + len(self._waiting)

    def _left(self, reader: Reader) -> Batch | None:
        """Return what a reader has not sent yet of the next batch; the old one it is done with."""
        if reader.at < self._first:  # It fell too far behind.
            reader.at, reader.taken = self._first, 0
        if reader.at == self._end:
            return None
        batch = self._waiting[reader.at - self._first]
        if reader.taken < batch.count:
            return batch.rest(reader.taken)
        reader.at, reader.taken = reader.at + 1, 0
        return self._waiting[reader.at - self._first] if reader.at < self._end else None

    def _due(self, rate: Rate) -> int:
        """Return how many posts should be made now."""
        if rate == "max":
            return PAGE_POSTS
        if not rate:
            return 0
        late_s = clock.monotonic_s() - (self._last_s + 1 / rate)
        return math.floor(late_s * rate) + 1 if late_s >= 0 else 0

    def _note_made(self, rate: Rate, batch: Batch | None) -> None:
        """Let the next posts be due in their turn, or after a moment if there were none."""
        if rate == "max":
            self._last_s = clock.monotonic_s()
        elif rate and batch:
            self._last_s += batch.count / rate
        elif rate:
            self._last_s = clock.monotonic_s() + LOOK_AGAIN_S - 1 / rate

    def _settle_old(self) -> None:
        """Let go of batches that every reader is done with, or that are too old."""
        needed = min((one.at for one in self._readers), default=self._end)
        needed = max(needed, self._end - self._most_behind)
        while self._first < needed:
            self._first += 1
            self._settle(self._waiting.popleft())
