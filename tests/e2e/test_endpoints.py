"""Each v2 endpoint through the tap, its rows compared with the lines that the simulator sent."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import REPLACED, check_books
from tests.e2e.harness import Tap, capture, config_for
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json = dict[str, Any]
EACH = 40  # messages on each partition
# The number of partitions of every endpoint of posts, as X's OpenAPI document has it.
OF_POSTS = {
    "sample": 1,
    "sample10": 2,
    "firehose": 20,
    "firehose_lang_en": 8,
    "firehose_lang_ja": 2,
    "firehose_lang_ko": 2,
    "firehose_lang_pt": 2,
}


def scenario() -> Scenario:
    return Scenario(limit_posts=EACH, rate_per_s="max", record_messages=True)


def sent(sim: Simulator) -> list[Json]:
    """Return ``data`` of every message sent, cleaned as SQL targets need it."""
    texts = (REPLACED.sub("\ufffd", line.decode()) for line in sim.oracle.messages.values())
    return [json.loads(text)["data"] for text in texts]


def captured(folder: Path, endpoint: str, stream: str, count: int) -> tuple[list[Json], list[Json]]:
    """Capture one endpoint; return the rows of a stream and what was sent."""
    with Simulator(scenario()) as sim:
        config = config_for(sim, endpoints=[endpoint])
        with Tap(folder, config) as tap:
            tap.has(count, stream)
            assert tap.stop() == 0, tap.stderr
        expected = sent(sim)
    check_books(tap.window)
    assert tap.window["messages"] == len(expected) == count
    assert tap.records("dead_letters") == []
    return tap.records(stream), expected


def event_of(data: Json) -> tuple[str, str]:
    ((kind, event),) = data.items()
    return kind, json.dumps(event, sort_keys=True)


def without(row: Json, *names: str) -> Json:
    return {k: v for k, v in row.items() if not k.startswith("_") and k not in names}


@pytest.mark.parametrize(("endpoint", "partitions"), OF_POSTS.items())
def test_posts_of_every_partition_arrive(tmp_path: Path, endpoint: str, partitions: int) -> None:
    with Simulator(scenario()) as sim:
        tap = capture(tmp_path, config_for(sim, endpoints=[endpoint]), EACH * partitions)
        ids = sim.oracle.sent_ids(endpoint=endpoint)
        asked = {c.partition for c in sim.oracle.connections}
    assert len(ids) == EACH * partitions
    assert Counter(tap.ids()) == Counter(ids)
    assert asked == (set(range(1, partitions + 1)) if partitions > 1 else {None})
    check_books(tap.window)


def test_chosen_partitions_are_the_only_ones(tmp_path: Path) -> None:
    with Simulator(scenario()) as sim:
        config = config_for(sim, endpoints=["firehose"], partitions={"firehose": [3, 17]})
        tap = capture(tmp_path, config, EACH * 2)
        asked = {c.partition for c in sim.oracle.connections}
        ids = sim.oracle.sent_ids()
    assert asked == {3, 17}
    assert Counter(tap.ids()) == Counter(ids)


@pytest.mark.parametrize(
    ("endpoint", "partitions"), [("likes_firehose", 20), ("likes_sample10", 2)]
)
def test_likes_arrive(tmp_path: Path, endpoint: str, partitions: int) -> None:
    rows, likes = captured(tmp_path, endpoint, "likes", EACH * partitions)
    names = ("id", "liked_tweet_id", "liked_tweet_author_id", "created_at")
    found = {(*(row[name] for name in names), row["timestamp_ms"]) for row in rows}
    assert found == {(*(like[name] for name in names), int(like["timestamp_ms"])) for like in likes}


@pytest.mark.parametrize(
    ("endpoint", "partitions", "stream"),
    [
        ("tweets_compliance", 4, "compliance_events"),
        ("users_compliance", 4, "compliance_events"),
        ("likes_compliance", 1, "compliance_events"),
        ("tweet_label", 1, "tweet_labels"),
    ],
)
def test_events_arrive_whole(tmp_path: Path, endpoint: str, partitions: int, stream: str) -> None:
    rows, events = captured(tmp_path, endpoint, stream, EACH * partitions)
    found = {(row["kind"], json.dumps(row["event"], sort_keys=True)) for row in rows}
    assert found == set(map(event_of, events))
    assert len({row["event_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("endpoint", "ids_of"),
    [
        (
            "tweets_compliance",
            lambda event: (event["tweet"]["id"], event["tweet"].get("author_id")),
        ),
        ("users_compliance", lambda event: (None, event["user"]["id"])),
        ("likes_compliance", lambda event: (event["favorite"]["id"], event["favorite"]["user_id"])),
    ],
)
def test_compliance_rows_name_whom_they_concern(
    tmp_path: Path, endpoint: str, ids_of: Callable[[Json], tuple[str | None, str | None]]
) -> None:
    partitions = 1 if endpoint == "likes_compliance" else 4
    rows, events = captured(tmp_path, endpoint, "compliance_events", EACH * partitions)
    found = Counter((row.get("tweet_id"), row.get("user_id")) for row in rows)
    assert found == Counter(ids_of(next(iter(event.values()))) for event in events)


def test_activities_arrive_whole(tmp_path: Path) -> None:
    rows, events = captured(tmp_path, "activity", "activities", EACH)
    expected = {event["event_uuid"]: without(event, "includes") for event in events}
    assert {row["event_uuid"]: without(row) for row in rows} == expected
