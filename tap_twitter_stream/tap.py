"""The Singer entry: settings, streams, and the life of one run."""

from __future__ import annotations

import copy
import logging
import os
import secrets
import shutil
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_twitter_stream.api.redact import install
from tap_twitter_stream.capture import Capture, Outcome, Signals, left_in_log
from tap_twitter_stream.certificate import window_row
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.singer_writer import BufferedWriter
from tap_twitter_stream.errors import (
    OutputBlockedError,
    SettingsError,
    TapTwitterStreamError,
)
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.policy.window import OpenWindow
from tap_twitter_stream.progress import ProgressReport
from tap_twitter_stream.receiver_link import ReceiverLink
from tap_twitter_stream.receiver_protocol import Order
from tap_twitter_stream.replay import Replay, ReplayOptions
from tap_twitter_stream.settings import ForeignMatches, ProgressLine, Settings, parse_settings
from tap_twitter_stream.settings_schema import SETTINGS_SCHEMA
from tap_twitter_stream.spool.folder import temporary_folder
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.state import CaptureState, from_bookmark
from tap_twitter_stream.streams import STREAM_TYPES, CapturedStream, CaptureWindows
from tap_twitter_stream.wire.endpoints import COMMON_STREAMS, ENDPOINTS
from tap_twitter_stream.wire.route import iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    import click

EXIT_FAILED, EXIT_UNBALANCED, EXIT_BLOCKED = 1, 3, 4
_SAME_REQUEST_S = 1.0
_DRY_RUN_S = 20.0


class TapTwitterStream(Tap):
    """Captures X/Twitter's streaming endpoints into Singer streams."""

    name = "tap-twitter-stream"
    package_name = "tap-twitter-stream"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS_SCHEMA)
    message_writer_class = BufferedWriter
    # No BATCH: the SDK's ignores selection and stream maps. No ACTIVATE_VERSION: streams append.
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to the SDK
        self.exit_code = 0
        self.failure = ""
        self._clock = Clock()
        self._signals = Signals()
        self._signalled_s: float | None = None
        self._capturing = False
        self._final_deadline_s: float | None = None
        super().__init__(*args, **kwargs)

    # Configuration

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the configuration with sentences a person can act on, all at once."""
        self.append_builtin_config(self.config_jsonschema)
        try:
            settings = parse_settings(self.config)
        except SettingsError as error:
            if raise_errors:
                msg = "The configuration cannot work"
                raise ConfigValidationError(msg, errors=error.errors, schema={}) from error
            return error.errors
        install(settings)
        return []

    @cached_property
    def settings(self) -> Settings:
        """The configuration, checked and frozen."""
        return parse_settings(self.config)

    def discover_streams(self) -> list[CapturedStream]:
        """Return every stream, whatever the settings: discovery needs no configuration."""
        self.logger.addFilter(_without_child_lines)
        return [stream_type(self) for stream_type in STREAM_TYPES]

    # The run

    @classmethod
    def invoke(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to the SDK
        """Run the tap, and end with one sentence and the exit code that fits."""
        started: list[TapTwitterStream] = []
        cls._started = started
        try:
            super().invoke(**kwargs)
            if started:
                started[0].finish_output()
        except TapTwitterStreamError as error:
            cls.logger.critical("%s", error)
            _leave(EXIT_BLOCKED if isinstance(error, OutputBlockedError) else EXIT_FAILED)
        if started and started[0].exit_code:
            _leave(started[0].exit_code)

    _started: ClassVar[list[TapTwitterStream]] = []

    def run_capture(self, parent: CaptureWindows, limit: int | None) -> Iterator[dict[str, Any]]:
        """Capture until the window is over; yield the window's row.

        Args:
            parent: The stream whose bookmark holds the position.
            limit: Records to stop after, for a dry run; None for a real one.
        """
        self._started.append(self)
        self._capturing = True
        settings = self.settings
        for warning in settings.warnings:
            self.logger.warning("%s", warning)
        if limit is not None:
            window = replace(settings.window, max_records=limit, max_run_s=_DRY_RUN_S)
            settings = replace(settings, window=window, spool=replace(settings.spool, dir=None))
        folder, durable = self._spool_folder(settings)
        try:
            yield from self._run(parent, settings, folder, durable=durable)
        finally:
            if not durable:
                shutil.rmtree(folder, ignore_errors=True)

    def _run(
        self, parent: CaptureWindows, settings: Settings, folder: Path, *, durable: bool
    ) -> Iterator[dict[str, Any]]:
        state, complaint = from_bookmark(parent.bookmark)
        if complaint:
            self.logger.warning("%s", complaint)
        window_id = f"{self._clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        started_s = self._clock.now_s()
        lanes = self._lanes(parent, settings)
        output = self.output
        emitter = Emitter(output, lanes)
        link = ReceiverLink(self._order(settings, folder, window_id, state, durable=durable))
        resume = link.hello.resume
        if link.hello.note:
            self.logger.warning("%s", link.hello.note)
        if state and (state.spool_id != link.hello.spool_id or state.read_from != resume):
            state = replace(state, spool_id=link.hello.spool_id, position=resume, connections=[])
        replay = self._replay(settings, emitter, link, state)
        reader = LogReader(folder, resume, verify_before=link.hello.end)
        open_window = OpenWindow(settings.window, started_s)
        report = self._report(settings, emitter, open_window)
        capture = Capture(
            link=link,
            reader=reader,
            replay=replay,
            output=output,
            window=open_window,
            clock=self._clock,
            signals=self._signals,
            write_state=lambda position: parent.write_capture_state(position, self._now()),
            state_interval_s=settings.output.state_interval_s,
            durable=durable,
            report=report,
        )
        try:
            outcome = capture.run()
            replay.emit_open_gaps(self._clock.now_us())
            left = left_in_log(reader, replay) + capture.unhandled_lines
            self._judge(outcome, replay, emitter)
            if durable:
                reader.sync()
            parent.set_capture_state(replay.export(certified=True), self._now())
            yield window_row(
                replay,
                emitter,
                stop_reason=outcome.reason,
                exit_code=self.exit_code,
                start_position=resume,
                left_lines=left,
                ended_us=self._clock.now_us(),
            )
        finally:
            reader.close()
            report.finish(replay)
        self._final_deadline_s = outcome.deadline_s

    def _judge(self, outcome: Outcome, replay: Replay, emitter: Emitter) -> None:
        """Set the exit code: 1 when the capture failed, 3 when the books do not balance."""
        if outcome.fatal:
            self.failure, self.exit_code = outcome.fatal, EXIT_FAILED
            self.logger.critical("%s", outcome.fatal)
        unbalanced = [name for name, count in emitter.counts.items() if not count.balanced]
        if unbalanced or not replay.tally.balanced:
            self.exit_code = EXIT_UNBALANCED
            self.logger.critical(
                "The books of this run do not balance (%s). Please report it.",
                ", ".join(unbalanced) or "lines",
            )

    def finish_output(self) -> None:
        """Hand over what is still buffered, the last STATE included.

        Raises:
            OutputBlockedError: Stdout does not take it before the grace is over.
        """
        deadline_s = self._final_deadline_s or self._clock.now_s()
        while not self.output.push(0.2):
            if self._clock.now_s() >= deadline_s:
                msg = "Stdout took no more before shutdown_grace_seconds were over."
                raise OutputBlockedError(msg)

    @property
    def output(self) -> Any:  # noqa: ANN401 - the SDK types the writer as its base class
        """The one buffer in front of stdout."""
        return self.message_writer.output  # type: ignore[attr-defined]

    def test_connection(self) -> None:
        """Make one connection for ``--test``."""
        from tap_twitter_stream.api.probe import probe  # noqa: PLC0415 - the receiver's side

        self.logger.info(
            "Connected to '%s': credentials and settings work.", probe(self.settings, self._clock)
        )

    def _lanes(self, parent: CaptureWindows, settings: Settings) -> dict[str, Any]:
        """Write SCHEMA messages and choose each stream's lane."""
        fillable = set(COMMON_STREAMS)
        for name in settings.endpoints:
            fillable.update(ENDPOINTS[name].streams)
        if not settings.output.raw_messages:
            fillable.discard("raw_messages")
        unfilled = []
        lanes = {parent.name: parent.lane(fast_path=False)}
        for child in parent.children:
            lane = child.lane(fast_path=settings.output.fast_path)
            if lane and child.name not in fillable:
                unfilled.append(child.name)
                lane = None
            if lane:
                child.write_schema()
            lanes[child.name] = lane
        if unfilled:
            self.logger.info(
                "No record can come for %s with these settings.", ", ".join(sorted(unfilled))
            )
        return lanes

    def _order(
        self,
        settings: Settings,
        folder: Path,
        window_id: str,
        state: CaptureState | None,
        *,
        durable: bool,
    ) -> Order:
        return Order(
            config={**self.config, "spool_dir": settings.spool.dir},
            window_id=window_id,
            folder=str(folder),
            durable=durable,
            max_bytes=settings.spool.max_bytes,
            tap_version=self.plugin_version,
            state_spool_id=state.spool_id if state else None,
            state_position=state.read_from if state else None,
        )

    def _replay(
        self, settings: Settings, emitter: Emitter, link: ReceiverLink, state: CaptureState | None
    ) -> Replay:
        rules = settings.rules
        options = ReplayOptions(
            spool_id=link.hello.spool_id,
            max_line_bytes=settings.network.max_line_bytes,
            raw_messages=settings.output.raw_messages,
            tag_prefix=rules.tag_prefix,
            drop_foreign=rules.foreign_matches is ForeignMatches.DROP,
            max_records=settings.window.max_records,
        )
        dedupe = Dedupe(settings.dedupe.window_s, settings.dedupe.max_ids)
        replay = Replay(options, emitter, dedupe, state)
        replay.position = state.position if state else link.hello.resume
        return replay

    def _report(
        self, settings: Settings, emitter: Emitter, open_window: OpenWindow
    ) -> ProgressReport:
        wanted = settings.output.progress
        show = wanted is ProgressLine.ON or (wanted is ProgressLine.AUTO and sys.stderr.isatty())
        end = open_window.ends_s()
        return ProgressReport(
            emitter, self.output, self._clock, ends_s=end[1] if end else None, show=show
        )

    def _spool_folder(self, settings: Settings) -> tuple[Path, bool]:
        """Return the log's folder, and whether it outlives the run; say which promise holds."""
        if settings.spool.dir:
            self.logger.info(
                "Capturing %s. What is received is on disk within %d ms (%s) and survives a crash.",
                ", ".join(settings.endpoints),
                settings.spool.fsync_ms,
                settings.spool.dir,
            )
            return Path(settings.spool.dir), True
        folder, on_disk = temporary_folder()
        self.logger.info(
            "Capturing %s. Without spool_dir a crash loses what was received and not yet emitted.",
            ", ".join(settings.endpoints),
        )
        if not on_disk:
            self.logger.warning(
                "The temporary spool %s is in memory: set spool_dir to a disk.", folder
            )
        return folder, False

    def _now(self) -> str:
        return iso(self._clock.now_us())

    # The edge: signals and commands

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Ask the capture to stop; a second request ends the process at once.

        Runners send two signals within milliseconds for one request (Ctrl-C reaches the group and
        is then passed on as SIGTERM), so what follows within a second is the same request.
        """
        if not self._capturing:
            super()._handle_termination(signum, frame)
        now_s = self._clock.monotonic_s()
        if self._signalled_s is not None and now_s - self._signalled_s > _SAME_REQUEST_S:
            os._exit(128 + signum)
        self._signalled_s = self._signalled_s or now_s
        self._signals.ask()

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run ``--test``, and say in one sentence why it failed."""
        try:
            super().cb_test(ctx, param, value)
        except TapTwitterStreamError as error:
            cls.logger.critical("%s", error)
            ctx.exit(EXIT_FAILED)


def _without_child_lines(record: logging.LogRecord) -> bool:
    """Leave out the SDK's line per child stream: it tells nobody anything here."""
    return "as child stream to" not in str(record.msg)


def _leave(code: int) -> None:
    """End with a code; nothing is flushed, as stdout may be what is stuck."""
    logging.shutdown()
    os._exit(code)
