"""What the capture says of itself: rows of windows, connections, gaps, rules and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.connection import LAST_ID, MESSAGES, connection_row, gap_row
from tap_twitter_stream.wire.route import (
    Origin,
    capture_stamp,
    data_stamp,
    encode_row,
    error_row,
    iso,
)

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.ledger import Gap, Ledger
    from tap_twitter_stream.spool.frames import Frame


class CaptureBooks:
    """Keeps the ledger, and emits the rows that account for the capture.

    Args:
        spool_id: Of the log whose frames are read; part of the rows' keys.
    """

    def __init__(self, emitter: Emitter, ledger: Ledger, spool_id: str) -> None:
        self._emitter = emitter
        self._spool_id = spool_id
        self.ledger = ledger
        self.window: dict[str, Any] = {}

    @property
    def window_id(self) -> str:
        """The window that the frames now belong to; empty before the first."""
        return str(self.window.get("window_id", ""))

    def opened(self, head: dict[str, Any], at_us: int) -> None:
        """Emit the gap that a new connection ends."""
        if gap := self.ledger.opened(_line_of(head), at_us, self.window_id):
            self._gap(gap)

    def alive(self, head: dict[str, Any], at_us: int) -> None:
        """Take note that a connection brought bytes."""
        self.ledger.alive(_line_of(head), at_us)

    def closed(self, row: dict[str, Any], stats: list[Any], frame: Frame) -> None:
        """Take note of a connection's end, and emit its row."""
        kind = str(row["ending"]["kind"])
        self.ledger.closed(_line_of(row), kind, stats[LAST_ID], stats[MESSAGES])
        self.connection(row, stats, frame)

    def emit_open_gaps(self, at_us: int) -> None:
        """Emit the gaps that the window's end leaves open."""
        for gap in self.ledger.still_closed(self.window_id, at_us):
            self._gap(gap)

    def connection(self, head: dict[str, Any], stats: list[Any], frame: Frame) -> None:
        """Emit the row of a connection, open or closed."""
        row = connection_row(head, stats, self.window.get("window_id"))
        self._emitter.write("capture_connections", encode_row(row), capture_stamp(frame.time_us))

    def refused(self, head: dict[str, Any], frame: Frame) -> None:
        """Emit what X answered instead of a stream."""
        ending = head["ending"]
        problem = {
            key: ending.get(key) or None
            for key in ("title", "detail", "connection_issue", "status")
        }
        problem["type"] = ending.get("slug") or "about:blank"
        origin = Origin(str(head["connection_id"]), str(head["endpoint"]))
        row = error_row(problem, kind="http", place=origin.connection_id)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def rules(self, frame: Frame) -> None:
        """Emit the rules of the app."""
        stamp = capture_stamp(frame.time_us)
        for rule in frame.json()["rules"]:
            self._emitter.write("rules", encode_row(rule), stamp)

    def problem(self, frame: Frame) -> None:
        """Emit a problem of a request that is no stream."""
        value = frame.json()
        origin = Origin("", str(value["endpoint"]))
        place = f"{self._spool_id}:{frame.position}"
        row = error_row(value["problem"], kind=str(value["kind"]), place=place)
        self._emitter.write("errors", row, data_stamp(frame.time_us, origin))

    def crashed_window(self, window_id: str, started_us: int, frame: Frame) -> None:
        """Emit the row that a killed run could not write."""
        row = {
            "window_id": window_id,
            "started_at": iso(started_us),
            "crashed": True,
            "spool_id": self._spool_id,
        }
        self._emitter.write("capture_windows", encode_row(row), capture_stamp(frame.time_us))

    def _gap(self, gap: Gap) -> None:
        row = encode_row(gap_row(gap, self.window_id))
        self._emitter.write("capture_gaps", row, capture_stamp(gap.ended_us))


def _line_of(head: dict[str, Any]) -> tuple[str, int]:
    return str(head["endpoint"]), int(head["partition"])
