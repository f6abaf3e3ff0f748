"""STATE survives a round trip, stays small, and never kills a start."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.state import CaptureState, from_bookmark

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_twenty_connections_stay_below_ten_kilobytes() -> None:
    row = [2**40, 2**40, 2**40, 10**9, 10**9, 10**6, 9, "9" * 19, "9" * 19, 10**15, 10**15, 99]
    line = ["firehose", 20, 10**15, "20261123T230400-abcdef", "9" * 19]
    state = CaptureState("a" * 32, 2**50, [row] * 20, [line] * 20, ["w", 10**15])
    text = json.dumps(state.to_bookmark())
    assert len(text) < 10_000
    assert from_bookmark(json.loads(text)) == (state, "")


@given(st.dictionaries(st.sampled_from(["version", "spool_id", "position", "connections"]), JSON))
def test_a_damaged_bookmark_is_left_aside_with_a_sentence(value: dict[str, Any]) -> None:
    state, complaint = from_bookmark({"version": 1, **value})
    assert state is not None or complaint


def test_no_bookmark_is_no_complaint() -> None:
    assert from_bookmark(None) == (None, "")


def test_what_is_still_needed_begins_at_the_oldest_unfinished_line() -> None:
    assert CaptureState("s", 100, [[1, 40], [2, 100]]).read_from == 40


@pytest.mark.parametrize(
    "wrong",
    [{"position": -1}, {"window": [1]}, {"window": "abc"}, {"connections": [[0, -4]]}],
)
def test_what_no_run_has_written_is_left_aside(wrong: dict[str, Any]) -> None:
    good = CaptureState("a", 5).to_bookmark()
    assert from_bookmark(good)[0]
    state, complaint = from_bookmark({**good, **wrong})
    assert state is None
    assert "damaged" in complaint
