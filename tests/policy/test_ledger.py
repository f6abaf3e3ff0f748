"""Time is cut into pieces that do not overlap, and only what bytes show counts as captured."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.ledger import Ledger

LINE = ("filtered", 0)


def test_silence_before_a_reconnect_is_lost() -> None:
    ledger = Ledger()
    assert ledger.opened(LINE, 0, "w") is None
    ledger.alive(LINE, 10_000_000)
    ledger.closed(LINE, "stalled", "42", 100)
    gap = ledger.opened(LINE, 15_000_000, "w")
    assert gap is not None
    assert (gap.kind, gap.cause, gap.started_us, gap.ended_us) == (
        *("lost", "stalled"),
        *(10_000_000, 15_000_000),
    )
    assert (gap.last_id_before, gap.estimated_lost) == ("42", 50)
    assert ledger.seconds == {"covered": 10.0, "lost": 5.0}


def test_time_between_windows_is_idle() -> None:
    ledger = Ledger()
    ledger.opened(LINE, 0, "first")
    ledger.alive(LINE, 1_000_000)
    ledger.closed(LINE, "stopped_by_us", None, 0)
    restored = Ledger.restore(json.loads(json.dumps(ledger.export())))
    gap = restored.opened(LINE, 9_000_000, "second")
    assert gap is not None
    assert (gap.kind, gap.estimated_lost) == ("idle", None)


def test_a_run_that_ends_disconnected_says_what_it_missed() -> None:
    ledger = Ledger()
    ledger.opened(LINE, 0, "w")
    ledger.alive(LINE, 1_000_000)
    ledger.closed(LINE, "network_failed", None, 1)
    (gap,) = ledger.still_closed("w", 3_000_000)
    assert (gap.started_us, gap.ended_us) == (1_000_000, 3_000_000)
    assert ledger.seconds == {"covered": 1.0, "lost": 2.0}


def test_rows_of_another_shape_are_left_out() -> None:
    assert Ledger.restore([["filtered"], 5, None]).tracks == {}
    assert Ledger.restore("x").tracks == {}


@given(st.lists(st.tuples(st.sampled_from("oac"), st.integers(0, 10**6)), max_size=40))
def test_the_pieces_add_up_to_the_time_that_passed(steps: list[tuple[str, int]]) -> None:
    ledger = Ledger()
    now_us = first_us = 1_000
    ledger.opened(LINE, now_us, "w")
    is_open = True
    for step, span_us in steps:
        now_us += span_us
        if step == "o" and not is_open:
            ledger.opened(LINE, now_us, "w")
            is_open = True
        elif step == "a" and is_open:
            ledger.alive(LINE, now_us)
        elif step == "c" and is_open:
            ledger.closed(LINE, "closed_by_server", None, 0)
            is_open = False
    ledger.closed(LINE, "closed_by_server", None, 0)
    ledger.still_closed("w", now_us)
    assert abs(sum(ledger.seconds.values()) - (now_us - first_us) / 1e6) < 1e-6


def test_a_clock_set_back_hides_no_later_gap() -> None:
    ledger = Ledger()
    ledger.opened(LINE, 86_400_000_000, "w")
    ledger.alive(LINE, 1_000_000)
    ledger.closed(LINE, "stalled", None, 0)
    gap = ledger.opened(LINE, 4_000_000, "w")
    assert gap is not None
    assert (gap.started_us, gap.ended_us) == (1_000_000, 4_000_000)
    assert ledger.seconds == {"lost": 3.0}
