from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twitter_stream_simulator.material.ids import (
    LARGEST_ID,
    LOW_BITS,
    SNOWFLAKE_EPOCH_MS,
    Ids,
    Run,
    cut_runs,
)

NOW_S = 1_795_000_000.0


def flat(runs: tuple[Run, ...]) -> list[int]:
    return [post_id for run in runs for post_id in run]


def test_ids_carry_the_time_and_rise_but_for_some() -> None:
    ids = Ids(lambda: NOW_S)
    taken = [flat(ids.take(1))[0] for _ in range(100)]
    times_ms = [(post_id >> LOW_BITS) + SNOWFLAKE_EPOCH_MS for post_id in taken]
    assert times_ms.count(int(NOW_S * 1000)) == 95
    assert min(times_ms) == int(NOW_S * 1000) - 1500
    assert taken != sorted(taken)


@given(st.lists(st.integers(min_value=1, max_value=3000), max_size=30), st.none() | st.just(7))
def test_ids_are_unique_and_as_many_as_asked(counts: list[int], largest_every: int | None) -> None:
    ids = Ids(lambda: NOW_S, largest_every)
    taken = [post_id for count in counts for post_id in flat(ids.take(count))]
    assert len(taken) == len(set(taken)) == sum(counts)
    assert all(len(str(post_id)) == 19 for post_id in taken)


def test_one_millisecond_has_room_for_all_low_bits_and_no_more() -> None:
    ids = Ids(lambda: NOW_S)
    ids.take((1 << LOW_BITS) - 2)
    assert [run.count for run in ids.take(5)] == [2, 3]


def test_every_so_often_an_id_is_among_the_largest() -> None:
    taken = flat(Ids(lambda: NOW_S, 10).take(30))
    assert [n for n, post_id in enumerate(taken) if post_id > LARGEST_ID - 5] == [9, 19, 29]
    assert max(taken) == LARGEST_ID


@given(st.lists(st.integers(min_value=1, max_value=9)), st.integers(min_value=0, max_value=40))
def test_runs_are_cut_to_their_first_ids(counts: list[int], kept: int) -> None:
    runs = tuple(Run(100 * n, 1, count) for n, count in enumerate(counts))
    assert flat(cut_runs(runs, kept)) == flat(runs)[:kept]
