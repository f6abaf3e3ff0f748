"""What happened on each channel lately, sent or missed: batches in, the batches of a span out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twitter_stream_simulator.material.ids import cut_runs, rest_of_runs

if TYPE_CHECKING:
    from twitter_stream_simulator.generation.worlds import World
    from twitter_stream_simulator.material.blocks import Stamp
    from twitter_stream_simulator.material.ids import Run

# How many batches back a duplicate, a backfill or a recovery may reach.
RECENT_BATCHES = 100_000


@dataclass(slots=True)
class Fate:
    """What became of the posts of a batch, which always go out in order.

    ``got`` counts those that somebody got, ``begun`` those of which at least a part was sent. Once
    it ``is_settled``, nobody is left to send the others: they never happened.
    """

    got: int = 0
    begun: int = 0
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts of one moment, so that every connection can send them, and send them again.

    ``place`` says where they begin among the posts of ``world``; ``stamp`` is ``None`` where
    nobody was there to send them. ``skipped`` is how many posts of the whole batch a part of it
    leaves out at the beginning; all parts share one ``fate``.
    """

    runs: tuple[Run, ...]
    at_s: float
    stamp: Stamp | None = None
    place: int = 0
    world: World | None = None
    skipped: int = 0
    fate: Fate = field(default_factory=Fate)

    @property
    def count(self) -> int:
        """How many posts it has."""
        # Asked some ten times for every batch that is sent, and one run is the rule.
        return self.runs[0].count if len(self.runs) == 1 else sum(run.count for run in self.runs)

    def ids(self) -> list[int]:
        """Return the ids in order."""
        return [post_id for run in self.runs for post_id in run]

    def head(self, count: int) -> Batch:
        """Return the first posts."""
        return self if count >= self.count else replace(self, runs=cut_runs(self.runs, count))

    def rest(self, count: int) -> Batch:
        """Return what follows the first posts."""
        if not count:
            return self
        runs = rest_of_runs(self.runs, count)
        return replace(self, runs=runs, place=self.place + count, skipped=self.skipped + count)


class Past:
    """The memory that the connections of one simulator share; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Batch]] = {}

    def keep(self, channel: str, batch: Batch) -> None:
        """Keep a batch of which nobody got anything yet."""
        with self._lock:
            self._recent.setdefault(channel, deque(maxlen=RECENT_BATCHES)).append(batch)

    def got(self, batch: Batch) -> int:
        """Note that somebody got these posts; return how many of them, the last ones, are new."""
        with self._lock:
            end = batch.skipped + batch.count
            fresh = max(0, end - max(batch.fate.got, batch.skipped))
            batch.fate.got = max(batch.fate.got, end)
            return fresh

    def begun(self, batch: Batch) -> None:
        """Note that a part of the last post was sent: it happened, whether or not it arrives."""
        with self._lock:
            batch.fate.begun = max(batch.fate.begun, batch.skipped + batch.count)

    def settle(self, batch: Batch) -> int:
        """Forget those posts of a whole batch that nobody will send; return how many none got."""
        with self._lock:
            batch.fate.is_settled = True
            return batch.count - batch.fate.got

    def last(self, channel: str, count: int) -> list[Batch]:
        """Return the last posts that somebody got, oldest first."""
        found: list[Batch] = []
        for batch in reversed(self._batches(channel)):
            known = batch.head(batch.fate.got)
            if count > 0 and known.count:
                found.append(known.rest(max(0, known.count - count)))
                count -= known.count
        return found[::-1]

    def between(self, channel: str, from_s: float, to_s: float) -> list[Batch]:
        """Return the posts of a span, oldest first; its end does not belong to it."""
        return [batch for batch in self.all(channel) if from_s <= batch.at_s < to_s]

    def all(self, channel: str) -> list[Batch]:
        """Return all that happened, sent or missed, as it became known."""
        return [known for batch in self._batches(channel) if (known := _happened(batch)).runs]

    def _batches(self, channel: str) -> list[Batch]:
        with self._lock:
            return list(self._recent.get(channel, ()))


def _happened(batch: Batch) -> Batch:
    """Leave out the posts that nobody is left to send."""
    fate = batch.fate
    return batch.head(max(fate.got, fate.begun)) if fate.is_settled else batch
