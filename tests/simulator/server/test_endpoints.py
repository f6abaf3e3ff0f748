from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, call, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.generation.events import TWEET_KINDS, USER_KINDS
from twitter_stream_simulator.protocol.endpoints import ENDPOINTS
from twitter_stream_simulator.protocol.fields import LEGAL_LIKE_VALUES

# As X's OpenAPI document has them: path, number of partitions, whether it takes post fields.
STREAMS = [
    ("/2/tweets/search/stream", 0, True),
    ("/2/tweets/sample/stream", 0, True),
    ("/2/tweets/sample10/stream", 2, True),
    ("/2/tweets/firehose/stream", 20, True),
    ("/2/tweets/firehose/stream/lang/en", 8, True),
    ("/2/tweets/firehose/stream/lang/ja", 2, True),
    ("/2/tweets/firehose/stream/lang/ko", 2, True),
    ("/2/tweets/firehose/stream/lang/pt", 2, True),
    ("/2/likes/firehose/stream", 20, False),
    ("/2/likes/sample10/stream", 2, False),
    ("/2/tweets/compliance/stream", 4, False),
    ("/2/users/compliance/stream", 4, False),
    ("/2/likes/compliance/stream", 0, False),
    ("/2/tweets/label/stream", 0, False),
    ("/2/activity/stream", 0, False),
]
EVENTS = 60
ALL_LIKE_FIELDS = urlencode({name: ",".join(sorted(v)) for name, v in LEGAL_LIKE_VALUES.items()})


def messages(path: str, count: int = EVENTS) -> list[dict[str, Any]]:
    with Simulator(Scenario(rate_per_s="max")) as sim:
        return read_posts(connect(sim, path), count)


@pytest.mark.parametrize(("path", "partitions", "takes_fields"), STREAMS)
def test_each_stream_answers_and_takes_its_own_parameters(
    path: str, partitions: int, *, takes_fields: bool
) -> None:
    rules = [{"value": "cat"}]
    with Simulator(Scenario(rules=rules, rate_per_s="max", max_connections=None)) as sim:
        query = "?backfill_minutes=1" + (f"&partition={partitions}" if partitions else "")
        assert "data" in read_posts(connect(sim, path + query), 1)[0]
        status, body, _ = call(sim, path + query + "&poll.fields=options,nonsense")
        assert status == 400
        known = "is not one of [duration_minutes" in body["errors"][0]["message"]
        assert known is takes_fields
        assert call(sim, path, token="wrong")[0] == 401


@pytest.mark.parametrize(("path", "partitions", "_"), STREAMS)
def test_partition_is_required_where_there_are_some(path: str, partitions: int, _: object) -> None:
    with Simulator(Scenario(rules=[{"value": "cat"}])) as sim:
        asked = ["0", str(partitions + 1), "x", "²"]
        answers = [call(sim, path, partition=one) for one in asked]
        assert [status for status, _, _ in answers] == [400] * len(asked)
        shown = [body["errors"][0]["parameters"]["partition"] for _, body, _ in answers]
        assert shown == [[one] for one in asked]
        if partitions:
            status, body, _ = call(sim, path)
            assert (status, body["errors"][0]["parameters"]) == (400, {"partition": []})


def test_partitions_are_separate_channels() -> None:
    path = "/2/tweets/firehose/stream?partition="
    with Simulator(Scenario(limit_posts=30, rate_per_s="max")) as sim:
        first = connect(sim, f"{path}1")
        second = read_posts(connect(sim, f"{path}2"), 30)
        assert call(sim, f"{path}1")[0] == 429
        texts = {post["data"]["text"] for post in read_posts(first, 30)}
        assert texts.isdisjoint(post["data"]["text"] for post in second)
        assert sim.wait_for(lambda: sim.oracle.sent_total == 60, HANG_S)
        ids = [sim.oracle.sent_ids(endpoint="firehose", partition=n) for n in (1, 2)]
        assert ids[1] == [post["data"]["id"] for post in second]
        assert set(ids[0]).isdisjoint(ids[1])


def test_a_script_can_hold_for_one_partition() -> None:
    refused = {"endpoint": "sample10", "partition": 2, "steps": [{"do": "http", "status": 503}]}
    with Simulator(Scenario(connections=[refused], rate_per_s="max")) as sim:
        path = "/2/tweets/sample10/stream?partition="
        assert read_posts(connect(sim, f"{path}1"), 1)
        assert call(sim, f"{path}2")[0] == 503


@pytest.mark.parametrize("lang", ["en", "ja", "ko", "pt"])
def test_firehose_of_a_language_has_no_other(lang: str) -> None:
    posts = messages(
        f"/2/tweets/firehose/stream/lang/{lang}?partition=1&tweet.fields=lang,created_at"
    )
    assert {post["data"]["lang"] for post in posts} == {lang}


@pytest.mark.parametrize(
    ("interval", "status"),
    [
        ({"start_time": "yesterday"}, 400),
        ({"start_time": "2020-01-01T00:00:00Z"}, 400),
        ({"end_time": "2999-01-01T00:00:00Z"}, 400),
        ({"backfill_minutes": "6"}, 400),
    ],
)
def test_interval_of_a_recovery_is_checked(interval: dict[str, str], status: int) -> None:
    with Simulator() as sim:
        assert call(sim, "/2/activity/stream", **interval)[0] == status


def test_sample_knows_no_recovery() -> None:
    with Simulator() as sim:
        status, body, _ = call(sim, "/2/tweets/sample/stream", start_time="2026-01-01T00:00:00Z")
        assert (status, list(body["errors"][0]["parameters"])) == (400, ["start_time"])


def test_likes_carry_what_was_asked_for() -> None:
    path = "/2/likes/sample10/stream?partition=1"
    assert {len(one["data"]) for one in messages(path)} == {1}
    likes = messages(f"{path}&{ALL_LIKE_FIELDS}")
    assert len({like["data"]["id"] for like in likes}) == EVENTS
    for like in likes:
        assert re.fullmatch("[0-9a-f]{32}", like["data"]["id"])
        created = datetime.strptime(like["data"]["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
        assert int(like["data"]["timestamp_ms"]) == int(created.timestamp()) * 1000
        assert like["data"]["liked_tweet_id"] == like["includes"]["tweets"][0]["id"]
        assert like["data"]["liked_tweet_author_id"] == like["includes"]["users"][0]["id"]
    assert any("media" in like["includes"] for like in likes)


def test_compliance_of_tweets_has_every_kind() -> None:
    events = [one["data"] for one in messages("/2/tweets/compliance/stream?partition=1")]
    assert {kind for event in events for kind in event} == set(TWEET_KINDS)
    for event in events:
        ((kind, about),) = event.items()
        assert about["event_at"].endswith("Z")
        assert ("author_id" in about["tweet"]) == (kind != "tweet_edit")
        assert ("edit_tweet_ids" in about) == (kind == "tweet_edit")
        assert ("withheld_in_countries" in about) == (kind == "withheld")
    quoting = [e["delete"] for e in events if "quote_tweet_id" in e.get("delete", {})]
    assert len({about["tweet"]["id"] for about in quoting}) == 1
    assert len({about["quote_tweet_id"] for about in quoting}) == len(quoting) > 1


def test_compliance_of_users_has_every_kind_and_times_with_offset() -> None:
    events = [one["data"] for one in messages("/2/users/compliance/stream?partition=4")]
    assert {kind for event in events for kind in event} == set(USER_KINDS)
    for event in events:
        (about,) = event.values()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+00:00", about["event_at"])
        assert about["user"]["id"].isdecimal()


def test_likes_taken_back_name_the_post() -> None:
    for event in messages("/2/likes/compliance/stream"):
        assert set(event["data"]["delete"]["favorite"]) == {"id", "user_id"}


def test_labels_come_and_posts_go_out_of_view() -> None:
    events = [one["data"] for one in messages("/2/tweets/label/stream")]
    kinds = {kind for event in events for kind in event}
    assert kinds == {"public_tweet_notice", "public_tweet_unviewable"}


def test_activities_have_the_quirks_of_x_samples() -> None:
    events = [one["data"] for one in messages("/2/activity/stream")]
    assert {event["event_uuid"].startswith("-") for event in events} == {True, False}
    assert len({event["event_uuid"] for event in events}) == EVENTS
    gone = [event for event in events if event["event_type"] == "post.delete"]
    assert set(gone[0]["includes"]["users"][0]) == {"data"}
    assert {} in [event["filter"] for event in events]


@pytest.mark.parametrize("gzip", [False, True])
def test_oracle_knows_endpoint_partition_and_line_of_each_message(*, gzip: bool) -> None:
    brief = {"steps": [{"do": "send", "posts": 20}, {"do": "close"}]}
    scenario = Scenario(connections=[brief], rate_per_s="max", record_messages=True)
    with Simulator(scenario) as sim:
        reply = read_reply(connect(sim, "/2/users/compliance/stream?partition=3", gzip=gzip))
        (connection,) = sim.oracle.connections
        assert connection.endpoint == connection.holds == "users_compliance"
        assert connection.partition == 3
        assert [sim.oracle.messages[one] for one in sim.oracle.sent_ids(partition=3)] == reply.lines
        assert sim.oracle.summary()["billed_posts"] == 0
        assert sim.oracle.summary()["unique_ids"] == len(reply.lines) == 20


def test_a_self_serve_app_gets_no_enterprise_stream() -> None:
    with Simulator(Scenario(access="self_serve", rate_per_s="max")) as sim:
        for row in ENDPOINTS:
            if row.is_stream and row.enterprise:
                status, body, _ = call(sim, f"{row.path}?partition=1")
                assert (status, body["reason"]) == (403, "client-not-enrolled"), row.name
        assert read_posts(connect(sim, SAMPLE), 1)
        assert read_posts(connect(sim, "/2/activity/stream"), 1)


def test_a_self_serve_app_gets_no_backfill_and_no_recovery() -> None:
    with Simulator(Scenario(access="self_serve", rate_per_s="max")) as sim:
        for query in ("backfill_minutes=1", "start_time=2026-01-01T00:00:00Z"):
            status, body, _ = call(sim, f"/2/activity/stream?{query}")
            assert (status, body["title"]) == (400, "Invalid Request")
            assert "access level" in body["errors"][0]["message"]
        assert read_posts(connect(sim, f"{SAMPLE}?backfill_minutes=0"), 1)
