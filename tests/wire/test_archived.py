"""Each line of an archive is told by itself, with the time at which it was true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.archived import classify_archived
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Activity,
    ClassicCompliance,
    Compliance,
    Junk,
    Label,
    Like,
    LineLength,
    Notice,
    Page,
    Post,
    Several,
    Status,
    StreamProblems,
    Undelivered,
)

ID = "1050118621198921728"  # of 10 October 2018, 20:19:24.211 by its own bits
ID_US = 1_539_202_764_211_000
RETRIEVED = {"version": "2.14.0", "url": "x", "retrieved_at": "2022-03-04T05:06:07+00:00"}
RETRIEVED_US = 1_646_370_367_000_000
POST = {"id": ID, "text": "made up"}
STATUS = {"id": int(ID), "id_str": ID, "text": "made up", "user": {"id": 5, "id_str": "5"}}
USER = {"id": "5", "username": "made_up", "name": "Made Up"}


def classified(value: object) -> tuple[Any, int | None]:
    return classify_archived(json.dumps(value).encode())


CASES: list[tuple[object, type, int | None]] = [
    ({"data": POST}, Post, ID_US),
    ({"data": {**POST, "id": int(ID)}}, Post, ID_US),
    ({"data": POST, "matching_rules": [{"id": "1"}], "__twarc": RETRIEVED}, Post, RETRIEVED_US),
    ({"data": [POST], "meta": {}}, Page, ID_US),
    ({"data": [POST], "includes": {"users": [USER]}, "__twarc": RETRIEVED}, Page, RETRIEVED_US),
    ({"meta": {"result_count": 0}, "__twarc": RETRIEVED}, Page, RETRIEVED_US),
    ({"data": [USER], "__twarc": RETRIEVED}, Page, RETRIEVED_US),
    ({"data": USER}, Page, None),
    (POST, Post, ID_US),
    ({**POST, "author": USER, "author_id": "5", "__twarc": RETRIEVED}, Post, RETRIEVED_US),
    ({**USER, "__twarc": RETRIEVED}, Page, RETRIEVED_US),
    (STATUS, Status, ID_US),
    ({**STATUS, "text": None, "full_text": "x"}, Status, ID_US),
    ({"id": 20, "text": "x", "created_at": "Tue Mar 21 20:50:14 +0000 2006"}, Status,
     1_142_974_214_000_000),
    ({"data": {"id": "20", "text": "x", "created_at": "2006-03-21T20:50:14.000Z"}}, Post,
     1_142_974_214_000_000),
    ({"delete": {"status": {"id": 1, "user_id": 2}, "timestamp_ms": "1539202764211"}},
     ClassicCompliance, ID_US),
    ({"delete": {"status": {"id": 1, "id_str": "1", "user_id": 2}}}, ClassicCompliance, None),
    ({"limit": {"track": 5, "timestamp_ms": "1539202764211"}}, Undelivered, ID_US),
    ({"warning": {"code": "FALLING_BEHIND", "message": "x"}}, Notice, None),
    ({"data": {"tweet_delete": {"tweet": {"id": "1"}, "event_at": "2018-10-10T20:19:24.211Z"}}},
     Compliance, ID_US),
    ({"data": {"public_tweet_notice": {"tweet": {"id": "1"}}}}, Label, None),
    ({"data": {"id": "9", "liked_tweet_id": "1", "created_at": "2018-10-10T20:19:24.211Z"}}, Like,
     ID_US),
    ({"data": {"event_uuid": "u", "event_type": "x", "payload": {}}}, Activity, None),
    ({"errors": [{"title": "x", "type": "about:blank"}]}, StreamProblems, None),
    ([STATUS, {"delete": {"status": {"id": 1}}}], Several, ID_US),
    ([{"data": [POST]}, POST], Several, ID_US),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "true_us"), CASES)
def test_a_line_is_told_by_what_it_holds(value: object, kind: type, true_us: int | None) -> None:
    message, told_us = classified(value)
    assert type(message) is kind, message
    assert told_us == true_us


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"\xff", "not_utf8"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "unknown_kind"),
        (b'"text"', "unknown_kind"),
        (ID.encode(), "unknown_kind"),  # a list of ids
        (b'{"data":[{"start":"x","end":"y","tweet_count":5}]}', "unknown_kind"),
        (OverlongLine.of(b"{", 99), "too_long"),
    ],
)
def test_what_is_nothing_is_junk(line: bytes, reason: str) -> None:
    message, _ = classify_archived(line)
    assert isinstance(message, Junk)
    assert message.reason == reason


def test_a_length_before_a_line_is_no_message() -> None:
    assert classify_archived(b"1953\r") == (LineLength(), None)


def test_a_byte_order_mark_does_not_hide_the_first_line() -> None:
    message, _ = classify_archived(b"\xef\xbb\xbf" + json.dumps({"data": POST}).encode())
    assert isinstance(message, Post)


def test_odd_objects_of_a_page_are_kept() -> None:
    message, _ = classified({"data": [POST, 5, {"name": "x"}], "errors": [{"title": "t"}]})
    assert [post.id for post in message.posts] == [ID]
    assert [raw for _, raw in message.junk] == [b"5", b'{"name":"x"}']
    assert message.problems == ({"title": "t"},)


@given(st.sampled_from([case[0] for case in CASES]), st.sampled_from(["", "\\u0000 "]), st.data())
def test_the_quick_way_and_the_thorough_one_agree(
    value: object, slow: str, data: st.DataObject
) -> None:
    """U+0000 sends a line the thorough way; it changes nothing but the text it stands in."""
    line = json.dumps(value, separators=data.draw(st.sampled_from([(",", ":"), (", ", ": ")])))
    message, true_us = classify_archived(line.replace("made up", f"{slow}made up").encode())
    other, other_us = classify_archived(line.encode())
    assert type(message) is type(other)
    assert true_us == other_us


@given(st.binary(max_size=40) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["data", "id", "id_str", "text", "username", "includes", "users", "meta",
                         "errors", "__twarc", "retrieved_at", "user", "delete", "geo", "mentions",
                         "author", "media", "media_keys", "referenced_tweets", "place_id"]),
        inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_nothing_is_ever_raised(line: bytes) -> None:
    classify_archived(line)
