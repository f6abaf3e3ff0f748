"""Ids are remembered long enough, and not for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.dedupe import Dedupe


def test_the_second_delivery_is_known_with_its_family() -> None:
    dedupe = Dedupe(60.0, 100)
    assert dedupe.add("1", 1) == 0
    assert dedupe.add("1", 2) == 1
    assert dedupe.add("1", 1) == 3


def test_a_window_of_zero_remembers_nothing() -> None:
    dedupe = Dedupe(0, 100)
    assert [dedupe.add("1", 1), dedupe.add("1", 1)] == [0, 0]


@given(st.integers(2, 50), st.integers(1, 200))
def test_half_of_the_ids_are_always_remembered_and_never_more_than_all(
    most: int, total: int
) -> None:
    dedupe = Dedupe(60.0, most)
    for number in range(total):
        dedupe.add(str(number), 1)
    known = [number for number in range(total) if str(number) in dedupe]
    assert set(range(max(0, total - most // 2), total)) <= set(known)
    assert len(known) <= most


def test_ids_are_forgotten_when_the_window_is_over() -> None:
    dedupe = Dedupe(60.0, 1000)
    dedupe.pass_time(0.0)
    dedupe.add("1", 1)
    dedupe.pass_time(29.0)
    assert "1" in dedupe
    dedupe.pass_time(30.0)
    assert "1" in dedupe
    dedupe.pass_time(60.0)
    assert "1" not in dedupe
