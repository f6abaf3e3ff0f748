"""What the filtered stream missed is found by its rules, for a price that is known before."""

from __future__ import annotations

from typing import Any

import pytest

from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.search import COUNTS_PATH, Search, SearchRule
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.coverage.fill_plan import Purse
from tap_twitter_stream.settings.parse import parse_settings
from tests.e2e.harness import wait_until
from tests.fakes import FakeClock, Reply, ScriptedServer
from tests.limits import HANG_S
from tests.simulator.reader import FILTERED, connect, read_posts
from twitter_stream_simulator import Scenario, Simulator

NETWORK = parse_settings({}, require_auth=False).network
GAP = ("filtered", 0, 7)
RULES = ({"value": "cat", "tag": "cats"}, {"value": '"paper moon" OR #fog', "tag": "b"})
AT_ONCE = {"default_end_s": 0, "latest_end_s": 0}
ONE = SearchRule("1", "cat", "cats")


class Store:
    """Keeps pages."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, gap: tuple[str, int, int], rule: SearchRule, page: dict[str, Any]) -> None:
        assert gap == GAP
        self.pages.append((rule.id, page))

    @property
    def ids(self) -> set[str]:
        return {post["id"] for _, page in self.pages for post in page.get("data", ())}


def search(url: str, store: Store, *, most_usd: float = 100.0, token: str = "any") -> Search:  # noqa: S107 - a made-up one
    caller = Caller(make_session(NETWORK, token), url, clock=FakeClock())
    return Search(caller, {"tweet.fields": "created_at"}, Purse(most_usd, 0.005), store)


def missed_total(sim: Simulator) -> int:
    sim.catch_up()
    return len(sim.oracle.missed_ids())


def a_gap(sim: Simulator) -> tuple[int, int, list[SearchRule]]:
    """Read some posts and stay away for a moment; return that moment, and the rules."""
    read_posts(connect(sim, FILTERED), 20)
    first = sim.oracle.connections[-1]
    assert sim.wait_for(lambda: not first.is_open, HANG_S)
    assert first.closed_s is not None
    assert wait_until(lambda: missed_total(sim) > 250, HANG_S)
    (absence,) = sim.oracle.absences[-1:]
    rules = [SearchRule(str(i), str(one["value"])) for i, one in enumerate(RULES)]
    return int(first.closed_s * 1e6), int(absence.to_s * 1e6), rules


def test_every_missed_post_is_found_and_the_price_was_right() -> None:
    store = Store()
    with Simulator(Scenario(rate_per_s=400, rules=RULES, search=AT_ONCE)) as sim:
        started_us, ended_us, rules = a_gap(sim)
        missed = set(sim.oracle.missed_ids())
        searching = search(sim.url, store, token=sim.bearer_token)
        found = searching.search(GAP, rules, started_us, ended_us)
    assert found.why == ""
    assert len(missed) > 250
    assert missed <= store.ids
    posts = sum(len(page["data"]) for _, page in store.pages)
    assert searching.purse.spent_usd == pytest.approx(0.005 * (posts + len(rules)))
    assert searching.counts_usd == pytest.approx(0.005 * len(rules))


def test_what_is_too_dear_is_not_bought_but_counted() -> None:
    store = Store()
    with Simulator(Scenario(rate_per_s=400, rules=RULES, search=AT_ONCE)) as sim:
        started_us, ended_us, rules = a_gap(sim)
        searching = search(sim.url, store, most_usd=0.1, token=sim.bearer_token)
        missed = len(sim.oracle.missed_ids())
        found = searching.search(GAP, rules, started_us, ended_us)
    assert "gap_fill_max_cost_usd" in found.why
    assert found.missed is not None
    assert found.missed >= missed
    assert store.pages == []
    assert searching.purse.spent_usd == pytest.approx(0.01)


def test_not_even_the_price_is_asked_for_with_nothing_to_spend() -> None:
    with ScriptedServer(Reply(200, {})) as server:
        found = search(server.url, Store(), most_usd=0.0).search(GAP, [ONE], 0, 10**15)
        assert "gap_fill_max_cost_usd" in found.why
        assert server.requests == []


@pytest.mark.parametrize("name", ["total_tweet_count", "total_post_count"])
def test_nothing_is_searched_where_x_counts_none(name: str) -> None:
    with ScriptedServer(Reply(200, {"meta": {name: 0}})) as server:
        assert search(server.url, Store()).search(GAP, [ONE], 10**15, 10**15 + 1).why == ""
        assert [COUNTS_PATH in asked for asked, *_ in server.requests] == [True]


def test_a_rule_that_search_does_not_take_is_named_and_the_others_are_searched() -> None:
    bad = Reply(400, {"title": "Invalid Request", "detail": "sample: is not available"})
    good = Reply(200, {"meta": {"total_tweet_count": 1}})
    page = Reply(200, {"data": [{"id": "5", "text": "cat"}], "meta": {"result_count": 1}})
    store = Store()
    with ScriptedServer(bad, good, page) as server:
        rules = [SearchRule("9", "sample:10", "some"), ONE]
        found = search(server.url, store).search(GAP, rules, 10**15, 10**15 + 1)
    assert "rule some" in found.why
    assert "sample: is not available" in found.why
    assert found.missed is None
    assert store.ids == {"5"}


def test_a_page_that_fails_for_good_leaves_what_came_before() -> None:
    count = Reply(200, {"meta": {"total_tweet_count": 150}})
    first = Reply(200, {"data": [{"id": "5", "text": "cat"}], "meta": {"next_token": "n"}})
    store = Store()
    with ScriptedServer(count, first, Reply(503)) as server:
        found = search(server.url, store).search(GAP, [ONE], 10**15, 10**15 + 1)
        assert "next_token=n" in server.requests[-1][0]
    assert "rule cats" in found.why
    assert found.missed == 150
    assert store.ids == {"5"}


def test_a_server_that_repeats_its_pages_is_left() -> None:
    count = Reply(200, {"meta": {"total_tweet_count": 1}})
    again = Reply(200, {"data": [{"id": "5", "text": "cat"}], "meta": {"next_token": "n"}})
    with ScriptedServer(count, again) as server:
        assert search(server.url, Store()).search(GAP, [ONE], 10**15, 10**15 + 1).why == ""
        assert len(server.requests) == 3
