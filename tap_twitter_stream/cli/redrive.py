"""``twitter-stream redrive``: send dead letters through the pipeline again, as Singer messages."""

from __future__ import annotations

import json
import sys
from typing import IO, TYPE_CHECKING, Any

import click

from tap_twitter_stream.clock import Clock
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.errors import OutputClosedError, SettingsError
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.values import ForeignMatches, Settings
from tap_twitter_stream.tap import TapTwitterStream
from tap_twitter_stream.tools.redrive import Redrive, read_letter
from tap_twitter_stream.wire.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from tap_twitter_stream.emit.lanes import Lane
    from tap_twitter_stream.streams import CapturedStream
    from tap_twitter_stream.wire.stamps import Stamp

_PUSH_S = 1.0
_UNBALANCED = 3


class _AnnouncedLane:
    """Writes a stream's SCHEMA before its first record, so that none comes without need."""

    def __init__(self, stream: CapturedStream, lane: Lane) -> None:
        self._stream = stream
        self._lane = lane
        self._announced = False

    def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
        """Append the lines for one record; see ``Lane``."""
        if not self._announced:
            self._announced = True
            self._stream.write_schema()
        return self._lane.write(raw, stamp, parts)


def _settings(file: IO[str] | None) -> tuple[dict[str, Any], Settings]:
    try:
        config = json.load(file) if file else {}
        return config, parse_settings(config, require_auth=False)
    except (ValueError, SettingsError) as error:
        message = f"The configuration cannot be used: {error}"
        raise click.ClickException(message) from error


def _emitter(tap: TapTwitterStream, settings: Settings) -> Emitter:
    lanes: dict[str, Lane | None] = {}
    for stream in tap.streams.values():
        lane = stream.lane(fast_path=settings.output.fast_path)  # type: ignore[attr-defined]
        lanes[stream.name] = lane and _AnnouncedLane(stream, lane)  # type: ignore[arg-type]
    return Emitter(tap.output, lanes)


def _tell(redrive: Redrive, emitter: Emitter, skipped: int) -> bool:
    """Say what came of the file; return whether the books balance."""
    tally, counts = redrive.tally, emitter.counts
    emitted = sum(count.emitted for name, count in counts.items() if name != "dead_letters")
    click.echo(
        f"Read {tally.lines} lines: {tally.messages} messages, {tally.keep_alives} empty, "
        f"{tally.dead_letters} still dead letters. Emitted {emitted} records; "
        f"left out {redrive.repeated} letters that came twice and {skipped} other lines.",
        err=True,
    )
    return tally.balanced and all(count.balanced for count in counts.values())


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--config", type=click.File("r"), help="The tap's settings, as for a run.")
@click.option(
    "--endpoint",
    type=click.Choice(sorted(ENDPOINTS)),
    default="filtered",
    show_default=True,
    help="Whose lines those are that no letter says it of.",
)
def redrive(file: IO[bytes], config: IO[str] | None, endpoint: str) -> None:
    """Send the dead letters in FILE through the pipeline again; ``-`` reads standard input.

    FILE holds rows of ``dead_letters`` as JSON lines, Singer messages, or the lines themselves,
    mended. What still cannot be read comes out as the letter that it was.
    """
    raw, settings = _settings(config)
    tap = TapTwitterStream(config=raw, validate_config=False)
    options = ReplayOptions(
        spool_id="redrive",
        max_line_bytes=settings.network.max_line_bytes,
        raw_messages=False,
        tag_prefix=settings.rules.tag_prefix,
        drop_foreign=settings.rules.foreign_matches is ForeignMatches.DROP,
    )
    emitter = _emitter(tap, settings)
    again, clock, skipped = Redrive(options, emitter), Clock(), 0
    try:
        for number, line in enumerate(file, 1):
            letter = read_letter(line, endpoint, clock.now_us())
            if letter is None:
                skipped += bool(line.strip())
            elif why := again.deliver(letter):
                click.echo(f"Line {number} still cannot be read: {why}.", err=True)
            while not tap.output.push(_PUSH_S):
                pass
    except OutputClosedError as error:
        raise click.ClickException(str(error)) from error
    if not _tell(again, emitter, skipped):
        sys.exit(_UNBALANCED)
