"""However many gaps there are, STATE stays small and forgets none of their time."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.gaps import Gap
from tap_twitter_stream.policy.pending_gaps import STATE_GAPS, PendingGaps

spans = st.tuples(st.integers(1, 20), st.integers(0, 10**9), st.integers(1, 10**7))


@given(st.lists(spans, max_size=150))
def test_state_holds_few_gaps_that_cover_all_of_them(found: list[tuple[int, int, int]]) -> None:
    pending = PendingGaps()
    gaps = [Gap("firehose", p, "lost", "stalled", at, at + span, "w") for p, at, span in found]
    for gap in gaps:
        pending.add(gap)
    rows = json.loads(json.dumps(pending.export()))
    assert len(rows) <= STATE_GAPS
    restored = PendingGaps.restore(rows).to_order()
    for gap in pending.to_order():
        assert any(
            one.line == gap.line
            and one.started_us <= gap.started_us
            and gap.ended_us <= one.ended_us
            for one in restored
        )
    if len({gap.key for gap in gaps}) <= STATE_GAPS:
        assert {(one.key, one.ended_us) for one in restored} == {
            (one.key, one.ended_us) for one in {gap.key: gap for gap in gaps}.values()
        }


def test_a_settled_gap_is_neither_ordered_nor_kept() -> None:
    pending = PendingGaps()
    gap = Gap("filtered", 0, "lost", "stalled", 1, 2)
    pending.add(gap)
    assert pending.take(gap.key) == gap
    assert pending.take(gap.key) is None
    assert pending.to_order() == []
    assert pending.export() == []
