from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import EVERYTHING, FILTERED, call, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, Simulator, clock, read_oracle
from twitter_stream_simulator.rest.archive import first_id

if TYPE_CHECKING:
    from pathlib import Path

SEARCH = "/2/tweets/search/recent"
COUNTS = "/2/tweets/counts/recent"
RULES = ({"value": "cat has:images", "tag": "a"}, {"value": '"paper moon" OR #fog', "tag": "b"})
AT_ONCE = {"default_end_s": 0, "latest_end_s": 0}


def with_a_gap(sim: Simulator, count: int = 40) -> int:
    """Read some posts, stay away for a moment, and return an id that all posts stay below."""
    read_posts(connect(sim, FILTERED), count)
    gone_s = clock.now_s()
    assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.3, HANG_S)
    assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
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


def test_the_text_of_a_rule_finds_exactly_the_posts_that_match_it() -> None:
    query = "?tweet.fields=created_at"
    with Simulator(Scenario(rate_per_s=400, rules=RULES, search=AT_ONCE)) as sim:
        sent = read_posts(connect(sim, FILTERED + query), 120)
        assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
        known = sorted(map(int, sim.oracle.sent_ids()))
        for rule in RULES:
            tagged = {
                post["data"]["id"]: post["data"]["created_at"]
                for post in sent
                if rule["tag"] in [one["tag"] for one in post["matching_rules"]]
            }
            answers = pages(
                sim,
                query=rule["value"],
                since_id=str(known[0] - 1),
                until_id=str(known[-1] + 1),
                **{"tweet.fields": "created_at"},
            )
            found = {p["id"]: p["created_at"] for body in answers for p in body.get("data", ())}
            seen = {post["data"]["id"] for post in sent}
            assert {i: at for i, at in found.items() if i in seen} == tagged
            assert found.keys() <= everything(sim)


def test_missed_posts_come_by_search_as_they_come_by_recovery() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES, record_messages=True)) as sim:
        began = clock.utc_text(clock.now_s()).replace(".000", "")
        until = str(with_a_gap(sim))
        found = {
            post["id"]: post
            for body in pages(sim, query='cat OR "paper moon" OR #fog', until_id=until)
            for post in body["data"]
        }
        reply = read_reply(connect(sim, f"{FILTERED}?start_time={began}"))
        recovered = {m["data"]["id"]: m["data"] for m in map(json.loads, reply.lines)}
        missed = [one for one in sim.oracle.missed_ids() if int(one) < int(until)]
        assert missed
        assert [found[one] for one in missed] == [recovered[one] for one in missed]


def test_fields_and_expansions_come_as_on_the_stream_without_rules() -> None:
    fields = dict(parse_qsl(EVERYTHING[1:]))
    with Simulator(Scenario(rate_per_s=400, rules=RULES, record_messages=True)) as sim:
        read_posts(connect(sim, FILTERED + EVERYTHING), 60)
        assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
        ids_sent = sim.oracle.sent_ids()
        until = str(max(map(int, ids_sent)) + 1)
        query = {"query": 'cat OR "paper moon" OR #fog', "until_id": until, "max_results": "100"}
        (body,) = pages(sim, **query, **fields)
        assert body.keys() <= {"data", "includes", "errors", "meta"}
        sent = [json.loads(sim.oracle.messages[post["id"]]) for post in body["data"]]
        assert [message["data"] for message in sent] == body["data"]
        for kind, values in body["includes"].items():
            keys = [one.get("id") or one["media_key"] for one in values]
            assert len(set(keys)) == len(keys)
            brought = [one for message in sent for one in message["includes"].get(kind, ())]
            assert {one.get("id") or one["media_key"] for one in brought} == set(keys)


def test_younger_names_are_taken_and_given() -> None:
    scenario = Scenario(rate_per_s=400, rules=RULES, naming="post", search=AT_ONCE)
    with Simulator(scenario) as sim:
        until = str(with_a_gap(sim))
        asked = {"post.fields": "note_post,public_metrics", "expansions": "referenced_posts"}
        (body, *_) = pages(sim, query="cat OR #fog", until_id=until, max_results="100", **asked)
        assert "posts" in body["includes"]
        assert "repost_count" in body["data"][0]["public_metrics"]
        counts = pages(sim, COUNTS, query="cat OR #fog", until_id=until)
        assert counts[0]["meta"]["total_post_count"] == sum(
            bucket["post_count"] for bucket in counts[0]["data"]
        )


def test_nothing_found_has_no_data() -> None:
    with Simulator(Scenario(rules=RULES)) as sim:
        status, body, _ = call(sim, SEARCH, query="nobody")
        assert (status, body) == (200, {"meta": {"result_count": 0}})
        assert sim.oracle.summary()["billed_posts"] == 0


def test_since_and_until_are_both_excluded() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES)) as sim:
        until = str(with_a_gap(sim))
        query = 'cat OR "paper moon" OR #fog'
        found = ids(pages(sim, query=query, until_id=until))
        inner = ids(pages(sim, query=query, since_id=found[20], until_id=found[3]))
        assert inner == found[4:20]


def test_times_bound_a_search_and_the_last_half_minute_is_not_found_yet() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES)) as sim:
        with_a_gap(sim)
        assert call(sim, SEARCH, query="cat OR #fog")[1] == {"meta": {"result_count": 0}}
        start = clock.utc_text(clock.now_s() - 60)
        end = clock.utc_text(clock.now_s() - 11)
        assert call(sim, SEARCH, query="cat", start_time=start, end_time=end)[0] == 200


@pytest.mark.parametrize(
    ("query", "name", "why"),
    [
        ({}, "query", "can not be empty"),
        ({"query": "cat ("}, "query", "no viable alternative"),
        ({"query": "cat sample:5"}, "query", "not available"),
        ({"query": "c" * 513}, "query", "at most 512 characters"),
        ({"query": "cat", "max_results": "9"}, "max_results", "between 10 and 100"),
        ({"query": "cat", "max_results": "101"}, "max_results", "between 10 and 100"),
        ({"query": "cat", "since_id": "x"}, "since_id", "not valid"),
        ({"query": "cat", "since_id": "1700000000000000000"}, "since_id", "last 7 days"),
        ({"query": "cat", "start_time": "2020-01-01T00:00:00Z"}, "start_time", "last 7 days"),
        ({"query": "cat", "start_time": "today"}, "start_time", "not of the form"),
        ({"query": "cat", "end_time": "2999-01-01T00:00:00Z"}, "end_time", "minimum of 10 s"),
        ({"query": "cat", "until_id": "5", "end_time": "x"}, "until_id", "At most one"),
        ({"query": "cat", "next_token": "a", "pagination_token": "a"}, "", "At most one"),
        ({"query": "cat", "next_token": "abc"}, "next_token", "does not belong"),
        ({"query": "cat", "until_id": "5"}, "start_time", "oldest must be before"),
        ({"query": "cat", "tweet.fields": "mood"}, "tweet.fields", "is not one of"),
        ({"query": "cat", "backfill_minutes": "1"}, "backfill_minutes", "is not one of"),
    ],
)
def test_what_x_refuses_is_refused(query: dict[str, str], name: str, why: str) -> None:
    with Simulator(Scenario(access="self_serve", rules=RULES)) as sim:
        status, body, _ = call(sim, SEARCH, **query)
        assert status == 400
        assert name in next(iter(body["errors"][0]["parameters"]))
        assert why in body["errors"][0]["message"]


def test_a_token_belongs_to_its_query() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES)) as sim:
        until = str(with_a_gap(sim))
        token = pages(sim, query="cat OR #fog", until_id=until)[0]["meta"]["next_token"]
        same = {"query": "cat OR #fog", "until_id": until}
        assert call(sim, SEARCH, pagination_token=token, **same)[0] == 200
        assert call(sim, SEARCH, query="cat", until_id=until, next_token=token)[0] == 400


def test_counts_add_up_to_what_search_finds() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES, search=AT_ONCE)) as sim:
        until = str(with_a_gap(sim))
        query = {"query": "#fog", "until_id": until}
        found = ids(pages(sim, **query))
        for granularity in ("minute", "hour", "day"):
            answers = pages(sim, COUNTS, granularity=granularity, **query)
            assert sum(body["meta"]["total_tweet_count"] for body in answers) == len(found)
            buckets = [bucket for body in answers[::-1] for bucket in body["data"]]
            assert sum(bucket["tweet_count"] for bucket in buckets) == len(found)
            assert all(a["end"] == b["start"] for a, b in pairwise(buckets))
        assert call(sim, COUNTS, query="cat", granularity="week")[0] == 400


def test_posts_are_billed_once_a_day_and_counts_by_request() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=RULES)) as sim:
        until = str(with_a_gap(sim))
        sent = set(sim.oracle.sent_ids())
        query = {"query": 'cat OR "paper moon" OR #fog', "until_id": until}
        found = set(ids(pages(sim, **query)))
        pages(sim, **query)
        began = clock.utc_text(clock.now_s() - 5).replace(".000", "")
        recovered = set(read_reply(connect(sim, f"{FILTERED}?start_time={began}")).ids)
        pages(sim, COUNTS, **query)
        bill = sim.oracle.summary()
        assert bill["billed_posts"] == len(sent | found | recovered)
        assert bill["billed_counts"] == 1
        assert bill["bill_usd"] == pytest.approx(0.005 * (len(sent | found | recovered) + 1))


@pytest.mark.parametrize(("path", "limit"), [(SEARCH, "450"), (COUNTS, "300")])
def test_both_have_the_limits_of_x_unless_the_scenario_changes_them(path: str, limit: str) -> None:
    with Simulator(Scenario(rules=RULES)) as sim:
        assert call(sim, path, query="cat")[2]["x-rate-limit-limit"] == limit
        assert call(sim, path, query="cat", token="wrong")[0] == 401
    with Simulator(Scenario(rules=RULES, search={"limit": 1, "counts_limit": 1})) as sim:
        assert [call(sim, path, query="cat")[0] for _ in range(2)] == [200, 429]


def test_the_oracle_tells_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    with Simulator(Scenario(rate_per_s=400, rules=RULES), oracle_path=path) as sim:
        found = ids(pages(sim, query="#fog", until_id=str(with_a_gap(sim))))
        assert sim.oracle.found_ids() == found
        lost = sim.oracle.lost_ids()
        assert lost.isdisjoint(found)
    read = read_oracle(path)
    assert read.found_ids == found
    assert {entry["query"] for entry in read.of_kind("found")} == {"#fog"}


def test_as_x_a_quoted_post_is_not_searched_and_accents_are_nothing() -> None:
    rules = [{"value": "café is:quote"}]
    with Simulator(Scenario(rate_per_s=400, rules=rules, search={"matching": "as_x"})) as sim:
        until = str(with_a_gap(sim))
        assert set(ids(pages(sim, query="cafe", until_id=until))) == {
            one for one in everything(sim) if int(one) < int(until)
        }
    with Simulator(Scenario(rate_per_s=400, rules=rules)) as sim:
        assert ids(pages(sim, query="cafe", until_id=str(with_a_gap(sim)))) == []


def test_a_post_that_begins_a_conversation_is_in_it() -> None:
    with Simulator(Scenario(rate_per_s=400, rules=[{"value": "cat -is:reply"}])) as sim:
        until = str(with_a_gap(sim))
        found = ids(pages(sim, query="cat", until_id=until))
        assert ids(pages(sim, query=f"conversation_id:{found[5]}", until_id=until)) == [found[5]]
