"""What monitoring shows of a run, read from the parts that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.monitoring.figures import RunFigures, StreamFigures

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.replay.replay import Replay


def run_figures(replay: Replay, emitter: Emitter, output: Output) -> RunFigures:
    """Return the figures of a run as they are now."""
    tally = replay.tally
    return RunFigures(
        received_bytes=tally.bytes,
        messages=tally.messages,
        keep_alives=tally.keep_alives,
        dead_letters=tally.dead_letters,
        connects=tally.connects,
        output_bytes=output.written_bytes,
        posts=tally.records,
        lag_s=tally.last_lag_s,
        open_connections=replay.open_total,
        streams={
            name: StreamFigures(count.emitted, count.deduplicated, count.filtered)
            for name, count in emitter.counts.items()
        },
    )
