from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.connect_limit import MARGIN_S, Budget
from tests.fakes import START_S

PERIOD_S = 900.0


def spent(count: int, at_s: float = START_S) -> Budget:
    budget = Budget(50, PERIOD_S)
    for index in range(count):
        budget = budget.spend(at_s + index)
    return budget


def test_fresh_budget_allows_a_connect_now() -> None:
    assert Budget().earliest(START_S) == START_S
    assert Budget().left(START_S) == 50


def test_forty_nine_attempts_leave_one() -> None:
    assert spent(49).earliest(START_S + 60) == START_S + 60
    assert spent(49).left(START_S + 60) == 1


def test_fiftieth_attempt_waits_for_the_first_to_leave_the_window() -> None:
    assert spent(50).earliest(START_S + 60) == START_S + PERIOD_S + MARGIN_S


def test_old_attempts_are_forgotten() -> None:
    later_s = START_S + 60 + PERIOD_S + MARGIN_S
    assert spent(50).left(later_s) == 50
    assert spent(50).spend(later_s).attempts == (later_s,)


def test_refund_takes_back_what_never_reached_x() -> None:
    assert spent(50).refund(START_S).left(START_S + 60) == 1
    assert Budget().refund(START_S) == Budget()


def test_header_with_nothing_left_blocks_until_its_reset() -> None:
    budget = Budget().observe(0, START_S + 120, START_S)
    assert budget.earliest(START_S) == START_S + 120 + MARGIN_S
    assert budget.left(START_S) == 0


@pytest.mark.parametrize(
    ("remaining", "reset_s"),
    [(None, None), (3, START_S + 120), (0, None), (0, START_S - 1), (None, START_S + 1)],
)
def test_other_headers_change_nothing(remaining: int | None, reset_s: float | None) -> None:
    assert Budget().observe(remaining, reset_s, START_S) == Budget()


def test_reset_in_the_far_future_blocks_one_period_at_most() -> None:
    budget = Budget().observe(0, START_S * 10, START_S)
    assert budget.earliest(START_S) == START_S + PERIOD_S + MARGIN_S


def test_clock_set_back_a_little_keeps_the_attempts() -> None:
    assert spent(50, START_S + 300).left(START_S) == 0


def test_clock_set_back_by_a_year_does_not_block_for_a_year() -> None:
    ahead = spent(50, START_S + 3e7).observe(0, START_S + 3e7 + 60, START_S + 3e7)
    assert ahead.earliest(START_S) == START_S


def test_lost_count_halves_the_budget() -> None:
    assert Budget.used_up(50, PERIOD_S, START_S).left(START_S) == 25


def test_json_round_trip() -> None:
    budget = spent(3).observe(0, START_S + 5, START_S)
    assert Budget.from_dict(json.loads(json.dumps(budget.to_dict())), 50, PERIOD_S) == budget


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"attempts": None, "blocked_until_s": 0},
        {"attempts": ["x"], "blocked_until_s": 0},
        {"attempts": [True], "blocked_until_s": 0},
        {"attempts": [], "blocked_until_s": float("nan")},
    ],
)
def test_what_is_no_budget_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget.from_dict(payload, 50, PERIOD_S)


@given(st.lists(st.floats(0, 400), min_size=1, max_size=120), st.integers(1, 8))
def test_obeying_earliest_never_passes_the_limit(pauses: list[float], limit: int) -> None:
    now_s, seen, budget = START_S, [], Budget(limit, PERIOD_S)
    for pause_s in pauses:
        now_s = budget.earliest(now_s + pause_s)
        budget = budget.spend(now_s)
        seen.append(now_s)
    assert all(late - early > PERIOD_S for early, late in zip(seen, seen[limit:], strict=False))
