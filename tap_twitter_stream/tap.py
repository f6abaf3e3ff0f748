"""The Singer entry: settings, streams, and the life of one run."""

from __future__ import annotations

import copy
import logging
import os
import signal
import sys
from contextlib import suppress
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from dotenv import find_dotenv, load_dotenv
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_twitter_stream.api.redact import install
from tap_twitter_stream.capture.run import EXIT_BLOCKED, EXIT_FAILED, Run
from tap_twitter_stream.capture.signals import Signals
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.emit.singer_writer import BufferedWriter
from tap_twitter_stream.errors import (
    OutputBlockedError,
    OutputClosedError,
    SettingsError,
    TapTwitterStreamError,
)
from tap_twitter_stream.settings.command_files import (
    JsonFile,
    config_problem,
    read_object,
    state_problem,
)
from tap_twitter_stream.settings.environment import environment_settings
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tap_twitter_stream.streams import STREAM_TYPES, CapturedStream, CaptureWindows
from tap_twitter_stream.streams.catalog import catalog_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    import click

    from tap_twitter_stream.settings.values import Settings

_SAME_REQUEST_S = 1.0


class TapTwitterStream(Tap):
    """Captures X/Twitter's streaming endpoints into Singer streams."""

    name = "tap-twitter-stream"
    package_name = "tap-twitter-stream"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS_SCHEMA)
    message_writer_class = BufferedWriter
    # BATCH is our own writer's. No ACTIVATE_VERSION: streams append.
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to the SDK
        self._clock = Clock()
        self._signals = Signals()
        self._signalled_s: float | None = None
        self._run: Run | None = None
        super().__init__(*args, **kwargs)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored
            with suppress(ValueError):  # signals are the main thread's alone
                signal.signal(signal.SIGHUP, self._handle_termination)
        TapTwitterStream._latest = self

    # Configuration

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the configuration with sentences a person can act on, all at once."""
        self.append_builtin_config(self.config_jsonschema)
        try:
            settings = parse_settings(self._plain_config)
        except SettingsError as error:
            if raise_errors:
                msg = "The configuration cannot work"
                raise ConfigValidationError(msg, errors=error.errors, schema={}) from error
            return error.errors
        install(settings)
        return []

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        """Settings from the environment. The SDK's reader knows no numbers, and fails bare."""
        load_dotenv(find_dotenv(usecwd=True))
        schema = copy.deepcopy(cls.config_jsonschema)
        cls.append_builtin_config(schema)
        values, errors = environment_settings(os.environ, cls._env_var_prefix, schema)
        if errors:
            msg = "The environment cannot be read"
            raise ConfigValidationError(msg, errors=errors, schema={})
        return values

    @property
    def _plain_config(self) -> dict[str, Any]:
        """The configuration with floats, of which the SDK's JSON reader makes decimals."""
        return {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in self.config.items()
        }

    @cached_property
    def settings(self) -> Settings:
        """The configuration, checked and frozen."""
        return parse_settings(self._plain_config)

    def setup_mapper(self) -> None:
        """Set up stream maps, after every stream has corrected its entry in the catalog."""
        _ = self.streams
        super().setup_mapper()

    def discover_streams(self) -> list[CapturedStream]:
        """Return every stream, whatever the settings: discovery needs no configuration."""
        return [stream_type(self) for stream_type in STREAM_TYPES]

    # The run

    @classmethod
    def invoke(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to the SDK
        """Run the tap, and end with one sentence and the exit code that fits."""
        try:
            super().invoke(**kwargs)
            tap = cls._latest
            if tap:
                tap.finish_output()
                tap.note_end()
        except TapTwitterStreamError as error:
            cls.logger.critical("%s", error)
            if cls._latest and not isinstance(error, OutputClosedError):
                cls._latest.note_end()
            _leave(EXIT_BLOCKED if isinstance(error, OutputBlockedError) else EXIT_FAILED)
        if tap and tap.exit_code:
            _leave(tap.exit_code)

    _latest: ClassVar[TapTwitterStream | None] = None
    """The tap that ``invoke`` made; the SDK keeps it to itself."""

    @property
    def exit_code(self) -> int:
        """What the run came to: 0 when it did what it was asked to."""
        return self._run.exit_code if self._run else 0

    def run_capture(self, parent: CaptureWindows, limit: int | None) -> Iterator[dict[str, Any]]:
        """Run one window; yield its row. ``limit`` bounds a dry run's records."""
        self._run = Run(
            parent,
            self.settings,
            output=self.output,
            clock=self._clock,
            signals=self._signals,
            version=self.plugin_version,
        )
        yield from self._run.rows(limit)

    def finish_output(self) -> None:
        """Hand over what is still buffered, the last STATE included.

        Raises:
            OutputBlockedError: Stdout does not take it before the grace is over.
        """
        deadline_s = (self._run and self._run.deadline_s) or self._clock.monotonic_s()
        while not self.output.push(0.2):
            if self._clock.monotonic_s() >= deadline_s:
                msg = "Stdout took no more before shutdown_grace_seconds were over."
                raise OutputBlockedError(msg)

    def note_end(self) -> None:
        """Note that the run ended by no message's doing: it is not what the next may trip over."""
        if self._run:
            self._run.ended()

    @property
    def output(self) -> Any:  # noqa: ANN401 - the SDK types the writer as its base class
        """The one buffer in front of stdout."""
        return self.message_writer.output  # type: ignore[attr-defined]

    def test_connection(self) -> None:
        """Make one connection for ``--test``; open one file where no connection is asked for."""
        if self.settings.archive_paths:
            from tap_twitter_stream.archive.source import probe_archive  # noqa: PLC0415 - rarely used

            self.logger.info("%s", probe_archive(self.settings))
            return
        from tap_twitter_stream.receive.probe import probe  # noqa: PLC0415 - the receiver's side

        self.logger.info("%s", probe(self.settings, self._clock))

    # The edge: signals and commands

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Ask the capture to stop; a second request ends the process at once.

        Runners send two signals within milliseconds for one request (Ctrl-C reaches the group and
        is then passed on as SIGTERM), so what follows within a second is the same request.
        """
        if self._run is None:
            super()._handle_termination(signum, frame)
        now_s = self._clock.monotonic_s()
        if self._signalled_s is not None and now_s - self._signalled_s > _SAME_REQUEST_S:
            os._exit(128 + signum)
        self._signalled_s = self._signalled_s or now_s
        self.note_end()  # from here on it is cut short because someone wants it
        self._signals.ask()

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, with files whose faults are said in one sentence."""
        _fill_standard_handles()
        cls.logger.addFilter(_without_idle_lines)
        command = super().get_singer_command()
        known = [vars(stream_type)["name"] for stream_type in STREAM_TYPES]
        checks: dict[str | None, Callable[[dict[str, Any]], str]] = {
            "catalog": partial(catalog_problem, known=known),
            "state": state_problem,
        }
        for param in command.params:
            if param.name in checks:
                param.type = JsonFile(f"--{param.name}", checks[param.name])
        return command

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401
        """Check that each config file holds settings before the SDK reads it."""
        for path in value:
            if path != "ENV":
                read_object("--config", path, config_problem)
        return super().cb_config(ctx, param, value)

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run ``--test``, and say in one sentence why it failed."""
        try:
            super().cb_test(ctx, param, value)
        except ConfigValidationError as error:  # the SDK catches it only where it is no callback
            for problem in error.errors:
                cls.logger.error("%s", problem)  # noqa: TRY400 - a sentence, no traceback
            ctx.exit(EXIT_FAILED)
        except TapTwitterStreamError as error:
            cls.logger.critical("%s", error)
            ctx.exit(EXIT_FAILED)


def _fill_standard_handles() -> None:
    """Open what the process was started without, so that no file of ours becomes its stderr."""
    handle = os.open(os.devnull, os.O_RDWR)
    while handle <= 2:  # noqa: PLR2004 - the lowest free number is given out: 0, 1 or 2
        os.set_inheritable(handle, True)  # noqa: FBT003 - os takes it by position
        handle = os.open(os.devnull, os.O_RDWR)
    os.close(handle)
    sys.stderr = sys.stderr or os.fdopen(os.dup(2), "w")


def _without_idle_lines(record: logging.LogRecord) -> bool:
    """Leave out what the SDK says per child stream and behind our sentences on the settings."""
    said = str(record.msg)
    return "as child stream to" not in said and said != "Config validation failed"


def _leave(code: int) -> None:
    """End with a code; nothing is flushed, as stdout may be what is stuck."""
    logging.shutdown()
    os._exit(code)
