from __future__ import annotations

from typing import Any

import pytest

from tap_twitter_stream.simulator import Scenario, Simulator, clock
from tap_twitter_stream.simulator.archive import first_id
from tests.simulator.reader import FILTERED, call, connect, read_posts

SEARCH = "/2/tweets/search/recent"
COUNTS = "/2/tweets/counts/recent"
RULES = ({"value": "cat has:images", "tag": "a"}, {"value": '"paper moon" OR #fog', "tag": "b"})
AT_ONCE = {"default_end_s": 0, "latest_end_s": 0}


def with_a_gap(sim: Simulator, count: int = 40) -> int:
    """Read some posts, stay away for a moment, and return an id that all posts stay below."""
    read_posts(connect(sim, FILTERED), count)
    gone_s = clock.now_s()
    assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.3, 5)
    assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, 5)
    sim.catch_up()
    return first_id(clock.now_s())


def pages(sim: Simulator, path: str = SEARCH, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        status, body, _ = call(sim, path, **query, **token)
        assert status == 200, body
        found.append(body)
        if "next_token" not in body["meta"]:
            return found
        token = {"next_token": body["meta"]["next_token"]}


def ids(answers: list[dict[str, Any]]) -> list[str]:
    return [post["id"] for body in answers for post in body.get("data", ())]


def everything(sim: Simulator) -> set[str]:
    """Return the ids of all that happened on the filtered stream."""
    cut = {post_id for one in sim.oracle.connections for post_id in one.cut_ids}
    return {*sim.oracle.sent_ids(endpoint="filtered"), *sim.oracle.missed_ids(), *cut}


@pytest.mark.parametrize("most", ["10", "100"])
def test_pages_bring_each_post_once_newest_first(most: str) -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES, search=AT_ONCE)) as sim:
        until = str(with_a_gap(sim))
        answers = pages(sim, query='cat OR "paper moon" OR #fog', until_id=until, max_results=most)
        found = ids(answers)
        assert found == sorted(set(found), key=int, reverse=True)
        assert set(found) == {one for one in everything(sim) if int(one) < int(until)}
        for body in answers:
            shown = [post["id"] for post in body["data"]]
            meta = body["meta"]
            assert (meta["newest_id"], meta["oldest_id"]) == (shown[0], shown[-1])
            assert meta["result_count"] == len(shown) <= int(most)
        assert sim.oracle.lost_ids() == everything(sim) - set(sim.oracle.sent_ids()) - set(found)
