from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.classic import classify_classic
from tap_twitter_stream.wire.event_rows import event_row
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Activity,
    ClassicCompliance,
    Disconnect,
    Junk,
    LineLength,
    Message,
    Notice,
    Post,
    Several,
    Status,
    StreamProblems,
    Undelivered,
)
from tests.wire.envelopes import VALUES, envelopes

Json = dict[str, Any]


def read(value: object) -> Message:
    return classify_classic(json.dumps(value).encode())


def event_of(value: object) -> Json:
    message = read(value)
    assert isinstance(message, (ClassicCompliance, Activity))
    row = event_row(message)
    return {"stream": row.stream, **json.loads(row.raw)}


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (
            {"delete": {"status": {"id": 1, "id_str": "1", "user_id": 2, "user_id_str": "2"},
                        "timestamp_ms": "1672531200123"}},
            {"kind": "delete", "subject": "tweet", "tweet_id": "1", "user_id": "2",
             "event_at": "2023-01-01T00:00:00.123000Z"},
        ),
        (
            {"delete": {"favorite": {"tweet_id": 1, "tweet_id_str": "1", "user_id": 2}}},
            {"kind": "delete", "subject": "like", "tweet_id": "1", "user_id": "2"},
        ),
        (
            {"delete": {"direct_message": {"id": 1, "user_id": 2}}},
            {"kind": "delete", "subject": "direct_message", "user_id": "2"},
        ),
        (
            {"scrub_geo": {"user_id": 2, "user_id_str": "2", "up_to_status_id": 9}},
            {"kind": "scrub_geo", "subject": "user", "user_id": "2", "up_to_tweet_id": "9"},
        ),
        (
            {"status_withheld": {"id": 1, "user_id": 2, "withheld_in_countries": ["DE", "AR"]}},
            {"kind": "withheld", "subject": "tweet", "tweet_id": "1", "user_id": "2",
             "withheld_in_countries": ["DE", "AR"]},
        ),
        (
            {"user_withheld": {"id": 2, "withheld_in_countries": ["XY"]}},
            {"kind": "user_withheld", "subject": "user", "user_id": "2",
             "withheld_in_countries": ["XY"]},
        ),
        (
            {"user_withheld": {"user": {"id": 2, "id_str": "2"},
                               "timestampMs": "2023-01-01T00:00:00.1Z"}},
            {"subject": "user", "user_id": "2", "event_at": "2023-01-01T00:00:00.1Z"},
        ),
        (
            {"tweet_edit": {"id": 3, "initial_tweet_id": 1, "edit_tweet_ids": ["1", "3"]}},
            {"kind": "tweet_edit", "tweet_id": "3", "initial_tweet_id": "1",
             "edit_tweet_ids": ["1", "3"]},
        ),
        ({"user_suspend": {"id": 2, "timestamp_ms": "x"}}, {"subject": "user", "user_id": "2"}),
    ],
)  # fmt: skip
def test_a_compliance_message_becomes_an_event(line: Json, row: Json) -> None:
    made = event_of(line)
    assert made["stream"] == "compliance_events"
    assert {name: made[name] for name in row} == row


def test_the_same_deletion_has_the_same_id_whatever_its_order() -> None:
    one = {"delete": {"status": {"id": 1, "user_id": 2}, "timestamp_ms": "3"}}
    other = {"delete": {"timestamp_ms": "3", "status": {"user_id": 2, "id": 1}}}
    assert event_of(one)["event_id"] == event_of(other)["event_id"]


@pytest.mark.parametrize(
    ("line", "event_type"),
    [
        ({"event": "user_update", "source": {"id": 42}, "target": {"id": 42}}, "user_update"),
        ({"direct_message": {"id": 1, "text": "hi"}}, "direct_message"),
        ({"id": 1, "text": "hi", "sender": {"id": 2}, "recipient": {"id": 3}}, "direct_message"),
    ],
)
def test_what_an_account_did_is_an_activity(line: Json, event_type: str) -> None:
    made = event_of(line)
    assert (made["stream"], made["event_type"]) == ("activities", event_type)
    assert made["event_uuid"]
    assert set(made["payload"]) == set(line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"limit": {"track": 17}}, Undelivered(17, {"track": 17})),
        ({"limit": {"track": "?"}}, Undelivered(None, {"track": "?"})),
        (
            {"disconnect": {"code": 7, "reason": "admin logout"}},
            Disconnect("AdminLogout", {"code": 7, "reason": "admin logout"}),
        ),
        ({"disconnect": {"code": 99}}, Disconnect("Code99", {"code": 99})),
        (
            {"warning": {"code": "FOLLOWS_OVER_LIMIT", "user_id": 42}},
            Notice("warning", {"code": "FOLLOWS_OVER_LIMIT", "user_id": "42"}),
        ),
        ({"friends": [1, 2]}, Notice("friends", {"friends": [1, 2]})),
        ({"friends_str": ["1"]}, Notice("friends_str", {"friends_str": ["1"]})),
        ({"control": {"control_uri": "/c"}}, Notice("control", {"control_uri": "/c"})),
        (
            {"type": "connection_metadata", "datacenter": "atla"},
            Notice("connection_metadata", {"type": "connection_metadata", "datacenter": "atla"}),
        ),
        (
            {"errors": [{"code": 32, "message": "no"}]},
            StreamProblems(({"code": 32, "message": "no"},)),
        ),
    ],
)
def test_what_x_says_about_the_stream_is_told_by_its_name(line: Json, message: Message) -> None:
    assert read(line) == message


def test_a_site_streams_envelope_is_opened() -> None:
    assert read({"for_user": 42, "message": {"limit": {"track": 1}}}) == Undelivered(
        1, {"track": 1}
    )
    opened = read({"for_user": 42, "message": {"id": 1, "text": "t"}})
    assert isinstance(opened, Status)


def test_an_array_is_read_item_by_item() -> None:
    message = read([{"id": 1, "text": "a"}, {"unheard": 1}, 7])
    assert isinstance(message, Several)
    kinds = [type(one) for one, _ in message.messages]
    assert kinds == [Status, Junk, Junk]
    assert message.messages[1][1] == b'{"unheard":1}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"text":"\xff"}', "not_utf8"),
        (b'{"unheard":1}', "unknown_kind"),
        (b'{"text":"no id"}', "unknown_kind"),
        (b'"7"', "unknown_kind"),
        (b"[]", "unknown_kind"),
        (b'{"id":1e999,"text":"x"}', "unknown_kind"),
        (OverlongLine.of(b'{"text"', 10_000_000), "too_long"),
    ],
)
def test_the_rest_is_junk_with_its_reason(line: bytes, reason: str) -> None:
    message = classify_classic(line)
    assert isinstance(message, Junk)
    assert message.reason == reason


@given(envelopes())
def test_a_v2_post_is_read_here_too(envelope: Json) -> None:
    assert isinstance(classify_classic(json.dumps(envelope).encode()), Post)


@given(VALUES, st.sampled_from(["text", "delete", "limit", "warning", "disconnect", "event"]))
def test_nothing_raises(value: object, name: str) -> None:
    for one in (value, {name: value}, {name: value, "id": 1}, {name: "x", "user": value, "id": 1}):
        read(one)


@pytest.mark.parametrize("line", [b"75", b"75\r"])
def test_a_line_of_digits_is_a_length(line: bytes) -> None:
    assert classify_classic(line) == LineLength()
