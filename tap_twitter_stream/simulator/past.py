"""What happened on each channel lately, sent or missed: batches in, the batches of a span out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.simulator.ids import cut_runs, rest_of_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_twitter_stream.simulator.blocks import Stamp, Template
    from tap_twitter_stream.simulator.ids import Run
    from tap_twitter_stream.simulator.worlds import World

# How many batches back a duplicate, a backfill or a recovery may reach.
RECENT_BATCHES = 100_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts of one moment, so that they can go out again.

    ``place`` says where they begin among the posts of ``world``; ``templates`` and ``stamp`` are
    ``None`` until somebody asked for them. ``missed`` names a batch that nobody got at once,
    ``skipped`` how many of its posts a part of it leaves out at the beginning.
    """

    runs: tuple[Run, ...]
    at_s: float
    templates: Sequence[Template] | None = None
    stamp: Stamp | None = None
    place: int = 0
    world: World | None = None
    missed: int | None = None
    skipped: int = 0

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
        place, skipped = self.place + count, self.skipped + count
        return replace(self, runs=runs, templates=templates, place=place, skipped=skipped)


class Past:
    """The memory that the connections of one simulator share; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Batch]] = {}
        # How many posts of each missed batch somebody got later; they always go out in order.
        self._seen: list[int] = []

    def remember(self, channel: str, batch: Batch) -> None:
        """Keep a batch that was sent."""
        with self._lock:
            self._keep(channel, batch)

    def miss(self, channel: str, batch: Batch) -> None:
        """Keep a batch that nobody got."""
        with self._lock:
            self._keep(channel, replace(batch, missed=len(self._seen), skipped=0))
            self._seen.append(0)

    def seen_total(self, batch: Batch) -> int:
        """Say how many posts, from the first on, somebody got."""
        if batch.missed is None:
            return batch.count
        with self._lock:
            return min(batch.count, max(0, self._seen[batch.missed] - batch.skipped))

    def seen(self, batch: Batch) -> None:
        """Note that somebody got these posts after all."""
        if batch.missed is not None:
            with self._lock:
                known = self._seen[batch.missed]
                self._seen[batch.missed] = max(known, batch.skipped + batch.count)

    def _keep(self, channel: str, batch: Batch) -> None:
        self._recent.setdefault(channel, deque(maxlen=RECENT_BATCHES)).append(batch)

    def last(self, channel: str, count: int) -> list[Batch]:
        """Return the last posts that were sent, oldest first."""
        found: list[Batch] = []
        for batch in reversed(self._batches(channel)):
            if count > 0 and batch.missed is None:
                spare = max(0, batch.count - count)
                found.append(batch.rest(spare))
                count -= batch.count
        return found[::-1]

    def between(self, channel: str, from_s: float, to_s: float) -> list[Batch]:
        """Return the posts of a span, oldest first; its end does not belong to it."""
        return [batch for batch in self._batches(channel) if from_s <= batch.at_s < to_s]

    def all(self, channel: str) -> list[Batch]:
        """Return every batch, sent or missed, as they became known."""
        return self._batches(channel)

    def _batches(self, channel: str) -> list[Batch]:
        with self._lock:
            return list(self._recent.get(channel, ()))
