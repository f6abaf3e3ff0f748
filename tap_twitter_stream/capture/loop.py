"""The one loop of a run.

start the receiver; it opens the log and says where to resume
until a stop is due and the log is read to its end (or the grace is over):
read the frames that the log has gained; replay them into records
push the records to stdout; while stdout takes nothing, keep an eye on the clock
at the tip of the log: sleep until the receiver rings, a signal comes or a bound is due
every few seconds: force the log to disk, write a STATE for what was emitted
  (when records go into files: only with those sealed, which is less often)
close the receiver; write the window's row and the last STATE
"""

from __future__ import annotations

import logging
import select
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.capture.checkpoint import SEAL_LATE
from tap_twitter_stream.errors import OutputBlockedError
from tap_twitter_stream.policy.window import OpenWindow, Progress, Stop, StopReason
from tap_twitter_stream.spool.frames import Frame, Kind, by_line

if TYPE_CHECKING:
    from tap_twitter_stream.capture.checkpoint import Checkpoints
    from tap_twitter_stream.capture.signals import Signals
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.monitoring.progress import ProgressReport
    from tap_twitter_stream.replay.replay import Replay
    from tap_twitter_stream.replay.source import FrameReader, Source

_PUSH_S = 0.2
_LONGEST_SLEEP_S = 1.0
_EMITTED_STEP_BYTES = 4 << 20  # how often the receiver hears what it may drop

logger = logging.getLogger("tap-twitter-stream")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``fatal`` is the sentence for the user, empty when all went well.

    ``deadline_s``, by the monotonic clock, is when the output must be handed over.
    """

    reason: str
    fatal: str
    deadline_s: float


class Capture:
    """Drives reader, replay and output until the window is over."""

    def __init__(  # noqa: PLR0913 - the seams of the loop, each named at the only call
        self,
        *,
        source: Source,
        replay: Replay,
        checkpoints: Checkpoints,
        output: Output,
        window: OpenWindow,
        clock: Clock,
        signals: Signals,
        report: ProgressReport,
        careful_before: int = 0,
    ) -> None:
        self._link = source.link
        self._reader = source.reader
        self._replay = replay
        self._checkpoints = checkpoints
        self._output = output
        self._window = window
        self._clock = clock
        self._signals = signals
        self._report = report
        self._careful_before = careful_before  # up to here a STATE follows each line
        self._told = replay.position
        self._started_s = self._post_s = clock.monotonic_s()
        self._posts_seen = replay.tally.posts_new
        self._stop: Stop | None = None
        self._deadline_s = 0.0  # by the monotonic clock, once there is a stop
        self._tip_reached = False
        self.unhandled_lines = 0  # read from the log, but behind the record limit

    def run(self) -> Outcome:
        """Capture until the window is over.

        Raises:
            OutputBlockedError: Stdout took nothing until the deadline of the stop.
            OutputClosedError: Stdout was closed by its reader.
        """
        try:
            while not self._finished():
                moved = self._read()
                self._push()
                self._checkpoint_when_due()
                self._check_window()
                if not (moved or self._finished()):
                    self._sleep()
        finally:
            self._link.stop()
            self._link.close()
        return self._outcome()

    def checkpoint(self) -> None:
        """Write a STATE that covers what was emitted, and nothing that is not on disk."""
        self._checkpoints.begin()
        while not self._checkpoints.is_sealed(_PUSH_S):
            self._check_window()
            if self._is_late():
                raise OutputBlockedError(SEAL_LATE)
        self._checkpoints.write()

    def _finished(self) -> bool:
        if self._replay.full:
            return True
        if self._tip_reached and (self._replay.ended is not None or self._link.ended):
            return True
        return self._is_late() or self._must_seal()

    def _read(self) -> bool:
        """Replay what the log has gained. False at its tip."""
        ended = self._link.ended  # before the read: what it wrote last must still be seen
        frames = self._reader.read()
        if frames and frames[0].position < self._careful_before:
            frames = [piece for frame in frames for piece in by_line(frame)]
        for index, frame in enumerate(frames):
            self._replay.handle(frame)
            if self._replay.full:
                # The limit may have been reached before this frame, which then stays as a whole.
                rest = frames[index:] if self._replay.position < frame.end else frames[index + 1 :]
                self.unhandled_lines = line_ends(rest)
                break
            if frame.position < self._careful_before:
                self._point_behind(frame)
        for gap in self._replay.gaps_to_fill():
            self._link.fill(gap)
        self._tip_reached = not frames and (ended or self._replay.ended is not None)
        return bool(frames)

    def _point_behind(self, frame: Frame) -> None:
        """Write a STATE for one message alone; a log of earlier runs is on disk already."""
        holds_any = frame.kind in {Kind.BYTES, Kind.PAGE}
        if holds_any and frame.end <= self._replay.position and not self._is_late():
            self._checkpoints.write_for_one_message()
            self._push()

    def _is_late(self) -> bool:
        return self._stop is not None and self._clock.monotonic_s() >= self._deadline_s

    def _must_seal(self) -> bool:
        """Whether to read no more, so that what was read can still be sealed in time."""
        if self._stop is None or not self._checkpoints.seals_files:
            return False
        return self._clock.monotonic_s() >= self._deadline_s - self._stop.grace_s / 2

    def _push(self) -> None:
        while not self._output.push(_PUSH_S):
            self._check_window()
            self._report.tick(blocked=True)
            if self._is_late():
                msg = "Stdout took nothing until the end of shutdown_grace_seconds."
                raise OutputBlockedError(msg)
        if (
            not self._checkpoints.seals_files
            and self._replay.position - self._told >= _EMITTED_STEP_BYTES
        ):
            self._tell_emitted()

    def _tell_emitted(self) -> None:
        self._told = self._replay.position
        self._link.emitted(self._replay.export().read_from)

    def _checkpoint_when_due(self) -> None:
        if not self._checkpoints.is_due():
            return
        self.checkpoint()
        self._tell_emitted()
        self._push()

    def _check_window(self) -> None:
        self._report.tick()
        if self._stop:
            return
        self._stop = self._window.check(self._progress())
        if self._stop is None and self._replay.full:
            self._stop = Stop(StopReason.MAX_RECORDS, self._window.window.shutdown_grace_s)
        if self._stop:
            self._deadline_s = self._clock.monotonic_s() + self._stop.grace_s
            logger.info("Stopping: %s.", _WORDS[self._stop.reason])
            self._link.stop()

    def _progress(self) -> Progress:
        tally = self._replay.tally
        steady_s = self._clock.monotonic_s()
        if tally.posts_new != self._posts_seen:
            self._posts_seen, self._post_s = tally.posts_new, steady_s
        return Progress(
            now_s=self._clock.now_s(),
            elapsed_s=steady_s - self._started_s,
            quiet_s=steady_s - self._post_s,
            records_total=tally.records,
            bytes_total=tally.bytes,
            signalled=self._signals.asked,
        )

    def _sleep(self) -> None:
        """At the tip: wait for a ring, a signal or the next moment that matters."""
        until_s = [_LONGEST_SLEEP_S, self._checkpoints.due_in_s()]
        if (
            self._stop is None
            and (due_s := self._window.next_check_s(self._progress())) is not None
        ):
            until_s.append(due_s)
        handles = [self._signals.handle]
        if not self._link.ended:
            handles.append(self._link.ring_handle)
        ready, _, _ = select.select(handles, [], [], max(0.0, min(until_s)))
        if self._signals.handle in ready:
            self._signals.drain()
        if self._link.ring_handle in ready:
            self._link.drain_ring()

    def _outcome(self) -> Outcome:
        ended = self._replay.ended
        deadline_s = self._deadline_s
        if self._stop is None:
            deadline_s = self._clock.monotonic_s() + self._window.window.shutdown_grace_s
        said = (ended.fatal if ended else "") or self._link.last_words
        if said:
            return Outcome(StopReason.FATAL.value, said, deadline_s)
        if self._stop is None:
            if ended is None:
                fatal = "The receiver process died. What it stored is kept; run again to go on."
                return Outcome(StopReason.FATAL.value, fatal, deadline_s)
            return Outcome(StopReason.FINISHED.value, "", deadline_s)
        return Outcome(self._stop.reason.value, "", deadline_s)


def left_in_log(reader: FrameReader, replay: Replay) -> int:
    """Count the line ends that are in the log behind what was emitted."""
    left = 0
    while frames := reader.read():
        left += line_ends(frames)
    return left + replay.unread_lines


def line_ends(frames: list[Frame]) -> int:
    """Count the line ends in what connections sent; a page of search counts as a line."""
    ends = (frame.payload.count(b"\n") for frame in frames if frame.kind is Kind.BYTES)
    return sum(ends) + sum(frame.kind is Kind.PAGE for frame in frames)


_WORDS: dict[Any, str] = {
    StopReason.SIGNAL: "asked to by a signal",
    StopReason.MAX_RECORDS: "max_records is reached",
    StopReason.MAX_BYTES: "max_bytes is reached",
    StopReason.STOP_AT: "stop_at has come",
    StopReason.ALIGNED: "the aligned end of the window has come (align_stop_to_seconds)",
    StopReason.MAX_RUN: "max_run_seconds are over",
    StopReason.IDLE: "no post for idle_exit_seconds",
    StopReason.FATAL: "the capture failed",
    StopReason.FINISHED: "nothing is left to do",
}
