"""Which way reaches how far back, and what it may cost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.coverage.fill_plan import (
    MOST_BACKFILL_MINUTES,
    REACH_US,
    Method,
    Missing,
    Purse,
    backfill_from_us,
    segments,
    slices,
)

S = 1_000_000
HOUR, DAY = 3600 * S, 24 * 3600 * S
NOW = 1_700_000_000 * S
BOTH = (Method.RECOVERY, Method.SEARCH)


@pytest.mark.parametrize(
    ("since_s_ago", "minutes"), [(None, 0), (0, 0), (1, 2), (60, 2), (61, 3), (200, 5), (9999, 5)]
)
def test_minutes_of_backfill(since_s_ago: int | None, minutes: int) -> None:
    since_us = None if since_s_ago is None else NOW - since_s_ago * S
    assert Missing(since_us).backfill_minutes(NOW) == minutes


@given(st.integers(1, (MOST_BACKFILL_MINUTES - 1) * 60 * S))
def test_a_backfill_reaches_back_to_what_is_missing(span_us: int) -> None:
    minutes = Missing(NOW - span_us).backfill_minutes(NOW)
    assert backfill_from_us(NOW, minutes) <= NOW - span_us


def test_a_short_connection_leaves_missing_what_was() -> None:
    missing = Missing().after(5, healthy=False)
    assert missing == Missing(5)
    assert missing.after(9, healthy=False) == Missing(5)
    assert missing.after(9, healthy=True) == Missing(9)


@pytest.mark.parametrize(
    ("methods", "age", "wanted"),
    [
        (BOTH, HOUR, [BOTH]),
        (BOTH[::-1], HOUR, [BOTH[::-1]]),
        (BOTH, 2 * DAY, [(Method.SEARCH,)]),
        (BOTH, 9 * DAY, [()]),
        ((Method.RECOVERY,), 2 * DAY, [()]),
        ((Method.BACKFILL,), HOUR, [()]),
        ((), HOUR, [()]),
    ],
)
def test_a_gap_is_asked_for_by_what_reaches_it(
    methods: tuple[Method, ...], age: int, wanted: list[tuple[Method, ...]]
) -> None:
    found = segments(NOW - age, NOW - age + S, methods, NOW)
    assert [one.methods for one in found] == wanted


@given(st.integers(0, 10 * DAY), st.integers(1, 10 * DAY))
def test_segments_are_the_gap_and_each_is_within_reach(age_us: int, span_us: int) -> None:
    start, end = NOW - age_us, NOW - age_us + span_us
    found = segments(start, end, BOTH, NOW)
    assert (found[0].started_us, found[-1].ended_us) == (start, end)
    assert all(one.ended_us == two.started_us for one, two in pairwise(found))
    for one in found:
        assert all(NOW - one.started_us <= REACH_US[method] for method in one.methods)


@given(st.integers(0, 10**15), st.integers(1, DAY))
def test_slices_are_whole_seconds_around_the_gap(start_us: int, span_us: int) -> None:
    found = [*slices(start_us, start_us + span_us)]
    assert found[0][0] * S <= start_us < (found[0][0] + 1) * S
    assert (found[-1][1] - 1) * S < start_us + span_us <= found[-1][1] * S
    assert all(one[1] == two[0] for one, two in pairwise(found))
    assert all(0 < end - begin <= 7200 for begin, end in found)


def test_the_purse_holds_what_it_holds() -> None:
    purse = Purse(most_usd=0.5, price_per_post_usd=0.005)
    assert purse.allows(100)
    assert not purse.allows(100, 1)
    assert Purse(0.0, 0.0).allows(10**6)
