"""The connections that are open where the log is read, and their rows in STATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.replay.connection import Connection, Stats
from tap_twitter_stream.wire.lines import LineCutter
from tap_twitter_stream.wire.stamps import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.spool.entries import Opened


class OpenConnections:
    """Open connections by number; each goes on from what the last STATE knew of it.

    Args:
        rows: Of the last STATE: number, start of the unfinished line, counts.
        max_line_bytes: Bound of one line.
    """

    def __init__(self, rows: list[list[Any]], max_line_bytes: int) -> None:
        self._restored = {row[0]: row for row in rows}
        self._max_line_bytes = max_line_bytes
        self._open: dict[int, Connection] = {}
        self.caught_up = False  # everything before the STATE's position was dealt with
        self.cut_connection = -1  # the one in whose frame the record limit was reached

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        """Go through the open ones."""
        return iter(self._open.values())

    def get(self, number: int) -> Connection | None:
        """Return an open connection."""
        return self._open.get(number)

    def add(self, number: int, opened: Opened, position: int) -> Connection:
        """Take up a connection; its unfinished line began at ``position`` unless STATE knows."""
        origin = Origin(opened.connection_id, opened.endpoint, opened.delivery)
        cutter = LineCutter(self._max_line_bytes)
        connection = Connection(number, opened, origin, cutter, line_start=position)
        if opened.backfill_us:
            connection.backfill_before_ms = opened.backfill_us[1] // 1000
        if row := self._restored.get(number):
            connection.line_start = row[1]
            connection.stats = Stats.of(row[2:])
        self._open[number] = connection
        return connection

    def discard(self, number: int) -> None:
        """Forget a connection that has closed."""
        self._open.pop(number, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._open.clear()

    def restored_start(self, number: int) -> int | None:
        """Return where the last STATE says that the connection's unfinished line began."""
        row = self._restored.get(number)
        return row[1] if row else None

    def export(self, position: int) -> list[list[Any]]:
        """Return their rows for a STATE of this position."""
        return [
            *([one.number, self._line_start(one, position), *one.stats.row()] for one in self),
            *self._unseen(),
        ]

    def whole_until_us(self) -> dict[tuple[str, int], int]:
        """Return until when each line is whole whose connections all bring what is old."""
        instants: dict[tuple[str, int], list[int | None]] = {}
        for one in self:
            if one.is_live:
                behind_us = one.opened.behind_us
                until_us = None if behind_us is None else one.complete_until_us(behind_us)
                instants.setdefault(one.opened.line, []).append(until_us)
        return {
            line: max(us for us in some if us is not None)
            for line, some in instants.items()
            if None not in some
        }

    def _unseen(self) -> list[list[Any]]:
        """Rows of the last STATE whose connections this run did not come to."""
        if self.caught_up:
            return []
        return [row for number, row in self._restored.items() if number not in self._open]

    def _line_start(self, connection: Connection, position: int) -> int:
        """Where the next run has to take this connection up: behind what was emitted of it."""
        cut_short = not self.caught_up or connection.number == self.cut_connection
        if connection.cutter.pending_bytes or connection.begins_inside_line or cut_short:
            return min(connection.line_start, position)
        return position
