"""A line for a person, METRIC lines for a machine, and never both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_twitter_stream.monitoring.figures import RunFigures, StreamFigures
from tap_twitter_stream.monitoring.progress import ProgressReport
from tests.fakes import FakeClock

if TYPE_CHECKING:
    import pytest

FIGURES = RunFigures(
    received_bytes=9_000,
    posts=3,
    lag_s=0.25,
    open_connections=2,
    streams={"tweets": StreamFigures(emitted=3, deduplicated=1, filtered=0)},
)


class Run:
    """A run whose figures grow while a report looks at them."""

    def __init__(self, *, show: bool, window_s: float | None = None) -> None:
        self.clock = FakeClock()
        self.figures = FIGURES
        ends_s = None if window_s is None else self.clock.now_s() + window_s
        self.report = ProgressReport(lambda: self.figures, self.clock, ends_s=ends_s, show=show)

    def after(self, s: float, *, posts: int, blocked: bool = False) -> None:
        self.clock.advance(s)
        self.figures = replace(self.figures, posts=posts)
        self.report.tick(blocked=blocked)


def metrics(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "METRIC" in record.getMessage()]


def test_a_person_sees_rate_total_lag_connections_and_the_time_left(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = Run(show=True, window_s=60)
    run.after(1, posts=10)
    run.after(2, posts=1_210, blocked=True)
    shown = capsys.readouterr().err.split("\r")
    assert shown[0].endswith("0 posts/s | 10 posts | lag 0.2 s | 2 connected | 59 s left")
    assert "600 posts/s | 1,210 posts" in shown[1]
    assert shown[1].endswith("57 s left | waiting for the target")
    run.report.finish()
    assert capsys.readouterr().err == "\x1b[2K", "the line is left to the shell"
    assert metrics(caplog) == []


def test_a_line_comes_once_a_second_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(show=True)
    for _ in range(20):
        run.after(0.125, posts=1)
    assert capsys.readouterr().err.count("\r") == 2


def test_a_machine_gets_metrics_once_a_minute_and_at_the_end(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = Run(show=False)
    run.after(59, posts=5)
    assert metrics(caplog) == []
    run.after(1, posts=6)
    once = metrics(caplog)
    assert sum("stream_received_bytes" in line for line in once) == 1
    assert any('"stream_emitted_total"' in line and '"tweets"' in line for line in once)
    assert any("stream_lag_seconds" in line and "0.25" in line for line in once)
    assert not any("stream_filtered_total" in line for line in once), "zeros are left out"
    run.report.finish()
    assert len(metrics(caplog)) == 2 * len(once)
    assert capsys.readouterr().err == ""
