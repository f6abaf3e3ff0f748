"""Write routed records and account for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.emit.lanes import RawLane

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_twitter_stream.emit.lanes import Lane
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.wire.stamps import Stamp


@dataclass(slots=True)
class StreamCount:
    """What became of the records routed to one stream (G5)."""

    routed: int = 0
    emitted: int = 0
    deduplicated: int = 0
    filtered: int = 0
    deselected: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every routed record is accounted for."""
        return self.routed == self.emitted + self.deduplicated + self.filtered + self.deselected


class Emitter:
    """Writes records into the output's buffer; it never touches stdout itself.

    Args:
        lanes: How to write each stream; None for a stream that nobody selected.
    """

    def __init__(self, output: Output, lanes: Mapping[str, Lane | None]) -> None:
        self._parts = output.parts
        self._lanes = lanes
        # A raw record needs no call of its lane: that is a sixth of the time of emitting it.
        self._heads = {
            stream: lane.head if type(lane) is RawLane else None for stream, lane in lanes.items()
        }
        self.counts = {stream: StreamCount() for stream in lanes}

    def write(self, stream: str, raw: bytes, stamp: Stamp) -> None:
        """Write one record: a JSON object as bytes, and the columns that the tap adds."""
        count = self.counts[stream]
        count.routed += 1
        lane = self._lanes[stream]
        if (head := self._heads[stream]) is not None:
            self._parts += (head, raw[:-1], stamp.tail)
            count.emitted += 1
        elif lane is None:
            count.deselected += 1
        elif lane.write(raw, stamp, self._parts):
            count.emitted += 1
        else:
            count.filtered += 1

    def write_all(self, stream: str, raws: Sequence[bytes], stamp: Stamp) -> None:
        """Write the records of one stream that one message holds, perhaps views of its line."""
        head, count = self._heads[stream], self.counts[stream]
        if head is not None:
            parts, tail = self._parts, stamp.tail
            for raw in raws:
                parts += (head, memoryview(raw)[:-1], tail)
            count.routed += len(raws)
            count.emitted += len(raws)
        elif self._lanes[stream] is None:
            count.routed += len(raws)
            count.deselected += len(raws)
        else:
            for raw in raws:
                self.write(stream, bytes(raw), stamp)

    def drop_duplicate(self, stream: str) -> None:
        """Account for a record that was emitted before."""
        count = self.counts[stream]
        count.routed += 1
        count.deduplicated += 1

    def drop_filtered(self, stream: str) -> None:
        """Account for a record that a setting leaves out."""
        count = self.counts[stream]
        count.routed += 1
        count.filtered += 1

    def selected(self, stream: str) -> bool:
        """Whether records of the stream go anywhere."""
        return self._lanes[stream] is not None
