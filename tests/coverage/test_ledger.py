"""Time is cut into pieces that do not overlap, and only what bytes show counts as captured."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.coverage.gaps import Filled, Gap, GapPolicy
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.coverage.pending_gaps import missing_since

LINE = ("filtered", 0)


def next_run(
    ledger: Ledger, policy: GapPolicy | None = None, *, log_continues: bool = True
) -> Ledger:
    """Return what the next run makes of a STATE."""
    restored = Ledger(policy or ledger.policy)
    restored.restore(
        json.loads(json.dumps(ledger.export())),
        json.loads(json.dumps(ledger.pending.export())),
        log_continues=log_continues,
    )
    return restored


def test_silence_before_a_reconnect_is_lost() -> None:
    ledger = Ledger()
    assert ledger.opened(LINE, 0, "w") == []
    ledger.alive(LINE, 10_000_000)
    ledger.closed(LINE, "stalled", "42", 100)
    (gap,) = ledger.opened(LINE, 15_000_000, "w")
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
    (gap,) = next_run(ledger).opened(LINE, 9_000_000, "second")
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
    for rows in ([["filtered"], 5, None], "x", None):
        ledger = Ledger()
        ledger.restore(rows, rows)
        assert ledger.tracks == {}
        assert ledger.pending.to_order() == []


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
    (gap,) = ledger.opened(LINE, 4_000_000, "w")
    assert (gap.started_us, gap.ended_us) == (1_000_000, 4_000_000)
    assert ledger.seconds == {"lost": 3.0}


def crashed(ledger: Ledger | None = None) -> Ledger:
    """Return the books of a run whose last STATE was written while it was connected."""
    ledger = ledger or Ledger()
    ledger.opened(LINE, 0, "first")
    ledger.alive(LINE, 1_000_000)
    return ledger


def test_time_after_a_run_whose_log_is_gone_is_unknown() -> None:
    (gap,) = next_run(crashed(), log_continues=False).opened(LINE, 5_000_000, "second")
    assert (gap.kind, gap.cause) == ("unknown", "crashed")


def test_bytes_behind_a_hole_in_the_log_do_not_cover_it() -> None:
    """An older STATE, or a file of the log that is gone. Mutant: go on from the last byte."""
    later = next_run(crashed(), log_continues=False)
    (gap,) = later.alive(LINE, 5_000_000, 7)
    assert (gap.kind, gap.started_us, gap.ended_us) == ("unknown", 1_000_000, 5_000_000)
    later.lose_sight()
    (gap,) = later.alive(LINE, 6_000_000, 7)
    assert (gap.kind, gap.started_us, gap.ended_us) == ("unknown", 5_000_000, 6_000_000)
    assert later.seconds == {"unknown": 5.0}


def test_what_a_killed_run_was_waiting_for_is_lost_and_not_idle() -> None:
    ledger = crashed()
    ledger.closed(LINE, "stalled", None, 0)
    (gap,) = next_run(ledger).opened(LINE, 5_000_000, "second")
    assert (gap.kind, gap.cause) == ("lost", "stalled")


def test_what_a_receiver_stopped_because_the_tap_was_killed_is_lost() -> None:
    ledger = crashed()
    ledger.closed(LINE, "stopped_by_us", None, 0)
    ledger.crashed("first")
    (gap,) = next_run(ledger).opened(LINE, 5_000_000, "second")
    assert (gap.kind, gap.cause) == ("lost", "crashed")


def test_a_rate_is_not_made_of_posts_that_came_before_a_restart() -> None:
    later = next_run(crashed())
    later.alive(LINE, 2_000_000, 9)
    later.closed(
        LINE, "crashed", None, 10_000, 9, -98_000_000
    )  # 100 s, most of them in a run before
    (gap,) = later.opened(LINE, 5_000_000, "second")
    assert gap.estimated_lost == 300


def test_time_after_a_killed_run_whose_log_is_there_is_lost() -> None:
    ledger = next_run(crashed())
    ledger.alive(LINE, 2_000_000)  # the log tells more than STATE did
    ledger.closed(LINE, "crashed", "7", 3)
    (gap,) = ledger.opened(LINE, 5_000_000, "second")
    assert (gap.kind, gap.started_us, gap.last_id_before) == ("lost", 2_000_000, "7")


def test_time_between_windows_is_a_gap_if_wanted() -> None:
    ledger = Ledger(GapPolicy({"filtered"}, idle_is_gap=True))
    ledger.opened(LINE, 0, "first")
    ledger.alive(LINE, 1_000_000)
    ledger.closed(LINE, "stopped_by_us", None, 0)
    later = next_run(ledger)
    (gap,) = later.opened(LINE, 9_000_000, "second")
    assert (gap.kind, gap.pending) == ("lost", True)
    assert later.pending.to_order() == [gap]
    assert later.pending.to_order() == []


def test_a_partition_that_never_comes_back_is_accounted_for() -> None:
    ledger = next_run(crashed(), log_continues=False)
    gaps = ledger.still_closed("second", 9_000_000, [LINE], 6_000_000)
    assert [(gap.kind, gap.started_us, gap.ended_us) for gap in gaps] == [
        ("unknown", 1_000_000, 6_000_000),
        ("lost", 6_000_000, 9_000_000),
    ]
    # The run after that begins where this one ended.
    (idle,) = next_run(ledger).opened(LINE, 12_000_000, "third")
    assert (idle.kind, idle.started_us) == ("idle", 9_000_000)


def test_a_partition_that_is_no_longer_wanted_is_idle_from_then_on() -> None:
    ledger = next_run(crashed())
    (gap,) = ledger.still_closed("second", 9_000_000, [("sample", 0)], 6_000_000)
    assert (gap.kind, gap.started_us, gap.ended_us) == ("lost", 1_000_000, 6_000_000)
    assert next_run(ledger).still_closed("third", 19_000_000, [("sample", 0)], 16_000_000) == []
    (gap,) = next_run(ledger).opened(LINE, 20_000_000, "third")
    assert (gap.kind, gap.started_us, gap.ended_us) == ("idle", 6_000_000, 20_000_000)


def test_a_log_that_ends_unread_with_its_run_is_lost_and_what_follows_is_idle() -> None:
    ledger = crashed()
    assert ledger.leave_unread("first") == []
    (gap,) = ledger.still_closed("first", 3_000_000)
    assert (gap.kind, gap.cause) == ("lost", "left_unread")
    (gap,) = next_run(ledger, log_continues=False).opened(LINE, 5_000_000, "second")
    assert (gap.kind, gap.started_us) == ("idle", 3_000_000)


def test_a_message_that_never_came_whole_is_not_covered() -> None:
    ledger = crashed()
    ledger.alive(LINE, 3_000_000)
    ledger.uncover(LINE, 1_500_000)
    ledger.closed(LINE, "closed_by_server", None, 0)
    (gap,) = ledger.opened(LINE, 4_000_000, "first")
    assert gap.started_us == 1_500_000
    assert ledger.seconds == {"covered": 1.5, "lost": 2.5}


def drop(
    ledger: Ledger, at_us: int, back_us: int, backfill_from_us: int | None = None
) -> list[Gap]:
    """Lose the connection after a byte, and come back."""
    ledger.alive(LINE, at_us)
    ledger.closed(LINE, "stalled", None, 10)
    return ledger.opened(LINE, back_us, "first", backfill_from_us)


def test_what_a_backfill_reaches_is_settled_when_it_is_over_and_the_rest_is_ordered() -> None:
    ledger = crashed(Ledger(GapPolicy({"filtered"})))
    early, late = drop(ledger, 2_000_000, 900_000_000, 600_000_000)
    assert (early.ended_us, late.started_us) == (600_000_000, 600_000_000)
    assert ledger.pending.to_order() == [early]
    ledger.pending.came_back(late.key, 5)
    (settled,) = ledger.backfilled(LINE)
    assert (settled.kind, settled.came_back, settled.pending) == ("backfilled", 5, False)
    assert ledger.seconds == {"covered": 2.0, "lost": 598.0, "backfilled": 300.0}


def test_a_backfill_that_breaks_off_is_taken_up_by_the_next_connection_or_ordered() -> None:
    for reaches in (True, False):
        ledger = crashed(Ledger(GapPolicy({"filtered"})))
        (gap,) = drop(ledger, 2_000_000, 3_000_000, 1_000_000)
        assert ledger.pending.to_order() == []
        drop(ledger, 3_000_001, 4_000_000, 1_000_000 if reaches else 2_500_000)
        assert (gap in ledger.pending.to_order()) is not reaches
        assert (gap.key in {one.key for one in ledger.backfilled(LINE)}) is reaches


def test_a_part_that_nothing_could_fill_keeps_its_share_of_the_estimate() -> None:
    ledger = crashed(Ledger(GapPolicy({"filtered"})))
    (gap,) = drop(ledger, 2_000_000, 12_000_000)
    assert gap.estimated_lost == 50
    ledger.pending.came_back(gap.key, 4)
    parts = [
        Filled("lost", 2_000_000, 6_000_000, "too long ago"),
        Filled("searched", 6_000_000, 12_000_000),
    ]
    lost, searched = ledger.filled(gap.key, parts)
    assert (lost.kind, lost.estimated_lost, lost.note) == ("lost", 16, "too long ago")
    assert (searched.kind, searched.estimated_lost, searched.came_back) == ("searched", None, 4)
    assert ledger.seconds == {"covered": 2.0, "lost": 4.0, "searched": 6.0}
    assert ledger.filled(gap.key, parts) == []


def test_seconds_of_an_earlier_run_are_not_lost_twice() -> None:
    ledger = crashed(Ledger(GapPolicy({"filtered"})))
    (gap,) = drop(ledger, 2_000_000, 12_000_000)
    later = next_run(ledger)
    (order,) = later.pending.to_order()
    assert order.key == gap.key
    parts = [
        Filled("lost", 2_000_000, 6_000_000, "why"),
        Filled("recovered", 6_000_000, 12_000_000),
    ]
    later.filled(gap.key, parts)
    assert later.seconds == {"recovered": 6.0}


def test_one_of_two_connections_may_break_without_a_gap() -> None:
    ledger = Ledger()
    ledger.opened(LINE, 0, "w", connection=1)
    assert ledger.opened(LINE, 1_000_000, "w", connection=2) == []
    ledger.alive(LINE, 1_900_000, 2)
    ledger.alive(LINE, 2_000_000, 1)
    ledger.uncover(LINE, 1_500_000, 1)  # the other one has brought more than that
    assert ledger.closed(LINE, "stalled", None, 0, 1) == []
    ledger.alive(LINE, 3_000_000, 2)
    assert ledger.opened(LINE, 4_000_000, "w", connection=3) == []
    ledger.alive(LINE, 5_000_000, 2)
    ledger.alive(LINE, 5_000_000, 3)
    for number in (2, 3):
        assert ledger.closed(LINE, "closed_by_server", None, 0, number) == []
    (gap,) = ledger.opened(LINE, 6_000_000, "w")
    assert (gap.started_us, gap.ended_us) == (5_000_000, 6_000_000)
    assert ledger.seconds == {"covered": 5.0, "lost": 1.0}


def test_a_stalled_copy_is_no_witness_for_the_time_the_other_one_was_away() -> None:
    """Mutant: take the line for captured while any connection is open."""
    ledger = Ledger()
    for number in (1, 2):
        ledger.opened(LINE, 0, "w", connection=number)
    ledger.alive(LINE, 2_000_000, 1)
    ledger.closed(LINE, "closed_by_server", None, 0, 1)
    ledger.opened(LINE, 5_000_000, "w", connection=3)  # the second has been silent since 0
    ledger.alive(LINE, 6_000_000, 3)
    ledger = next_run(ledger)
    (gap,) = ledger.closed(LINE, "stalled", None, 0, 2)
    assert (gap.kind, gap.cause) == ("lost", "closed_by_server")
    assert (gap.started_us, gap.ended_us) == (2_000_000, 5_000_000)


def test_a_backfill_is_only_over_with_the_connection_that_brings_it() -> None:
    ledger = Ledger(GapPolicy({"filtered"}))
    ledger.opened(LINE, 0, "w", connection=1)
    ledger.closed(LINE, "stalled", None, 0, 1)
    (gap,) = ledger.opened(LINE, 5_000_000, "w", 0, connection=2)
    ledger.opened(LINE, 6_000_000, "w", connection=3)
    assert ledger.backfilled(LINE, 3) == []
    ledger.closed(LINE, "stalled", None, 0, 2)
    ledger.opened(LINE, 900_000_000, "w", 600_000_000, connection=4)
    assert ledger.backfilled(LINE, 4) == []
    assert gap in ledger.pending.to_order()


def test_a_backfill_goes_on_over_a_restart_or_is_asked_for_again() -> None:
    ledger = Ledger()
    ledger.opened(LINE, 0, "w", connection=1)
    ledger.closed(LINE, "stalled", None, 0, 1)
    ledger.opened(LINE, 5_000_000, "w", 0, connection=2)
    ledger.alive(LINE, 6_000_000, 2)
    (settled,) = next_run(ledger).backfilled(LINE, 2)
    assert settled.kind == "backfilled"
    later = next_run(ledger, log_continues=False)
    assert later.pending.to_order() == []
    rows = (ledger.export(), later.pending.export())
    assert missing_since(*rows, idle_too=False) == [(*LINE, 0)]
    assert missing_since(*rows, idle_too=False, not_before_us=1) == [(*LINE, 6_000_000)]
    later.opened(LINE, 9_000_000, "x", 0, connection=3)
    assert [gap.started_us for gap in later.backfilled(LINE, 3)] == [0, 6_000_000]


def test_what_settles_a_part_of_a_merged_gap_leaves_the_rest_pending() -> None:
    ledger = Ledger(GapPolicy({"filtered"}))
    ledger.pending.add(Gap(*LINE, "lost", "stalled", 10, 90, pending=True))
    parts = [Filled("recovered", 10, 30)]
    settled, rest = ledger.filled((*LINE, 10), parts)
    assert (settled.kind, settled.ended_us, rest.started_us) == ("recovered", 30, 30)
    assert ledger.pending.to_order() == [rest]
