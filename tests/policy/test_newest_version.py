"""What is older than what was given out before does not come after it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.newest_version import Newest


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9))))
def test_what_is_given_out_never_gets_older(versions: list[tuple[str, int]]) -> None:
    newest = Newest(100)
    given_out: dict[str, int] = {}
    for key, true_us in versions:
        stale = newest.is_stale("users", key, true_us)
        assert stale == (true_us < given_out.get(key, 0))
        if not stale:
            given_out[key] = true_us


def test_streams_do_not_mix() -> None:
    newest = Newest(100)
    assert not newest.is_stale("users", "1", 9)
    assert not newest.is_stale("places", "1", 5)


def test_memory_is_bounded_and_the_latest_half_is_kept() -> None:
    newest = Newest(10)
    for number in range(100):
        newest.is_stale("users", str(number), 5)
    assert newest.is_stale("users", "99", 4)
    assert not newest.is_stale("users", "1", 4)
