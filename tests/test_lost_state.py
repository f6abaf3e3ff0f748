"""A gap is told though every STATE is lost, and the same way as by a run that knew all (G4)."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.policy.ledger import Ledger
from tap_twitter_stream.replay import Replay
from tap_twitter_stream.replay_options import ReplayOptions
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.spool.logs import abandon, writer
from tests.test_replay import STREAMS

if TYPE_CHECKING:
    from tap_twitter_stream.spool.writer import LogWriter
    from tap_twitter_stream.wire.route import Stamp

LINES = (("sample10", 1), ("sample10", 2), ("filtered", 0))
# What a message a second apart is: a line, two pieces of one, a keep-alive.
PIECES = (b'{"data":{"id":"1"}}\r\n', b'{"data":', b'{"id":"2"}}\r\n', b"\r\n", b"x" * 300)
Step: TypeAlias = tuple[str, int, int]  # what happens, which line, which piece or how many seconds


@dataclass
class Gap:
    """A row of ``capture_gaps``, and where in the log it was told."""

    told_at: int
    row: dict[str, Any]


class Story:
    """Lets a writer live through steps, in segments of a few frames."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.runs = 0
        self.open: dict[int, int] = {}
        self.openings: list[tuple[int, int]] = []  # position, line
        self.log: LogWriter
        self._begin()

    def play(self, steps: list[Step]) -> None:
        for what, line, number in steps:
            self.clock.advance(0.3 + number)
            match what:
                case "open" if line not in self.open:
                    self.open[line] = self.log.append_json(Kind.OPENED, self._head(line))
                    self.openings.append((self.open[line], line))
                case "bytes" if line in self.open:
                    piece = PIECES[number % len(PIECES)]
                    self.log.append(Kind.BYTES, piece, connection=self.open[line])
                case "close" if line in self.open:
                    self._close(line, "closed_by_server")
                case "refused":
                    self._close(line, "http_refused")
                case "kill":
                    abandon(self.log)
                    self._begin()
                case "stop":
                    for one in list(self.open):
                        self._close(one, "stopped_by_us")
                    self.log.finish({"reason": "stop"})
                    self._begin()
        abandon(self.log)

    def _begin(self) -> None:
        self.runs += 1
        self.open.clear()
        self.clock.advance(1)
        self.log = writer(self.folder, clock=self.clock, max_bytes=4_000, durable=True)
        window = {"window_id": f"w{self.runs}", "started_at_us": self.clock.now_us()}
        window["lines"] = [list(line) for line in LINES]
        self.log.append_json(Kind.WINDOW, {**window, "ledger": []})

    def _head(self, line: int) -> dict[str, Any]:
        endpoint, partition = LINES[line]
        head = {"endpoint": endpoint, "partition": partition, "http_status": 200}
        return {**head, "connection_id": f"c{line}", "opened_at_us": self.clock.now_us()}

    def _close(self, line: int, kind: str) -> None:
        number = self.open.pop(line, 0)
        end = {"ending": {"kind": kind}, "closed_at_us": self.clock.now_us()}
        self.log.append_json(Kind.CLOSED, {**self._head(line), **end}, connection=number)


def told(folder: Path) -> list[Gap]:
    """Return the gaps that a run without a STATE tells of what the log holds."""
    output = Output()
    gaps: list[Gap] = []

    class Lane(RawLane):
        def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
            gaps.append(Gap(replay.position, json.loads(raw)))
            return super().write(raw, stamp, parts)

    lanes = {name: Lane(name) if name == "capture_gaps" else RawLane(name) for name in STREAMS}
    options = ReplayOptions("s", max_line_bytes=512)
    replay = Replay(options, Emitter(output, lanes), Dedupe(0, 1), None)
    reader = LogReader(folder, 0, verify_before=10**15)
    while frames := reader.read():
        for frame in frames:
            replay.handle(frame)
    reader.close()
    return gaps


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "open", "bytes", "bytes", "bytes", "close", "refused", "kill", "stop"]
        ),
        st.integers(0, len(LINES) - 1),
        st.integers(0, len(PIECES) - 1),
    ),
    min_size=10,
    max_size=60,
)


@given(STEPS, st.data())
@settings(deadline=None, max_examples=150)
def test_a_log_that_begins_in_a_run_tells_the_gaps_that_the_whole_one_tells(
    steps: list[Step], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        story.play(steps)
        whole = told(story.folder)
        kept = segments(story.folder)
        first = data.draw(st.integers(0, len(kept) - 1))
        for segment in kept[:first]:
            segment.path.unlink()
        border = kept[first].base
        known = {LINES[line] for position, line in story.openings if position < border}
        later = [gap.row for gap in whole if gap.told_at >= border]
        partly = [gap.row for gap in told(story.folder)]
        wanted = [row for row in later if _line(row) in known]
        assert sorted(one for one in map(_span, partly) if one[0] in known) == sorted(
            map(_span, wanted)
        )


def _line(row: dict[str, Any]) -> tuple[str, int]:
    return row["endpoint"], row.get("partition") or 0


def _span(row: dict[str, Any]) -> tuple[Any, ...]:
    keys = ("gap_id", "kind", "cause", "started_at", "ended_at", "window_id")
    return (_line(row), *(row.get(key) for key in keys))


def test_the_last_byte_of_two_copies_is_the_later_one_whatever_came_first(tmp_path: Path) -> None:
    clock = FakeClock()
    log = writer(tmp_path, clock=clock, max_bytes=4_000, durable=True)
    log.append_json(Kind.WINDOW, {"window_id": "w", "started_at_us": clock.now_us()})
    head = {"endpoint": "sample10", "partition": 1, "http_status": 200}
    copies = [log.append_json(Kind.OPENED, {**head, "connection_id": one}) for one in "ab"]
    for number in (0, 1, 0):
        clock.advance(10)
        log.append(Kind.BYTES, b"\r\n", connection=copies[number])
    last_us = clock.now_us()
    log.append_json(Kind.PROBLEM, {"filler": "x" * 2_000})
    log.append_json(Kind.PROBLEM, {"filler": ""})
    log.close()
    reader = LogReader(tmp_path, segments(tmp_path)[-1].base, verify_before=10**15)
    context = reader.read()[0].json()
    reader.close()
    assert context["ledger"][0][2] == last_us


def test_time_before_a_file_is_unknown_if_state_is_older_than_what_was_dropped() -> None:
    """Mutation: take a line for captured since a STATE that ended in order."""
    ledger = Ledger()
    line, second_us = ("sample10", 1), 1_000_000
    rows = [[*line, 100 * second_us, "w0", None, "stopped_by_us"]]
    ledger.restore(rows, [], log_continues=False)
    ledger.recall_at_border([[*line, 900 * second_us, "w1", None, ""]], {"window_id": "w1"})
    (gap,) = ledger.alive(line, 901 * second_us, 5)
    assert (gap.kind, gap.started_us, gap.ended_us) == ("unknown", 100 * second_us, 901 * second_us)
    assert ledger.seconds == {"unknown": 801.0}


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
