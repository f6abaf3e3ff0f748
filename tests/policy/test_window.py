from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.window import OpenWindow, Progress, Stop, StopReason, Window
from tests.fakes import START_S


def opened(**bounds: object) -> OpenWindow:
    return OpenWindow(Window(**bounds), START_S)  # type: ignore[arg-type]  # checked by the class


def progress(after_s: float = 0.0, **more: object) -> Progress:
    """Return the progress after some seconds without a post, by both clocks."""
    values = {"now_s": START_S + after_s, "elapsed_s": after_s, "quiet_s": after_s, **more}
    return Progress(**values)  # type: ignore[arg-type]  # the same


@pytest.mark.parametrize(
    ("bounds", "before", "at", "reason"),
    [
        (
            {"max_records": 5},
            progress(records_total=4),
            progress(records_total=5),
            StopReason.MAX_RECORDS,
        ),
        (
            {"max_bytes": 100},
            progress(bytes_total=99),
            progress(bytes_total=120),
            StopReason.MAX_BYTES,
        ),
        ({"max_run_s": 60.0}, progress(59.9), progress(60.0), StopReason.MAX_RUN),
        (
            {"stop_at": datetime.fromtimestamp(START_S + 30, timezone.utc)},
            progress(29.9),
            progress(30.0),
            StopReason.STOP_AT,
        ),
        ({"align_stop_to_s": 3600}, progress(3599.0), progress(3600.0), StopReason.ALIGNED),
        ({"idle_exit_s": 10.0}, progress(9.0), progress(10.0), StopReason.IDLE),
        (
            {"idle_exit_s": 10.0},
            progress(50.0, quiet_s=9.9),
            progress(55.0, quiet_s=10.0),
            StopReason.IDLE,
        ),
        ({}, progress(1e9), progress(signalled=True), StopReason.SIGNAL),
    ],
)
def test_each_bound_stops_exactly_when_reached(
    bounds: dict[str, object], before: Progress, at: Progress, reason: StopReason
) -> None:
    window = opened(**bounds)
    assert window.check(before) is None
    assert window.check(at) == Stop(reason, 8.0)


def test_signal_wins_over_every_bound() -> None:
    stop = opened(max_records=1, max_run_s=1.0).check(
        progress(5.0, records_total=9, signalled=True)
    )
    assert stop is not None
    assert stop.reason is StopReason.SIGNAL


def test_start_within_an_interval_stops_at_its_end() -> None:
    window = OpenWindow(Window(align_stop_to_s=900), START_S + 100)
    assert window.next_check_s(progress(now_s=START_S + 100)) == 800.0


@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0])
def test_a_span_keeps_its_length_when_the_clock_is_set(jump_s: float) -> None:
    window = opened(max_run_s=60.0, idle_exit_s=90.0)
    assert window.check(progress(59.0, now_s=START_S + jump_s)) is None
    assert window.next_check_s(progress(59.0, now_s=START_S + jump_s)) == 1.0
    assert window.check(progress(60.0, now_s=START_S + jump_s)) == Stop(StopReason.MAX_RUN, 8.0)


def test_a_clock_set_back_makes_no_aligned_window_longer_than_its_step() -> None:
    window = opened(align_stop_to_s=3600)
    back = {"now_s": START_S - 86_400}
    assert window.check(progress(3599.0, **back)) is None
    assert window.check(progress(3600.0, **back)) == Stop(StopReason.ALIGNED, 8.0)


def test_earliest_known_end_counts() -> None:
    stop_at = datetime.fromtimestamp(START_S + 30, timezone.utc)
    assert opened(max_run_s=60.0, stop_at=stop_at).ends_s() == (StopReason.STOP_AT, START_S + 30)


def test_instant_in_the_past_stops_at_once() -> None:
    stop_at = datetime.fromtimestamp(START_S - 30, timezone.utc)
    assert opened(stop_at=stop_at).check(progress()) is not None
    assert opened(stop_at=stop_at).next_check_s(progress()) == 0.0


def test_counts_alone_need_no_timer() -> None:
    window = opened(max_records=5)
    assert window.next_check_s(progress()) is None
    assert window.ends_s() is None
    assert not window.window.bounded


@pytest.mark.parametrize("bound", ["max_run_s", "idle_exit_s", "align_stop_to_s"])
def test_a_bound_in_time_ends_the_run_by_itself(bound: str) -> None:
    assert opened(**{bound: 5}).window.bounded


@given(
    st.none() | st.floats(1, 1e5),
    st.none() | st.floats(1, 1e5),
    st.none() | st.integers(1, 86_400),
    st.floats(0, 1e5),
)
def test_sleeping_until_the_next_check_finds_the_stop(
    max_run_s: float | None, idle_exit_s: float | None, align: int | None, after_s: float
) -> None:
    window = opened(max_run_s=max_run_s, idle_exit_s=idle_exit_s, align_stop_to_s=align)
    wait_s = window.next_check_s(progress(after_s))
    if wait_s is None:
        assert window.check(progress(after_s)) is None
    else:
        assert window.check(progress(after_s + wait_s + 0.001)) is not None
