"""One run: put the parts together, let them capture, judge what came of it."""

from __future__ import annotations

import logging
import secrets
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tap_twitter_stream.capture.certificate import window_row
from tap_twitter_stream.capture.checkpoint import Checkpoints, StateStream, held_state, open_files
from tap_twitter_stream.capture.figures import run_figures
from tap_twitter_stream.capture.live_source import Receiving
from tap_twitter_stream.capture.loop import Capture, Outcome, left_in_log
from tap_twitter_stream.coverage.gaps import GapPolicy
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.parquet.run_facts import RunFacts
from tap_twitter_stream.instants import parse_us
from tap_twitter_stream.monitoring.progress import ProgressReport
from tap_twitter_stream.policy.remedies import amount
from tap_twitter_stream.policy.window import OpenWindow
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.settings.values import ForeignMatches, ProgressLine, Settings
from tap_twitter_stream.spool.entries import Window
from tap_twitter_stream.state import from_bookmark
from tap_twitter_stream.wire.endpoints import ARCHIVE, COMMON_STREAMS, ENDPOINTS
from tap_twitter_stream.wire.rows import encode_row
from tap_twitter_stream.wire.stamps import capture_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_twitter_stream.capture.signals import Signals
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.emit.lanes import Lane
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.emit.parquet.files import FileOutput
    from tap_twitter_stream.replay.source import Source
from tap_twitter_stream.state import CaptureState

EXIT_FAILED, EXIT_UNBALANCED, EXIT_BLOCKED = 1, 3, 4
_DRY_RUN_S = 20.0
_NO_END = 1 << 62  # no log is so long

logger = logging.getLogger("tap-twitter-stream")


class RecordStream(Protocol):
    """What a run needs of a stream that it fills."""

    name: str

    @property
    def selected(self) -> bool:
        """Whether the catalog selects it."""

    def lane(self, *, fast_path: bool, files: FileOutput | None = None) -> Lane | None:
        """Return how its records are written, None if they are not."""

    def write_schema(self) -> None:
        """Write its SCHEMA message."""


class WindowStream(RecordStream, StateStream, Protocol):
    """What a run needs of the parent stream, whose bookmark and row are the capture's."""

    @property
    def bookmark(self) -> object:
        """The capture's part of the STATE that the run began with."""

    @property
    def children(self) -> Sequence[RecordStream]:
        """The streams that the run fills."""


class Run:
    """One window, from the receiver's start to the certificate.

    Args:
        parent: The stream whose bookmark holds the position, and whose row is the certificate.
    """

    def __init__(  # noqa: PLR0913 - the seams of a run, each named at the only call
        self,
        parent: WindowStream,
        settings: Settings,
        *,
        output: Output,
        clock: Clock,
        signals: Signals,
        version: str,
    ) -> None:
        self._parent = parent
        self._settings = settings
        self._output = output
        self._clock = clock
        self._signals = signals
        self._version = version
        self._window_id = f"{clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self.exit_code = 0
        self._receiving: Receiving | None = None
        self.deadline_s: float | None = None  # of handing over the buffer, by the monotonic clock

    def ended(self) -> None:
        """Note that the run ended by no message's doing."""
        if self._receiving:
            self._receiving.ended()

    def rows(self, limit: int | None) -> Iterator[dict[str, Any]]:
        """Capture until the window is over; yield the window's row.

        Args:
            limit: Records to stop after, for a dry run; None for a real one.
        """
        for warning in self._settings.warnings:
            logger.warning("%s", warning)
        if limit is not None:
            self._settings = _dry_run(self._settings, limit)
        if self._settings.archive_paths:
            yield from self._capture(self._archived)
            return
        self._receiving = Receiving(
            self._settings,
            self._clock,
            window_id=self._window_id,
            version=self._version,
        )
        try:
            yield from self._capture(self._receiving.open)
        finally:
            self._receiving.close()

    def _archived(self, state: CaptureState | None) -> Source:
        from tap_twitter_stream.archive.source import open_archive  # noqa: PLC0415 - rarely used

        window = Window(
            window_id=self._window_id,
            endpoints=self._settings.endpoints,
            tap_version=self._version,
        )
        return open_archive(self._settings, state, window, self._clock)

    def _capture(
        self, open_source: Callable[[CaptureState | None], Source]
    ) -> Iterator[dict[str, Any]]:
        state, complaint = from_bookmark(self._parent.bookmark)
        if complaint:
            logger.warning("%s", complaint)
        window = OpenWindow(self._settings.window, self._clock.now_s())
        files = open_files(self._settings.files)
        if files and state:
            state = held_state(files, state)
        emitter = Emitter(self._output, self._lanes(files))
        source = open_source(state)
        replay = self._replay(emitter, source)
        report = self._report(replay, emitter, window)
        checkpoints = self._checkpoints(source, replay, files)
        capture = Capture(
            source=source,
            replay=replay,
            checkpoints=checkpoints,
            output=self._output,
            window=window,
            clock=self._clock,
            signals=self._signals,
            report=report,
            careful_before=source.careful_before(replay) if source.careful_before else 0,
        )
        try:
            outcome = capture.run()
            checkpoints.finish_files(outcome.deadline_s)
            if not source.durable:
                replay.leave_log(self._clock.now_us())
            left_lines = left_in_log(source.reader, replay) + capture.unhandled_lines
            self._judge(outcome, replay, emitter)
            checkpoints.certify()
            row = window_row(
                replay,
                emitter,
                stop_reason=outcome.reason,
                exit_code=self.exit_code,
                start_position=source.resume,
                left_lines=left_lines,
                ended_us=self._clock.now_us(),
                price_per_post_usd=self._settings.gap_fill.price_per_post_usd,
            )
            if files:
                stamp = capture_stamp(parse_us(row["ended_at"]))
                emitter.write("capture_windows", encode_row(row), stamp)
                checkpoints.finish_files(outcome.deadline_s, certified=True)
            else:
                yield {**row, "_captured_at": row["ended_at"]}
            self.deadline_s = outcome.deadline_s
            _tell(replay)
        finally:
            source.reader.close()
            report.finish()
            if files:
                files.close()

    def _checkpoints(self, source: Source, replay: Replay, files: FileOutput | None) -> Checkpoints:
        checkpoints = Checkpoints(
            self._parent,
            source,
            replay,
            self._output,
            self._clock,
            interval_s=self._checkpoint_s,
            files=files,
        )
        checkpoints.begin_run(self._facts(source, replay.export()))
        return checkpoints

    def _facts(self, source: Source, began: CaptureState) -> RunFacts:
        archive = bool(self._settings.archive_paths)
        return RunFacts(
            window_id=self._window_id,
            spool_id=began.spool_id,
            # The frames of an archive are made anew by each run, all of them behind its start.
            start=(began.position, 0) if archive else began.mark,
            # And it is read from any place; a log may have lost what lay behind its end.
            log_end=source.own_from if source.durable else _NO_END,
            durable=source.durable or archive,
            tap_version=self._version,
        )

    def _judge(self, outcome: Outcome, replay: Replay, emitter: Emitter) -> None:
        """Set the exit code: 1 when the capture failed, 3 when the books do not balance."""
        if outcome.fatal:
            self.exit_code = EXIT_FAILED
            logger.critical("%s", outcome.fatal)
        elif not replay.tally.connections and not self._settings.archive_paths:
            logger.warning("Nothing was connected in this window; capture_connections says why.")
        unbalanced = [name for name, count in emitter.counts.items() if not count.balanced]
        if unbalanced or not replay.tally.balanced:
            self.exit_code = EXIT_UNBALANCED
            logger.critical(
                "The books of this run do not balance (%s). Please report it.",
                ", ".join(unbalanced) or "lines",
            )

    @property
    def _checkpoint_s(self) -> float:
        settings = self._settings
        return settings.files.seal_s if settings.files else settings.output.state_interval_s

    def _lanes(self, files: FileOutput | None) -> dict[str, Lane | None]:
        """Write SCHEMA messages and choose each stream's lane."""
        settings = self._settings
        fillable = set(COMMON_STREAMS)
        for name in settings.endpoints:
            fillable.update(ENDPOINTS[name].streams)
        if not settings.output.raw_messages:
            fillable.discard("raw_messages")
        unfilled = []
        lanes = {self._parent.name: self._parent.lane(fast_path=files is not None, files=files)}
        for child in self._parent.children:
            if child.selected and child.name not in fillable:
                lanes[child.name] = None
                if child.name != "raw_messages":  # off by default: no news
                    unfilled.append(child.name)
                continue
            lanes[child.name] = child.lane(fast_path=settings.output.fast_path, files=files)
            if lanes[child.name]:
                child.write_schema()
        if unfilled:
            names = ", ".join(sorted(unfilled))
            logger.info("No record can come for %s with these settings.", names)
        return lanes

    def _replay(self, emitter: Emitter, source: Source) -> Replay:
        settings = self._settings
        options = ReplayOptions(
            spool_id=source.spool_id,
            max_line_bytes=source.max_line_bytes,
            raw_messages=settings.output.raw_messages,
            tag_prefix=settings.rules.tag_prefix,
            drop_foreign=settings.rules.foreign_matches is ForeignMatches.DROP,
            max_records=settings.window.max_records,
            own_from=source.own_from,
            log_continues=source.log_continues,
            latest=source.latest,
            gaps=GapPolicy(self._settings.fillable, settings.gap_fill.idle_is_gap),
        )
        delivery = source.delivery(options, emitter, source.dedupe)
        replay = Replay(options, emitter, source.dedupe, source.state, delivery)
        replay.position = source.state.position if source.state else source.resume
        return replay

    def _report(self, replay: Replay, emitter: Emitter, window: OpenWindow) -> ProgressReport:
        wanted = self._settings.output.progress
        show = wanted is ProgressLine.ON or (wanted is ProgressLine.AUTO and sys.stderr.isatty())
        end = window.ends_s()
        figures = partial(run_figures, replay, emitter, self._output)
        return ProgressReport(figures, self._clock, ends_s=end[1] if end else None, show=show)


def _tell(replay: Replay) -> None:
    """Say in one line what the window came to."""
    tally, seconds = replay.tally, replay.ledger.seconds
    if ARCHIVE in replay.window.endpoints:
        logger.info(
            "Read %s and %s from %s, counting members, %s.",
            amount(tally.posts_new, "post"),
            amount(tally.events, "event"),
            amount(tally.connections, "file"),
            amount(tally.dead_letters, "dead letter"),
        )
        return
    logger.info(
        "Captured %s: %.1f s covered, %.1f s lost, %s, %s.",
        amount(tally.posts_new, "post"),
        seconds.get("covered", 0.0),
        seconds.get("lost", 0.0),
        amount(tally.connections, "connection"),
        amount(tally.dead_letters, "dead letter"),
    )


def _dry_run(settings: Settings, limit: int) -> Settings:
    """Return settings for a run of at most ``limit`` records that leaves no spool behind."""
    window = replace(settings.window, max_records=limit, max_run_s=_DRY_RUN_S)
    return replace(settings, window=window, spool=replace(settings.spool, dir=None), files=None)
