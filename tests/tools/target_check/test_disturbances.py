from __future__ import annotations

import random

import pytest

from tap_twitter_stream.tools.target_check.disturbances import Blow, plan


def drawn(kills: int, terms: int, states: int, seed: int = 1) -> list[Blow]:
    return plan(kills, terms, states, random.Random(seed).random)


def test_the_same_seed_strikes_at_the_same_moments() -> None:
    assert drawn(20, 4, 9) == drawn(20, 4, 9)
    assert drawn(20, 4, 9) != drawn(20, 4, 9, seed=2)


@pytest.mark.parametrize(("kills", "terms"), [(20, 4), (6, 2), (1, 5), (0, 3), (3, 0)])
def test_as_many_blows_come_as_were_asked_for(kills: int, terms: int) -> None:
    kinds = [blow.how for blow in drawn(kills, terms, 3)]
    assert (kinds.count("kill"), kinds.count("term")) == (kills, terms)


def test_every_other_kill_comes_with_a_state() -> None:
    kills = [blow for blow in drawn(20, 0, 9) if blow.at_state is not None]
    assert len(kills) == 10
    assert {blow.at_state for blow in kills} <= set(range(1, 10))


def test_a_target_that_prints_no_state_is_struck_by_time() -> None:
    blows = drawn(20, 4, 0)
    assert all(blow.at_state is None and 0 <= blow.part <= 1 for blow in blows)


def test_a_blow_that_came_too_late_comes_earlier_and_by_time() -> None:
    assert Blow("kill", 0.5, at_state=7).earlier() == Blow("kill", 0.25)


def test_sigterms_are_spread_over_the_kills() -> None:
    kinds = [blow.how for blow in drawn(20, 4, 0)]
    places = [number for number, how in enumerate(kinds) if how == "term"]
    assert places == [5, 11, 17, 23]
