"""STATE survives a round trip, stays small, and never kills a start."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.coverage.gaps import Gap, GapPolicy
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.pending_gaps import PendingGaps
from tap_twitter_stream.state import MOST_BYTES, CaptureState, from_bookmark, gaps_that_fit

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_twenty_partitions_stay_below_ten_kilobytes_however_many_gaps_they_have() -> None:
    at_us, window_id = 1_800_000_000_000_000, "20261123T230400-abcdef"
    ledger, pending = Ledger(GapPolicy({"firehose"})), PendingGaps()
    for partition in range(1, 21):
        line = ("firehose", partition)
        ledger.opened(line, at_us, window_id, connection=2**40 + partition)
        ledger.alive(line, at_us + 1, connection=2**40 + partition)
        for number in range(20):
            start_us = at_us + number * 10**9
            gap = Gap(
                *("firehose", partition, "lost", "closed_by_server", start_us, start_us + 10**6),
                *(window_id, "9" * 19, 10**4, 10**4),
            )
            pending.add(gap)
    row = [2**40, 2**40, 2**40, 10**9, 10**9, 10**6, 9, "9" * 19, "9" * 19, at_us, at_us, 99, 0]
    connections, rows = [row] * 20, ledger.export()
    gaps = pending.export(gaps_that_fit(connections, rows))
    state = CaptureState("a" * 32, 2**50, connections, rows, [window_id, at_us], gaps)
    text = json.dumps({"bookmarks": {"capture_windows": {"capture": state.to_bookmark()}}})
    assert len(text) < MOST_BYTES
    assert {gap[1] for gap in gaps} == set(range(1, 21))


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
