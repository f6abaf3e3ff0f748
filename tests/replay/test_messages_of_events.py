"""A connection of each kind fills its own streams, once, and the books balance (G3, G5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.spool.frames import HEADER_BYTES, Frame, Kind
from tap_twitter_stream.wire.endpoints import COMMON_STREAMS, ENDPOINTS
from tests.spool.logs import encode_json

START_US = 1_790_000_000_000_000
STREAMS = {*COMMON_STREAMS, *(name for spec in ENDPOINTS.values() for name in spec.streams)}
TWEET = {"id": "11", "author_id": "21"}

CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("tweets_compliance", {"delete": {"tweet": TWEET, "event_at": "x"}}, ["compliance_events"]),
    ("users_compliance", {"user_delete": {"user": {"id": "21"}}}, ["compliance_events"]),
    ("likes_compliance", {"delete": {"favorite": {"id": "1"}}}, ["compliance_events"]),
    ("tweet_label", {"public_tweet_notice": {"tweet": TWEET}}, ["tweet_labels"]),
    ("likes_firehose", {"id": "ab", "liked_tweet_id": "11"}, ["likes"]),
    ("likes_sample10", {"id": "ab", "liked_tweet_id": "11"}, ["likes"]),
    (
        "activity",
        {"event_uuid": "-1", "includes": {"users": [{"id": "21"}]}},
        ["activities", "users"],
    ),
    ("firehose", TWEET, ["tweets"]),
]


def frames_of(endpoint: str, body: bytes) -> list[Frame]:
    head = {"connection_id": "w-0", "endpoint": endpoint, "partition": 0}
    head |= {"opened_at_us": START_US, "http_status": 200}
    window = {"window_id": "w", "started_at_us": START_US, "endpoints": [endpoint]}
    end = {"ending": {"kind": "closed_by_server"}, "closed_at_us": START_US + 10**6}
    parts: list[tuple[Kind, bytes]] = [
        (Kind.CONTEXT, encode_json({"window": {}, "connections": []})),
        (Kind.WINDOW, encode_json(window)),
        (Kind.OPENED, encode_json(head)),
        (Kind.BYTES, body),
        (Kind.CLOSED, encode_json({**head, **end})),
        (Kind.STOPPED, encode_json({"reason": "stop"})),
    ]
    frames, at, opened = [], 8, 0
    for kind, payload in parts:
        opened = at if kind is Kind.OPENED else opened
        number = opened if kind in {Kind.BYTES, Kind.CLOSED} else 0
        frames.append(Frame(at, START_US, number, kind, payload))
        at += HEADER_BYTES + len(payload)
    return frames


@pytest.mark.parametrize(("endpoint", "data", "streams"), CASES)
def test_a_message_is_emitted_once_and_counted(
    endpoint: str, data: dict[str, Any], streams: list[str]
) -> None:
    line = json.dumps({"data": data}).encode()
    output = Output()
    emitter = Emitter(output, {name: RawLane(name) for name in STREAMS})
    replay = Replay(ReplayOptions("s", max_line_bytes=4096), emitter, Dedupe(60, 100), None)
    # Twice as a line, and a third time behind the last line end of the connection.
    for frame in frames_of(endpoint, line + b"\r\n" + line + b"\r\n\r\n" + line):
        replay.handle(frame)

    messages = [json.loads(one) for one in b"".join(output.parts).splitlines()]
    emitted = [one["stream"] for one in messages if not one["stream"].startswith("capture_")]
    assert emitted == streams
    first = next(one["record"] for one in messages if one["stream"] == streams[0])
    assert (first["_endpoint"], first["_connection_id"]) == (endpoint, "w-0")
    assert emitter.counts[streams[0]].deduplicated == 2
    assert all(count.balanced for count in emitter.counts.values())
    tally = replay.tally
    assert tally.balanced
    assert (tally.messages, tally.records, tally.posts) == (3, 1, int(endpoint == "firehose"))
    assert set(streams) <= set(ENDPOINTS[endpoint].streams)
