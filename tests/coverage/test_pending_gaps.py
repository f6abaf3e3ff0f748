"""However many gaps there are, STATE stays small and forgets none of their time."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.coverage.gaps import Filled, Gap, GapPolicy
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.pending_gaps import PendingGaps
from tap_twitter_stream.state import STATE_GAPS

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


@given(
    st.integers(STATE_GAPS + 1, 150),
    st.sampled_from(["recovered", "lost"]),
    st.booleans(),
    st.integers(1, 3),
)
def test_each_of_the_gaps_that_state_took_for_one_is_settled(
    gaps_total: int,
    kind: str,
    again: bool,  # noqa: FBT001 - whether one more run passes them on
    lines: int,
) -> None:
    """Mutation: settle the merged gap under the first one's id alone; the others stay pending."""
    first = Ledger(GapPolicy(["firehose"]))
    rows = {}
    for number in range(gaps_total):
        start_us = number * 1000 + number**2 % 70
        gap = Gap("firehose", number % lines, "lost", "stalled", start_us, start_us + 9, "w", "42")
        rows[gap.key] = replace(gap, pending=True)
        first.pending.add(gap)
    books = next_books(first)
    if again:
        books = next_books(books)
    for order in books.pending.to_order():
        parts = [Filled(kind, order.started_us, order.ended_us)]
        rows |= {gap.key: gap for gap in books.filled(order.key, parts)}
    assert len(rows) == gaps_total
    for key, gap in rows.items():
        assert (gap.kind, gap.pending) == (kind, False)
        assert gap.ended_us - key[2] >= 9
    ordered = sorted(rows.values(), key=lambda gap: (gap.line, gap.started_us))
    for one, two in pairwise(ordered):
        assert one.line < two.line or one.ended_us <= two.started_us


def next_books(books: Ledger) -> Ledger:
    found = Ledger(GapPolicy(["firehose"]))
    found.restore([], json.loads(json.dumps(books.pending.export())))
    return found


def test_a_settled_gap_is_neither_ordered_nor_kept() -> None:
    pending = PendingGaps()
    gap = Gap("filtered", 0, "lost", "stalled", 1, 2)
    pending.add(gap)
    assert pending.take(gap.key) == gap
    assert pending.take(gap.key) is None
    assert pending.to_order() == []
    assert pending.export() == []
