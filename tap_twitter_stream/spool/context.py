"""What a reader that starts at a segment has to know of what came before it."""

from __future__ import annotations

import sys
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_twitter_stream.coverage.gaps import CRASHED, Filled, cause_of
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.lost_state import Before
from tap_twitter_stream.coverage.reported_gaps import ToldGaps
from tap_twitter_stream.coverage.track import from_rows
from tap_twitter_stream.spool.entries import (
    ENTRY_OF,
    ORPHANED,
    Behind,
    Closed,
    FilledGap,
    OpenConnection,
    Opened,
    Stopped,
    Window,
    read,
)
from tap_twitter_stream.spool.entries import Context as ContextEntry
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.coverage.gaps import Line
    from tap_twitter_stream.disk import Files
    from tap_twitter_stream.spool.entries import Entry


class Context:
    """Follows what is appended; each new segment begins with it.

    That is the run's window; the open connections, and since when a message of theirs is on its way
    that is not whole yet; each line's captured time as a reader of the whole log has it in its
    books. Where nothing comes for long, the frames that tell since when may be gone before the next
    connection ends the gap.
    """

    def __init__(self) -> None:
        self._window = Window()
        self._connections: dict[int, Opened] = {}
        self._unfinished: dict[int, int] = {}  # when the message began that is not whole yet
        self._heard: dict[int, int] = {}  # connections' last bytes that are not in the books yet
        self._books = Ledger()
        self._told = ToldGaps()
        self._begun: dict[Line, int] = {}  # when a line was connected first

    def note(self, entry: Entry, connection: int, time_us: int) -> None:
        """Take note of an entry. ``connection`` is the number of the one it is about."""
        self._enter_heard()
        match entry:
            case ContextEntry():
                self._begin(entry)
            case Window():
                self._end_killed()
                self._window = entry
            case Stopped():
                self._stop(entry, time_us)
            case Closed():
                if opened := self._connections.pop(connection, None):
                    self._close(connection, opened, entry.ending.kind, entry.behind_us)
            case Opened():
                self._open(connection, entry, time_us)
                self._connections[connection] = entry
            case Behind():
                if opened := self._connections.get(connection):
                    now = replace(opened, behind_us=entry.behind_us)
                    self._connections[connection] = now
            case FilledGap():
                self._told.settle(entry.gap[:2], entry.parts)

    def received(self, payload: bytes, connection: int, time_us: int) -> None:
        """Take note of what a connection sent. Called for each read, so it does the least."""
        self._heard[connection] = time_us
        if payload.endswith(b"\n"):
            self._unfinished.pop(connection, None)
        elif connection not in self._unfinished or b"\n" in payload:
            self._unfinished[connection] = time_us

    def opening(self, follows: int) -> ContextEntry:
        """Return the next segment's first entry.

        Args:
            follows: Position where the last file ended, so that a reader can tell a missing one.

        Returns:
            The entry; its ``ledger``, ``gaps`` and ``begun`` only if a line was ever connected.
        """
        first = ContextEntry(
            window=self._window,
            connections=tuple(
                OpenConnection(number, opened, self._unfinished.get(number))
                for number, opened in self._connections.items()
            ),
            follows=follows,
        )
        self._enter_heard()
        rows = self._books.export()
        if not rows:
            return first
        for number, opened in self._connections.items():
            for from_us in (self._unfinished.get(number), opened.behind_us):
                if from_us is not None and takes_time(opened):
                    self._told.cut(opened.line, from_us)
        return replace(
            first,
            ledger=rows,
            gaps=self._told.export(),
            begun=tuple((*line, at_us) for line, at_us in self._begun.items()),
        )

    def _begin(self, context: ContextEntry) -> None:
        """Take up what the first file that is read begins with; those behind it say the same."""
        if self._window.window_id or self._connections or self._books.tracks:
            return
        self._window = context.window
        for one in context.connections:
            self._connections[one.number] = one.opened
            if one.unfinished_us is not None:
                self._unfinished[one.number] = one.unfinished_us
        self._books.restore(context.ledger, [])
        self._told = ToldGaps.restore(context.gaps)
        self._begun = {(name, partition): us for name, partition, us in context.begun}

    def _open(self, connection: int, opened: Opened, time_us: int) -> None:
        if not takes_time(opened):
            return
        line = opened.line
        self._begun.setdefault(line, time_us)
        others = [one for one in self._connections.values() if takes_time(one) and one.line == line]
        known_us = [one.behind_us for one in others if one.behind_us is not None]
        if known_us and len(known_us) == len(others):
            self._books.step_back(line, max(known_us))
        gaps = self._books.opened(line, time_us, self._window.window_id, connection=connection)
        self._told.add(gaps)
        if opened.backfill_us:
            self._told.settle(line, [Filled("backfilled", opened.backfill_us[0], time_us)])

    def _end_killed(self) -> None:
        for connection, opened in self._connections.items():
            self._close(connection, opened, CRASHED, opened.behind_us)
        self._connections.clear()
        self._unfinished.clear()

    def _stop(self, outcome: Stopped, time_us: int) -> None:
        window = self._window
        if outcome.reason == ORPHANED:
            self._books.crashed(window.window_id)  # for the next run this one is a killed one
            return
        started_us = time_us if window.started_at_us is None else window.started_at_us
        gaps = self._books.still_closed(window.window_id, time_us, window.lines, started_us)
        self._told.add(gaps)
        self._window = Window()

    def _close(self, connection: int, opened: Opened, ending: str, behind_us: int | None) -> None:
        unfinished_us = self._unfinished.pop(connection, None)
        if not takes_time(opened):
            return
        for from_us in (unfinished_us, behind_us):
            if from_us is not None:
                self._books.uncover(opened.line, from_us, connection)
        cause = cause_of(ending, behind_us)
        self._told.add(self._books.closed(opened.line, cause, None, 0, connection))

    def _enter_heard(self) -> None:
        # In the order of time: an instant before the last one is taken for a clock that was set.
        for connection, time_us in sorted(self._heard.items(), key=itemgetter(1)):
            opened = self._connections.get(connection)
            if opened and takes_time(opened):
                is_old = opened.behind_us is not None
                gaps = self._books.alive(opened.line, time_us, connection, is_old=is_old)
                self._told.add(gaps)
        self._heard.clear()


def takes_time(opened: Opened) -> bool:
    """Return True if a connection captures time: one that fills a gap does not."""
    return opened.is_live and bool(opened.endpoint)


def before(context: ContextEntry) -> Before:
    """Return what a file of the log says of the time before it."""
    doubtful: dict[Line, list[tuple[int, int]]] = {}
    for one in context.connections:
        for from_us in (one.unfinished_us, one.opened.behind_us):
            if from_us is not None and one.opened.is_live:
                doubtful.setdefault(one.opened.line, []).append((one.number, from_us))
    return Before(
        tracks=dict(from_rows(context.ledger, log_continues=True)),
        told=ToldGaps.restore(context.gaps),
        begun_us={(name, partition): us for name, partition, us in context.begun},
        doubtful=doubtful,
    )


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
                    context.note(read(frame, ENTRY_OF[frame.kind]), number, frame.time_us)
    finally:
        reader.close()
    return context
