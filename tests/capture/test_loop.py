"""The one loop, with frames from a list: when it stops, and what a STATE may cover (G2, G6)."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest

from tap_twitter_stream.capture.checkpoint import Checkpoints
from tap_twitter_stream.capture.loop import Capture, left_in_log
from tap_twitter_stream.capture.signals import Signals
from tap_twitter_stream.errors import OutputBlockedError
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.policy.window import OpenWindow, Window
from tap_twitter_stream.replay.source import Source
from tap_twitter_stream.spool.frames import Frame, Kind
from tests.fakes import START_S, FakeClock
from tests.replay.test_replay import START_US, Log, Run, post

if TYPE_CHECKING:
    from tap_twitter_stream.capture.loop import Outcome
    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.monitoring.progress import ProgressReport
    from tap_twitter_stream.state import CaptureState

GRACE_S = 8.0
HEAD = {"connection_id": "w-1", "endpoint": "filtered", "partition": 0, "http_status": 200}


class Link:
    """A maker of frames that does as it is told, and notes when."""

    def __init__(self, clock: FakeClock, events: list[str]) -> None:
        self._clock = clock
        self.stopped_at_s: float | None = None
        self.ring_handle, self._ring_end = os.pipe()
        self._events = events
        self.ended = False
        self.last_words = ""
        self.ordered: list[Gap] = []
        os.write(self._ring_end, b"." * 100)  # the loop never has to wait for a ring

    def drain_ring(self) -> None:
        os.read(self.ring_handle, 1)

    def stop(self) -> None:
        self.stopped_at_s = self.stopped_at_s or self._clock.monotonic_s()
        self.ended = True

    def emitted(self, position: int) -> None:
        self._events.append(f"emitted {position}")

    def fill(self, gap: Gap) -> None:
        self.ordered.append(gap)

    def close(self) -> None:
        os.close(self.ring_handle)
        os.close(self._ring_end)


class Reader:
    """Hands out frames from a list, some at a time; time passes with each look."""

    def __init__(self, frames: list[Frame], clock: FakeClock, events: list[str]) -> None:
        self._frames = frames
        self._clock = clock
        self._events = events
        self.at_once = 3

    def read(self) -> list[Frame]:
        self._clock.advance(1)
        taken, self._frames = self._frames[: self.at_once], self._frames[self.at_once :]
        return taken

    def sync(self) -> None:
        self._events.append("sync")

    def close(self) -> None:
        """Nothing is open."""


class Stdout:
    """An output that takes everything, or nothing while it is blocked."""

    def __init__(self, clock: FakeClock, events: list[str]) -> None:
        self._clock = clock
        self._events = events
        self.blocked = False

    def push(self, timeout_s: float) -> bool:
        if self.blocked:
            self._clock.advance(timeout_s)
            return False
        self._events.append("push")
        return True


class NoReport:
    """Progress that nobody watches."""

    def tick(self, *, blocked: bool = False) -> None:
        """Show nothing."""


class Setup:
    """A capture of one log, with all that it did in order."""

    def __init__(
        self, frames: list[Frame], *, max_run_s: float | None = None, max_records: int | None = None
    ) -> None:
        self.events: list[str] = []
        self.states: list[CaptureState] = []
        self.clock = FakeClock()
        self.link = Link(self.clock, self.events)
        self.reader = Reader(frames, self.clock, self.events)
        self.stdout = Stdout(self.clock, self.events)
        self.signals = Signals()
        self.replay = Run(max_records=max_records).replay
        window = Window(max_run_s, max_records=max_records, shutdown_grace_s=GRACE_S)
        output = cast("Output", self.stdout)
        source = Source(
            link=self.link,
            reader=self.reader,
            spool_id="s",
            state=None,
            resume=8,
            own_from=8,
            keep=lambda state: state,
            dedupe=Dedupe(0, 1),
            max_line_bytes=512,
            durable=True,
        )
        self.capture = Capture(
            source=source,
            replay=self.replay,
            checkpoints=Checkpoints(self, source, self.replay, output, self.clock, interval_s=5),
            output=output,
            window=OpenWindow(window, self.clock.now_s()),
            clock=self.clock,
            signals=self.signals,
            report=cast("ProgressReport", NoReport()),
        )

    # What a checkpoint needs of the parent stream.

    def write_capture_state(self, state: CaptureState, captured_at: str) -> None:
        assert captured_at
        self.events.append("STATE")
        self.states.append(state)

    def set_capture_state(self, state: CaptureState, captured_at: str) -> None:
        raise NotImplementedError

    def state_with(self, state: CaptureState, captured_at: str) -> dict[str, Any]:
        raise NotImplementedError

    def run(self) -> Outcome:
        return self.capture.run()

    @property
    def posts(self) -> int:
        return self.replay.tally.records


def log_of(posts: int, *, ends: bool, posts_a_frame: int = 1) -> list[Frame]:
    log = Log()
    log.add(Kind.CONTEXT, {"window": {}, "connections": []})
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US, "endpoints": ["filtered"]})
    connection = log.add(Kind.OPENED, HEAD)
    lines = [post(number) + b"\r\n" for number in range(1, posts + 1)]
    for first in range(0, posts, posts_a_frame):
        log.add(Kind.BYTES, b"".join(lines[first : first + posts_a_frame]), connection)
    if ends:
        end = {"ending": {"kind": "stopped_by_us"}, "closed_at_us": START_US + 10**6}
        log.add(Kind.CLOSED, {**HEAD, **end}, connection)
        log.add(Kind.STOPPED, {"reason": "stop"})
    return log.frames


def test_what_the_log_holds_is_read_to_its_end_after_the_stop() -> None:
    """Mutation: leave the loop as soon as the window is over."""
    run = Setup(log_of(20, ends=True), max_run_s=3)
    outcome = run.run()
    assert (outcome.reason, outcome.fatal) == ("max_run", "")
    assert run.posts == 20
    assert run.link.stopped_at_s == START_S + 3
    assert outcome.deadline_s == START_S + 3 + GRACE_S


def test_when_the_grace_is_over_the_rest_stays_in_the_log() -> None:
    """Mutation: go on reading; the run then ends when the log does."""
    run = Setup(log_of(100, ends=True), max_run_s=3)
    run.run()
    assert run.clock.monotonic_s() == START_S + 3 + GRACE_S
    assert 20 < run.posts < 40
    assert left_in_log(run.reader, run.replay) == 100 - run.posts


def test_a_state_covers_what_is_on_disk_and_handed_over() -> None:
    """Mutation: write STATE before ``sync``, or export it after more was read."""
    frames = log_of(60, ends=True)
    run = Setup(frames)
    run.run()
    assert len(run.states) >= 3
    at = [index for index, event in enumerate(run.events) if event == "STATE"]
    assert all(run.events[index - 1] == "sync" for index in at)
    assert all("push" in run.events[begin:end] for begin, end in pairwise([0, *at]))
    borders = {frame.position for frame in frames} | {frames[-1].end}
    positions = [state.position for state in run.states]
    assert positions == sorted({*positions})
    assert {*positions} <= borders


def test_a_receiver_that_died_is_a_failed_run() -> None:
    run = Setup(log_of(5, ends=False))
    run.link.ended = True
    outcome = run.run()
    assert outcome.reason == "fatal"
    assert "receiver process died" in outcome.fatal
    assert run.posts == 5, "what it stored is emitted all the same"


def test_the_receivers_last_message_is_the_reason() -> None:
    run = Setup(log_of(5, ends=False))
    run.link.ended, run.link.last_words = True, "The disk is broken."
    assert run.run().fatal == "The disk is broken."


def test_a_blocked_output_ends_the_run_when_the_grace_is_over() -> None:
    run = Setup(log_of(60, ends=False))
    run.stdout.blocked = True
    run.signals.ask()
    with pytest.raises(OutputBlockedError, match="shutdown_grace_seconds"):
        run.run()
    assert run.clock.monotonic_s() - START_S == pytest.approx(1 + GRACE_S, abs=0.5)
    assert run.states == []


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
@pytest.mark.parametrize("posts_a_frame", [1, 3])
def test_the_record_limit_counts_every_line_that_stays_in_the_log(
    posts_a_frame: int, at_once: int
) -> None:
    """G5. Mutation: count from the next frame on, though the limit was reached before this one."""
    run = Setup(log_of(12, ends=True, posts_a_frame=posts_a_frame), max_records=5)
    run.reader.at_once = at_once
    outcome = run.run()
    assert outcome.reason == "max_records"
    assert run.posts == 5
    assert left_in_log(run.reader, run.replay) + run.capture.unhandled_lines == 7
