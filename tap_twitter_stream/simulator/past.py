"""What happened on each channel lately, sent or missed: batches in, the batches of a span out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.simulator.ids import cut_runs, rest_of_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_twitter_stream.simulator.blocks import Stamp, Template
    from tap_twitter_stream.simulator.ids import Run

# How many batches back a duplicate, a backfill or a recovery may reach.
RECENT_BATCHES = 100_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts of one moment, so that they can go out again.

    ``templates`` and ``stamp`` are ``None`` until somebody asked for the posts: then they begin at
    ``place``.
    """

    runs: tuple[Run, ...]
    at_s: float
    templates: Sequence[Template] | None = None
    stamp: Stamp | None = None
    place: int = 0

    @property
    def count(self) -> int:
        """How many posts it has."""
        return sum(run.count for run in self.runs)

    def ids(self) -> list[int]:
        """Return the ids in order."""
        return [post_id for run in self.runs for post_id in run]

    def head(self, count: int) -> Batch:
        """Return the first posts."""
        templates = self.templates and self.templates[:count]
        return replace(self, runs=cut_runs(self.runs, count), templates=templates)

    def rest(self, count: int) -> Batch:
        """Return what follows the first posts."""
        templates = self.templates and self.templates[count:]
        runs = rest_of_runs(self.runs, count)
        return replace(self, runs=runs, templates=templates, place=self.place + count)


class Past:
    """The memory that the connections of one simulator share; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Batch]] = {}
        self._unseen: set[int] = set()

    def remember(self, channel: str, batch: Batch) -> None:
        """Keep a batch that was sent."""
        with self._lock:
            self._recent.setdefault(channel, deque(maxlen=RECENT_BATCHES)).append(batch)

    def miss(self, channel: str, batch: Batch) -> None:
        """Keep a batch that nobody got."""
        self.remember(channel, batch)
        with self._lock:
            self._unseen.update(batch.ids())

    def unseen(self, batch: Batch) -> list[bool]:
        """Say of each post of a batch whether nobody got it yet."""
        with self._lock:
            return [post_id in self._unseen for post_id in batch.ids()]

    def seen(self, ids: Iterable[int]) -> None:
        """Note that somebody got these posts after all."""
        with self._lock:
            self._unseen.difference_update(ids)

    def last(self, channel: str, count: int) -> list[Batch]:
        """Return the last posts that were sent, oldest first."""
        found: list[Batch] = []
        for batch in reversed(self._batches(channel)):
            if count > 0 and batch.templates is not None and not any(self.unseen(batch)):
                spare = max(0, batch.count - count)
                found.append(batch.rest(spare))
                count -= batch.count
        return found[::-1]

    def between(self, channel: str, from_s: float, to_s: float) -> list[Batch]:
        """Return the posts of a span, oldest first; its end does not belong to it."""
        return [batch for batch in self._batches(channel) if from_s <= batch.at_s < to_s]

    def _batches(self, channel: str) -> list[Batch]:
        with self._lock:
            return list(self._recent.get(channel, ()))
