"""What a reader that starts at a segment has to know of what came before it."""

from __future__ import annotations

import sys
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.coverage.gaps import CRASHED, Filled, cause_of, line_of
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.reported_gaps import ToldGaps
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.coverage.gaps import Line
    from tap_twitter_stream.disk import Files


class Context:
    """Follows what is appended; each new segment begins with it.

    That is the run's window; the open connections, and since when a message of theirs is on its way
    that is not whole yet; each line's captured time as a reader of the whole log has it in its
    books. Where nothing comes for long, the frames that tell since when may be gone before the next
    connection ends the gap.
    """

    def __init__(self) -> None:
        self._window: dict[str, Any] = {}
        self._connections: dict[int, dict[str, Any]] = {}
        self._unfinished: dict[int, int] = {}  # when the message began that is not whole yet
        self._heard: dict[int, int] = {}  # connections' last bytes that are not in the books yet
        self._books = Ledger()
        self._told = ToldGaps()
        self._begun: dict[Line, int] = {}  # when a line was connected first

    def note(self, kind: Kind, value: dict[str, Any], connection: int, time_us: int) -> None:
        """Take note of a JSON frame. ``connection`` is the number of the one it is about."""
        self._enter_heard()
        if kind is Kind.CONTEXT:
            self._begin(value)
        elif kind is Kind.WINDOW:
            self._end_killed()
            self._window = value
        elif kind is Kind.STOPPED:
            self._stop(value, time_us)
        elif kind is Kind.OPENED:
            self._open(connection, value, time_us)
            self._connections[connection] = value
        elif kind is Kind.BEHIND and (head := self._connections.get(connection)):
            self._connections[connection] = {**head, **value}
        elif kind is Kind.FILLED:
            endpoint, partition, _ = value["gap"]
            self._told.settle((endpoint, partition), [Filled(*part) for part in value["parts"]])
        elif kind is Kind.CLOSED and (head := self._connections.pop(connection, None)):
            self._close(connection, head, value)

    def received(self, payload: bytes, connection: int, time_us: int) -> None:
        """Take note of what a connection sent. Called for each read, so it does the least."""
        self._heard[connection] = time_us
        if payload.endswith(b"\n"):
            self._unfinished.pop(connection, None)
        elif connection not in self._unfinished or b"\n" in payload:
            self._unfinished[connection] = time_us

    def opening(self, follows: int) -> dict[str, Any]:
        """Return the next segment's first object.

        Args:
            follows: Position where the last file ended, so that a reader can tell a missing one.

        Returns:
            ``window``; ``connections``: number, head, and since when a message is unfinished;
            ``follows``; and if a line was ever connected ``ledger``, as in STATE, ``gaps``: the
            last ones that were told, and ``begun``: when each line was connected first.
        """
        connections = [
            [number, value, *([us] if (us := self._unfinished.get(number)) else [])]
            for number, value in self._connections.items()
        ]
        first = {"window": self._window, "connections": connections, "follows": follows}
        self._enter_heard()
        rows = self._books.export()
        if not rows:
            return first
        for number, head in self._connections.items():
            for from_us in (self._unfinished.get(number), head.get("behind_us")):
                if from_us is not None and (line := _line(head)):
                    self._told.cut(line, from_us)
        begun = [[*line, at_us] for line, at_us in self._begun.items()]
        return {**first, "ledger": rows, "gaps": self._told.export(), "begun": begun}

    def _begin(self, context: dict[str, Any]) -> None:
        """Take up what the first file that is read begins with; those behind it say the same."""
        if self._window or self._connections or self._books.tracks:
            return
        self._window = context["window"]
        for number, head, *unfinished in context["connections"]:
            self._connections[number] = head
            if unfinished:
                self._unfinished[number] = unfinished[0]
        self._books.restore(context.get("ledger"), [])
        self._told = ToldGaps.restore(context.get("gaps"))
        self._begun = {(name, partition): us for name, partition, us in context.get("begun", ())}

    def _open(self, connection: int, head: dict[str, Any], time_us: int) -> None:
        if line := _line(head):
            self._begun.setdefault(line, time_us)
            window_id = str(self._window.get("window_id", ""))
            others = [head for head in self._connections.values() if _line(head) == line]
            behind_us = [head.get("behind_us") for head in others]
            known_us = [us for us in behind_us if us is not None]
            if known_us and len(known_us) == len(others):
                self._books.step_back(line, max(known_us))
            self._told.add(self._books.opened(line, time_us, window_id, connection=connection))
            if backfill := head.get("backfill_us"):
                self._told.settle(line, [Filled("backfilled", backfill[0], time_us)])

    def _end_killed(self) -> None:
        for connection, head in self._connections.items():
            self._close(connection, head, {**head, "ending": {"kind": CRASHED}})
        self._connections.clear()
        self._unfinished.clear()

    def _stop(self, outcome: dict[str, Any], time_us: int) -> None:
        window_id = str(self._window.get("window_id", ""))
        if outcome["reason"] == "orphaned":
            self._books.crashed(window_id)  # for the next run this one is a killed one
            return
        lines = [(str(name), int(part)) for name, part in self._window.get("lines", ())]
        started_us = int(self._window.get("started_at_us", time_us))
        self._told.add(self._books.still_closed(window_id, time_us, lines, started_us))
        self._window = {}

    def _close(self, connection: int, head: dict[str, Any], end: dict[str, Any]) -> None:
        unfinished_us = self._unfinished.pop(connection, None)
        if line := _line(head):
            for from_us in (unfinished_us, end.get("behind_us")):
                if from_us is not None:
                    self._books.uncover(line, from_us, connection)
            self._told.add(self._books.closed(line, cause_of(end), None, 0, connection))

    def _enter_heard(self) -> None:
        # In the order of time: an instant before the last one is taken for a clock that was set.
        for connection, time_us in sorted(self._heard.items(), key=itemgetter(1)):
            head = self._connections.get(connection)
            if head and (line := _line(head)):
                is_old = head.get("behind_us") is not None
                self._told.add(self._books.alive(line, time_us, connection, is_old=is_old))
        self._heard.clear()


def _line(head: dict[str, Any]) -> Line | None:
    """Return which line a connection is of; None if it fills a gap, which takes no time."""
    if "gap" in head or "endpoint" not in head:
        return None
    return line_of(head)


def recollect(folder: Path, files: Files) -> Context:
    """Return a context with the books of captured time as they are at the log's end.

    The newest file is enough, as it begins with what was known before it. Nothing may write to it
    meanwhile.
    """
    context = Context()
    found = segments(folder)
    if not found:
        return context
    reader = LogReader(folder, found[-1].base, verify_before=sys.maxsize, files=files)
    try:
        while frames := reader.read():
            for frame in frames:
                if frame.kind is Kind.BYTES:
                    context.received(frame.payload, frame.connection, frame.time_us)
                elif frame.kind is Kind.CORRUPT:
                    context = Context()  # what it has told is not known, so better nothing is
                else:
                    number = frame.connection or frame.position
                    context.note(frame.kind, frame.json(), number, frame.time_us)
    finally:
        reader.close()
    return context
