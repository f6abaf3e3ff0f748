"""A gap is told though every STATE is lost, and the same way as by a run that knew all (G4)."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.instants import iso
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.spool.context import before
from tap_twitter_stream.spool.entries import Context, Stopped, read
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.replay.test_replay import STREAMS
from tests.spool.logs import abandon, held, note, writer

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Line
    from tap_twitter_stream.coverage.lost_state import Before
    from tap_twitter_stream.spool.writer import LogWriter
    from tap_twitter_stream.state import CaptureState
    from tap_twitter_stream.wire.stamps import Stamp

LINES = (("sample10", 1), ("sample10", 2), ("filtered", 0))
# What a message a second apart is: a line, two pieces of one, a keep-alive.
EXAMPLES = int(os.environ.get("TAP_LOG_EXAMPLES", "150"))
PIECES = (b'{"data":{"id":"1"}}\r\n', b'{"data":', b'{"id":"2"}}\r\n', b"\r\n", b"x" * 300)
Step: TypeAlias = tuple[str, int, int]  # what happens, which line, which piece or how many seconds


@dataclass
class Gap:
    """A row of ``capture_gaps``, and where in the log it was told."""

    told_at: int
    row: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.row["gap_id"])

    @property
    def line(self) -> Line:
        return self.row["endpoint"], self.row.get("partition") or 0


class Story:
    """Lets a writer live through steps, in segments of a few frames."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.runs = 0
        self.open: dict[int, int] = {}
        self.copies: dict[int, int] = {}
        self.paused: dict[int, int] = {}  # connection, since when
        self.opened_us: list[tuple[int, int]] = []
        self.copied: set[Line] = set()
        self.log: LogWriter
        self._begin()

    def play(self, steps: list[Step]) -> None:
        for what, line, number in steps:
            self.clock.advance(0.3 + number)
            if what in {"kill", "stop"}:
                self._end(what)
            elif what == "refused":
                self._close(line, 0, "http_refused")
            elif what.startswith("open"):
                self._open(self.copies if what == "open copy" else self.open, line)
            elif connection := (self.copies if "copy" in what else self.open).get(line):
                self._go_on(what, line, connection, number)
        abandon(self.log)

    def _open(self, ones: dict[int, int], line: int) -> None:
        if line not in ones:
            ones[line] = note(self.log, Kind.OPENED, self._head(line))
            self.opened_us.append((self.clock.now_us(), line))
            if ones is self.copies:
                self.copied.add(LINES[line])

    def _go_on(self, what: str, line: int, connection: int, number: int) -> None:
        match what.split(maxsplit=1)[0]:
            case "bytes":
                piece = PIECES[number % len(PIECES)]
                self.log.append(Kind.BYTES, piece, connection=connection)
            case "pause":
                behind = {"behind_us": self.paused.setdefault(connection, self.clock.now_us())}
                note(self.log, Kind.BEHIND, behind, connection=connection)
            case "resume" if self.paused.pop(connection, 0):
                note(self.log, Kind.BEHIND, {"behind_us": None}, connection=connection)
            case "close":
                del (self.copies if "copy" in what else self.open)[line]
                self._close(line, connection, "closed_by_server")

    def _end(self, how: str) -> None:
        if how == "kill":
            abandon(self.log)
        else:
            for line, connection in [*self.open.items(), *self.copies.items()]:
                self._close(line, connection, "stopped_by_us")
            self.log.finish(Stopped(reason="stop"))
        self._begin()

    def drop_before(self, border: int) -> None:
        for segment in segments(self.folder):
            if segment.base < border:
                segment.path.unlink()

    def first_opened_us(self, line: Line) -> int:
        return min(us for us, one in self.opened_us if LINES[one] == line)

    def _begin(self) -> None:
        self.runs += 1
        self.open.clear()
        self.copies.clear()
        self.paused.clear()
        self.clock.advance(1)
        self.log = writer(self.folder, clock=self.clock, max_bytes=4_000, durable=True)
        window = {"window_id": f"w{self.runs}", "started_at_us": self.clock.now_us()}
        window["lines"] = [list(line) for line in LINES]
        note(self.log, Kind.WINDOW, window)

    def _head(self, line: int) -> dict[str, Any]:
        endpoint, partition = LINES[line]
        head = {"endpoint": endpoint, "partition": partition, "http_status": 200}
        return {**head, "connection_id": f"c{line}", "opened_at_us": self.clock.now_us()}

    def _close(self, line: int, number: int, kind: str) -> None:
        end = {"ending": {"kind": kind}, "closed_at_us": self.clock.now_us()}
        if since_us := self.paused.pop(number, 0):
            end["behind_us"] = since_us
        note(self.log, Kind.CLOSED, {**self._head(line), **end}, connection=number)


class Reader:
    """Reads what is kept of a log, and collects the gaps that are told.

    Args:
        latest: The newest STATE that a run of the log has begun with.
    """

    def __init__(self, folder: Path, latest: CaptureState | None = None) -> None:
        gaps: list[Gap] = []

        class Lane(RawLane):
            def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
                gaps.append(Gap(replay.position, json.loads(raw)))
                return super().write(raw, stamp, parts)

        self.gaps = gaps
        self._folder = folder
        lanes = {name: Lane(name) if name == "capture_gaps" else RawLane(name) for name in STREAMS}
        options = ReplayOptions("s", max_line_bytes=512, log_continues=False, latest=latest)
        self.replay = replay = Replay(options, Emitter(Output(), lanes), Dedupe(0, 1), None)

    def read(self, until: int = 10**15) -> Reader:
        reader = LogReader(self._folder, 0, verify_before=10**15)
        while frames := reader.read():
            for frame in frames:
                if frame.position < until:
                    self.replay.handle(frame)
        reader.close()
        return self


def told(folder: Path) -> list[Gap]:
    """Return the gaps that a run without a STATE tells of what the log holds."""
    return Reader(folder).read().gaps


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("open", "open", "bytes", "bytes", "bytes", "close", "refused", "kill", "stop"),
                *("open copy", "bytes copy", "close copy", "pause", "resume"),
            ]
        ),
        st.integers(0, len(LINES) - 1),
        st.integers(0, len(PIECES) - 1),
    ),
    min_size=10,
    max_size=60,
)


@given(STEPS, st.data())
@settings(deadline=None, max_examples=EXAMPLES)
def test_a_log_that_begins_behind_state_tells_all_that_came_between_and_nothing_in_two_ways(
    steps: list[Step], data: st.DataObject
) -> None:
    """A full disk took the files, and nobody knows what of them was stored.

    Not if one of two copies is inside a message there: how much of the time before that is unknown
    depends then on what the other one does.

    Mutation: let a file tell nothing of the gaps before it, or of when a line began.
    """
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        story.play(steps)
        whole = told(story.folder)
        border = data.draw(st.sampled_from([one.base for one in segments(story.folder)]))
        until = data.draw(st.integers(0, border))
        state = Reader(story.folder).read(until).replay.export() if until else None
        story.drop_before(border)
        partly = Reader(story.folder, state).read().gaps
        context = _context(story.folder)
        known = before(context)
        is_older = state is None or state.position < (context.follows or 0)
        for line in LINES:
            if line in known.doubtful and line in story.copied:
                continue
            rows = {one.key: one.row for one in whole if one.line == line}
            told_later = {one.key for one in whole if one.line == line and one.told_at >= border}
            again = {one.key: one.row for one in partly if one.line == line}
            assert {key: _span(again.get(key)) for key in told_later} == {
                key: _span(rows[key]) for key in told_later
            }
            spans = sorted(_span(row) for row in (rows | again).values())
            for (_, end), (start, _) in pairwise(spans):
                assert end <= start, spans
            if is_older and line in known.tracks:
                _are_told(line, state, known, [*map(_span, again.values())], story)


def _are_told(
    line: Line,
    state: CaptureState | None,
    before: Before,
    spans: list[tuple[str, str]],
    story: Story,
) -> None:
    """Assert that gaps, and what one of two copies may bring, leave nothing out before a file."""
    then = before.tracks[line]
    alive_us = {(row[0], row[1]): row[2] for row in state.ledger} if state else {}
    at = iso(alive_us.get(line) or story.first_opened_us(line))
    doubts = [(iso(start_us), iso(end_us)) for start_us, end_us, *_ in then.doubts]
    for start, end in sorted([*spans, *doubts]):
        if start <= at < end:
            at = end
    assert at >= iso(min([then.alive_us or 0, *(us for _, us in before.doubtful.get(line, ()))]))


def _context(folder: Path) -> Context:
    reader = LogReader(folder, 0, verify_before=10**15)
    (frame, *_) = reader.read()
    reader.close()
    return read(frame, Context)


@given(STEPS, st.data())
@settings(deadline=None, max_examples=EXAMPLES)
def test_what_a_lost_state_had_acknowledged_is_not_called_unknown(
    steps: list[Step], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        story.play(steps)
        whole = told(story.folder)
        border = data.draw(st.sampled_from([one.base for one in segments(story.folder)]))
        until = data.draw(st.integers(border + 1, story.log.end))
        latest = Reader(story.folder).read(until).replay.export()
        story.drop_before(border)
        partly = Reader(story.folder, latest).read().gaps
        heads = {one.number: one.opened.line for one in _context(story.folder).connections}
        # What STATE had of a line's first half is gone with the file before.
        cut = {heads[row[0]] for row in latest.connections if row[0] in heads and row[1] < border}
        later = [gap for gap in whole if gap.told_at >= border and gap.line not in cut]
        assert {gap.key: _facts(gap.row) for gap in partly if gap.line not in cut} == {
            gap.key: _facts(gap.row) for gap in later
        }


def _facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["kind"], row["cause"], *_span(row), row["window_id"])


def _span(row: dict[str, Any] | None) -> tuple[str, str]:
    return (row["started_at"], row["ended_at"]) if row else ("", "")


def test_the_last_byte_of_two_copies_is_the_later_one_whatever_came_first(tmp_path: Path) -> None:
    clock = FakeClock()
    log = writer(tmp_path, clock=clock, max_bytes=4_000, durable=True)
    note(log, Kind.WINDOW, {"window_id": "w", "started_at_us": clock.now_us()})
    head = {"endpoint": "sample10", "partition": 1, "http_status": 200}
    copies = [note(log, Kind.OPENED, {**head, "connection_id": one}) for one in "ab"]
    for number in (0, 1, 0):
        clock.advance(10)
        log.append(Kind.BYTES, b"\r\n", connection=copies[number])
    last_us = clock.now_us()
    note(log, Kind.PROBLEM, {"kind": "x" * 2_000})
    note(log, Kind.PROBLEM, {"kind": ""})
    log.close()
    reader = LogReader(tmp_path, segments(tmp_path)[-1].base, verify_before=10**15)
    context = held(reader.read()[0])
    reader.close()
    assert context["ledger"][0][2] == last_us


@pytest.mark.parametrize("copies", [[[[1]], [], 5], [[], [[1, 2]], 5], [1], ["x", [], 5]])
def test_a_damaged_row_of_state_is_left_out(copies: list[object]) -> None:
    ledger = Ledger()
    ledger.restore([["sample10", 1, 5, "w", None, "", *copies]], [])
    assert ledger.export() == []


def test_a_line_that_is_whole_behind_damage_is_not_skipped() -> None:
    """The rest of the line in which the file began was in the damaged frame."""
    head = {"endpoint": "filtered", "partition": 0, "http_status": 200, "connection_id": "c"}
    context = {"window": {}, "connections": [[99, head, 5]], "follows": 0}
    frames = [
        Frame(8, 1, 0, Kind.CONTEXT, json.dumps(context).encode()),
        Frame(400, 2, 0, Kind.CORRUPT, b"rotten"),
        Frame(500, 3, 99, Kind.BYTES, b'{"data":{"id":"5","text":"a"}}\r\n'),
    ]
    output = Output()
    emitter = Emitter(output, {name: RawLane(name) for name in STREAMS})
    replay = Replay(ReplayOptions("s", max_line_bytes=512), emitter, Dedupe(0, 1), None)
    for frame in frames:
        replay.handle(frame)
    assert emitter.counts["tweets"].emitted == 1


@pytest.mark.parametrize("read", [1, 2])
def test_the_rest_of_a_line_whose_start_is_gone_is_no_dead_letter_for_the_next_run_either(
    read: int,
) -> None:
    """STATE was written inside it. Mutation: forget there that reading began inside a line."""
    head = {"endpoint": "filtered", "partition": 0, "http_status": 200, "connection_id": "c"}
    context = {"window": {}, "connections": [[99, head, 5]], "follows": 0}
    frames = [
        Frame(8, 1, 0, Kind.CONTEXT, json.dumps(context).encode()),
        Frame(400, 2, 99, Kind.BYTES, b'"text":"a'),
        Frame(500, 3, 99, Kind.BYTES, b'b"}}\r\n{"data":{"id":"5","text":"a"}}\r\n'),
    ]
    state, emitter = None, Emitter(Output(), {name: RawLane(name) for name in STREAMS})
    for part in (frames[:read], frames):
        options = ReplayOptions("s", max_line_bytes=512, log_continues=state is not None)
        replay = Replay(options, emitter, Dedupe(0, 1), state)
        replay.position = state.position if state else 0
        for frame in part:
            if state is None or frame.end > state.read_from:
                replay.handle(frame)
        state = replay.export()
    assert emitter.counts["tweets"].emitted == 1
    assert "dead_letters" not in emitter.counts or not emitter.counts["dead_letters"].emitted
