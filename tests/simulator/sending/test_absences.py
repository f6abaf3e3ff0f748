from __future__ import annotations

import pytest

from twitter_stream_simulator import Scenario, clock
from twitter_stream_simulator.oracle.oracle import Oracle
from twitter_stream_simulator.protocol.endpoints import Channel, find
from twitter_stream_simulator.rules.rule_book import RuleBook
from twitter_stream_simulator.sending.absences import Absences
from twitter_stream_simulator.sending.supply import Supply

HOUR_S = 3600.0


class World:
    """A sample stream, and who is connected to it."""

    def __init__(self, scenario: Scenario) -> None:
        self.oracle = Oracle()
        self.supply = Supply(scenario, RuleBook(10, lambda: ""))
        self.absences = Absences(self.supply, self.oracle)
        row = find("GET", "/2/tweets/sample/stream")
        assert row is not None
        self.channel = Channel(row)

    def missed_total(self) -> int:
        return int(self.oracle.summary()["missed"])


@pytest.mark.parametrize(("away_s", "hours"), [(2 * HOUR_S, 2), (48 * HOUR_S, 24)])
def test_a_long_absence_is_filled_for_a_day_at_most(away_s: float, hours: int) -> None:
    world = World(Scenario(rate_per_s=2))
    world.absences.opened(world.channel)
    world.absences.ended(world.channel, clock.now_s() - away_s)
    world.absences.opened(world.channel)
    assert abs(world.missed_total() - hours * HOUR_S * 2) <= 2
    ids = world.oracle.missed_ids()
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)


def test_while_one_of_two_is_connected_nothing_is_missed() -> None:
    world = World(Scenario(rate_per_s=100))
    world.absences.opened(world.channel)
    world.absences.opened(world.channel)
    world.absences.ended(world.channel, clock.now_s() - HOUR_S)
    world.absences.catch_up(world.channel)
    world.absences.opened(world.channel)
    assert world.missed_total() == 0


@pytest.mark.parametrize("scenario", [Scenario(rate_per_s="max"), Scenario(limit_posts=0)])
def test_where_no_more_posts_come_none_is_missed(scenario: Scenario) -> None:
    world = World(scenario)
    world.absences.opened(world.channel)
    world.absences.ended(world.channel, clock.now_s() - HOUR_S)
    world.absences.catch_up(world.channel)
    assert world.missed_total() == 0


def test_what_was_missed_is_made_up_once() -> None:
    world = World(Scenario(rate_per_s=1))
    world.absences.opened(world.channel)
    world.absences.ended(world.channel, clock.now_s() - 60)
    world.absences.catch_up(world.channel)
    first = world.missed_total()
    world.absences.catch_up(world.channel)
    world.absences.opened(world.channel)
    assert 59 <= first <= world.missed_total() <= first + 1


def test_what_is_got_late_is_new_once_and_in_parts() -> None:
    world = World(Scenario(rate_per_s=50))
    world.absences.opened(world.channel)
    world.absences.ended(world.channel, clock.now_s() - 60)
    world.absences.catch_up(world.channel)
    past = world.supply.past
    batch = past.between("sample", 0, clock.now_s())[1]
    assert past.got(batch.head(20)) == 20
    assert past.got(batch.head(35).rest(15)) == 15
    assert past.got(batch.rest(20)) == batch.count - 35
    assert past.got(batch) == 0
    assert batch.count == 50
