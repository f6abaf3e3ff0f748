"""What happens while nobody is connected: an end and a new beginning in, missed posts out."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.sending.past import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.endpoints import Channel
    from twitter_stream_simulator.sending.supply import Supply


# X keeps posts for a day; what is older is of no use to anybody here.
LONGEST_S = 24 * 3600.0


class Absences:
    """Makes up the posts that nobody got, by the scenario's rate; safe to use from threads.

    A channel to which nobody was ever connected has missed nothing, nor has one at full speed.
    """

    def __init__(self, supply: Supply, oracle: Oracle) -> None:
        self._supply = supply
        self._oracle = oracle
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._ended_s: dict[str, float] = {}
        self._channels: dict[str, Channel] = {}

    def opened(self, channel: Channel) -> None:
        """Note a connection: what was missed until now is known from here on."""
        with self._lock:
            self._open[channel.name] += 1
            self._channels[channel.name] = channel
            self._catch_up(channel)

    def ended(self, channel: Channel, last_s: float) -> None:
        """Note the end of a connection, and until when it would have delivered."""
        with self._lock:
            self._open[channel.name] -= 1
            known_s = self._ended_s.get(channel.name, last_s)
            self._ended_s[channel.name] = max(known_s, last_s)

    def catch_up(self, channel: Channel) -> None:
        """Make up what was missed until now, whether or not somebody comes back."""
        with self._lock:
            if not self._open[channel.name]:
                self._catch_up(channel)

    def catch_up_all(self) -> None:
        """Make up what was missed until now on every channel that has known a client."""
        with self._lock:
            channels = list(self._channels.values())
        for channel in channels:
            self.catch_up(channel)

    def _catch_up(self, channel: Channel) -> None:
        """Fill the time in which nobody would have delivered anything, once."""
        now_s = clock.now_s()
        silences_s = self._supply.broadcast_of(channel).silences_s()
        known_s = [self._ended_s[channel.name]] if channel.name in self._ended_s else []
        since_s = max(max([*known_s, *silences_s], default=now_s), now_s - LONGEST_S)
        rate = self._supply.scenario.rate_per_s
        others = max(0, self._open[channel.name] - 1)
        if others > len(silences_s) or since_s >= now_s:
            return
        if rate == "max" or not rate or not self._supply.has_posts(channel):
            self._ended_s[channel.name] = now_s
            return
        total = int((now_s - since_s) * rate)
        # The part of a post that is left counts next time.
        self._ended_s[channel.name] = since_s + total / rate
        batches = list(self._missed(channel, since_s, rate, total))
        for batch in batches:
            self._supply.past.keep(channel.name, batch)
        if batches:
            runs = tuple(run for batch in batches for run in batch.runs)
            self._oracle.missed(channel, runs, since_s, now_s)

    def _missed(self, channel: Channel, from_s: float, rate: float, total: int) -> Iterator[Batch]:
        """Give posts in batches, none of which reaches over a full second."""
        done, world = 0, self._supply.world_of(channel)
        while done < total:
            at_s = from_s + (done + 0.5) / rate
            in_this_second = math.ceil((math.floor(at_s) + 1 - at_s) * rate)
            place, size = self._supply.advance(channel.name, min(in_this_second, total - done))
            runs = self._supply.ids.take(size, at_s, apart_ms=int(1000 / rate))
            yield Batch(runs, at_s, place=place, world=world)
            done += size
