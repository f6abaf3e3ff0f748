"""METRIC lines in the SDK's form, so that whatever reads the logs of other taps reads these."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, cast

from singer_sdk import metrics as sdk_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_twitter_stream.monitoring.figures import RunFigures

INTERVAL_S = 60.0


class CaptureMetric(str, Enum):
    """Names of the figures; the unit, or ``total`` for a count, is in the name."""

    RECEIVED = "stream_received_bytes"
    MESSAGES = "stream_messages_total"
    KEEP_ALIVES = "stream_keep_alives_total"
    DEAD_LETTERS = "stream_dead_letters_total"
    CONNECTS = "stream_connects_total"
    OUTPUT = "stream_output_bytes"
    LAG = "stream_lag_seconds"
    EMITTED = "stream_emitted_total"
    DEDUPLICATED = "stream_deduplicated_total"
    FILTERED = "stream_filtered_total"


def log_figures(figures: RunFigures) -> None:
    """Write one line for each figure of the run so far."""
    for metric, value in (
        (CaptureMetric.RECEIVED, figures.received_bytes),
        (CaptureMetric.MESSAGES, figures.messages),
        (CaptureMetric.KEEP_ALIVES, figures.keep_alives),
        (CaptureMetric.DEAD_LETTERS, figures.dead_letters),
        (CaptureMetric.CONNECTS, figures.connects),
        (CaptureMetric.OUTPUT, figures.output_bytes),
    ):
        _log(metric, value, {})
    if figures.lag_s is not None:
        _log(CaptureMetric.LAG, round(figures.lag_s, 3), {}, kind="gauge")
    for stream, count in figures.streams.items():
        for metric, value in (
            (CaptureMetric.EMITTED, count.emitted),
            (CaptureMetric.DEDUPLICATED, count.deduplicated),
            (CaptureMetric.FILTERED, count.filtered),
        ):
            if value:
                _log(metric, value, {"stream": stream})


def _log(
    metric: CaptureMetric, value: float, tags: Mapping[str, str], kind: str = "counter"
) -> None:
    # The SDK's enum of names is closed and cannot be extended, but only its ``value`` is read.
    point = sdk_metrics.Point(kind, cast("sdk_metrics.Metric", metric), value, dict(tags))
    sdk_metrics.log(sdk_metrics.get_metrics_logger(), point)
