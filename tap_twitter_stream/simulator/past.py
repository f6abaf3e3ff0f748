"""What each channel has sent lately and since when it is silent: batches in, repeats out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_twitter_stream.simulator.blocks import Stamp, Template
    from tap_twitter_stream.simulator.ids import Run

# How many batches back a duplicate or a backfill may reach.
RECENT_BATCHES = 4096


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch as it went out, so that it can go out again."""

    templates: Sequence[Template]
    runs: tuple[Run, ...]
    stamp: Stamp
    at_s: float

    def entries(self) -> list[Entry]:
        """Return its posts one by one."""
        ids = [post_id for run in self.runs for post_id in run]
        pairs = zip(self.templates, ids, strict=False)
        return [(template, post_id, self.stamp) for template, post_id in pairs]


Entry = tuple["Template", int, "Stamp"]


class Past:
    """The memory that the connections of one simulator share; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Sent]] = {}
        self._ended_s: dict[str, float] = {}

    def remember(self, channel: str, sent: Sent) -> None:
        """Keep a batch for later."""
        with self._lock:
            self._recent.setdefault(channel, deque(maxlen=RECENT_BATCHES)).append(sent)

    def ended(self, channel: str, at_s: float) -> None:
        """Note when a connection ended: from then on posts are missed."""
        with self._lock:
            self._ended_s[channel] = at_s

    def missed_since_s(self, channel: str) -> float | None:
        """Return since when nobody was connected, and forget it; ``None`` if nobody ever was."""
        with self._lock:
            return self._ended_s.pop(channel, None)

    def last(self, channel: str, count: int) -> list[Entry]:
        """Return the last posts of a channel, oldest first."""
        found: list[Entry] = []
        for batch in reversed(self._batches(channel)):
            found += reversed(batch.entries())
            if len(found) >= count:
                break
        return found[:count][::-1]

    def since(self, channel: str, at_s: float) -> list[Entry]:
        """Return the posts sent since an instant, oldest first."""
        batches = [batch for batch in self._batches(channel) if batch.at_s >= at_s]
        return [entry for batch in batches for entry in batch.entries()]

    def _batches(self, channel: str) -> list[Sent]:
        with self._lock:
            return list(self._recent.get(channel, ()))
