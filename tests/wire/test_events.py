"""Likes, activities, compliance events and labels: every payload of X's pages, and any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.wire.event_rows import event_row
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import (
    Activity,
    Compliance,
    Disconnect,
    Event,
    Junk,
    Label,
    Like,
    Message,
    Post,
    StreamProblems,
)

if TYPE_CHECKING:
    from tap_twitter_stream.wire.endpoints import Holds

AT = "2026-01-05T10:00:00.000Z"
TWEET = {"id": "11", "author_id": "21"}
USER = {"id": "21"}
EVENTS = get_args(Event)
MESSAGES = (*EVENTS, Post, Disconnect, StreamProblems, Junk)
HOLDS: list[Holds] = ["likes", "compliance", "labels", "activities"]

COMPLIANCE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("delete", {"tweet": TWEET, "quote_tweet_id": 12}, {"quote_tweet_id": "12"}),
    ("drop", {"tweet": TWEET}, {"subject": "tweet", "tweet_id": "11", "user_id": "21"}),
    ("undrop", {"post": TWEET}, {"subject": "tweet", "tweet_id": "11"}),
    ("withheld", {"tweet": TWEET, "withheld_in_countries": ["XX"]}, {"tweet_id": "11"}),
    (
        "tweet_edit",
        {"tweet": {"id": 13}, "initial_tweet_id": "12", "edit_tweet_ids": [12, "13"]},
        {"tweet_id": "13", "initial_tweet_id": "12", "edit_tweet_ids": ["12", "13"]},
    ),
    *(
        (f"user_{word}", {"user": USER}, {"subject": "user", "user_id": "21"})
        for word in ("protect", "unprotect", "delete", "undelete", "suspend", "unsuspend")
    ),
    ("user_withheld", {"user": USER, "withheld_in_countries": "DE"}, {"user_id": "21"}),
    ("scrub_geo", {"user": USER, "up_to_tweet_id": "19"}, {"up_to_tweet_id": "19"}),
    (
        "user_profile_modification",
        {"user": USER, "profile_field": "profile.description", "new_value": "made up"},
        {"profile_field": "profile.description", "new_value": "made up"},
    ),
    (
        "delete",
        {"favorite": {"id": "14", "user_id": "23"}},
        {"subject": "like", "tweet_id": "14", "user_id": "23"},
    ),
    ("tombstone_of_tomorrow", {"thing": {"id": "1"}}, {"kind": "tombstone_of_tomorrow"}),
]


def read(holds: Holds, value: object) -> Message:
    return classifier_for(holds)(json.dumps(value).encode())


def row_of(message: Message) -> dict[str, Any]:
    assert isinstance(message, EVENTS), message
    row = event_row(message)
    value: dict[str, Any] = json.loads(row.raw)
    assert list(Draft7Validator(load_schema(row.stream)).iter_errors(value)) == []
    assert row.key in {value.get("event_id"), value.get("id"), value.get("event_uuid")}
    return value


@pytest.mark.parametrize(("kind", "event", "wanted"), COMPLIANCE)
def test_every_compliance_event_has_the_same_shape(
    kind: str, event: dict[str, Any], wanted: dict[str, Any]
) -> None:
    message = read("compliance", {"data": {kind: {**event, "event_at": AT}}})
    assert isinstance(message, Compliance)
    row = row_of(message)
    assert (row["kind"], row["event_at"]) == (kind, AT)
    assert {name: row.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("kind", "event", "classic"),
    [
        (
            "delete",
            {"tweet": {"id": "11", "author_id": "21"}},
            {"delete": {"status": {"id": 11, "user_id": 21}}},
        ),
        (
            "withheld",
            {"tweet": {"id": "11", "author_id": "21"}, "withheld_in_countries": ["DE", "XY"]},
            {"status_withheld": {"id": 11, "user_id": 21, "withheld_in_countries": ["DE", "XY"]}},
        ),
        (
            "user_withheld",
            {"user": {"id": "21"}, "withheld_in_countries": ["XX"]},
            {"user_withheld": {"id": 21, "withheld_in_countries": ["XX"]}},
        ),
        (
            "scrub_geo",
            {"user": {"id": "21"}, "up_to_tweet_id": "19"},
            {"scrub_geo": {"user_id": 21, "up_to_status_id": 19}},
        ),
        (
            "delete",
            {"favorite": {"id": "14", "user_id": "23"}},
            {"delete": {"favorite": {"tweet_id": 14, "user_id": 23}}},
        ),
        ("user_suspend", {"user": {"id": "21"}}, {"user_suspend": {"id": 21}}),
        ("undrop", {"tweet": {"id": "11"}}, {"undrop": {"status": {"id": 11}}}),
        (
            "tweet_edit",
            {"tweet": {"id": "13"}, "initial_tweet_id": "12", "edit_tweet_ids": ["12", "13"]},
            {"tweet_edit": {"id": 13, "initial_tweet_id": 12, "edit_tweet_ids": [12, 13]}},
        ),
    ],
)
def test_the_same_event_has_the_same_columns_in_both_versions(
    kind: str, event: dict[str, Any], classic: dict[str, Any]
) -> None:
    ids = ("kind", "subject", "tweet_id", "user_id", "up_to_tweet_id", "initial_tweet_id")
    one = row_of(read("compliance", {"data": {kind: {**event, "event_at": AT}}}))
    other = row_of(read("statuses", classic))
    columns = (*ids, "edit_tweet_ids", "withheld_in_countries")
    assert {name: one.get(name) for name in columns} == {name: other.get(name) for name in columns}


@pytest.mark.parametrize("at", ["soon", "2026-13-05T10:00:00Z", "2026-01-05", 7, {"x": 1}])
def test_a_time_of_an_event_that_is_none_stays_in_the_event_only(at: object) -> None:
    row = row_of(read("compliance", {"data": {"drop": {"tweet": TWEET, "event_at": at}}}))
    assert row.get("event_at") is None
    assert row["event"]["event_at"] == at


@pytest.mark.parametrize("at", [AT, "2022-06-27T23:49:41.839+00:00", "2026-01-05T10:00:00Z"])
def test_a_time_of_an_event_is_kept_as_x_writes_it(at: str) -> None:
    row = row_of(read("compliance", {"data": {"drop": {"tweet": TWEET, "event_at": at}}}))
    assert row["event_at"] == at


def test_the_same_event_has_the_same_id_and_another_has_not() -> None:
    once, twice, other = (
        row_of(read("compliance", {"data": {"delete": {"tweet": TWEET, **more}}}))["event_id"]
        for more in ({}, {}, {"quote_tweet_id": "5"})
    )
    assert once == twice != other


@pytest.mark.parametrize("author", ["tweet_author_id", "liked_tweet_author_id"])
@pytest.mark.parametrize("time_ms", [1767607200000, "1767607200000"], ids=["number", "text"])
def test_a_like_lands_in_the_same_columns_whatever_its_names(author: str, time_ms: object) -> None:
    like = {"id": "ab", "created_at": AT, "liked_tweet_id": 14, author: 21, "timestamp_ms": time_ms}
    message = read("likes", {"data": like, "includes": {"users": [USER], "posts": [TWEET]}})
    assert isinstance(message, Like)
    assert [stream for stream, _ in message.includes] == ["users", "referenced_tweets"]
    assert row_of(message) == {
        "id": "ab",
        "created_at": AT,
        "liked_tweet_id": "14",
        "liked_tweet_author_id": "21",
        "timestamp_ms": 1767607200000,
    }


def test_a_time_that_is_no_number_is_kept_as_an_error() -> None:
    message = read("likes", {"data": {"id": "ab", "timestamp_ms": "soon"}})
    assert isinstance(message, Like)
    assert row_of(message) == {"id": "ab"}
    assert message.errors == [{"title": "Time that is no number", "value": '"soon"'}]


@pytest.mark.parametrize("kind", ["public_tweet_notice", "public_tweet_unviewable"])
def test_a_label_names_post_and_author(kind: str) -> None:
    event = {"tweet": TWEET, "application": "apply", "event_at": AT, "label_title": "Made up"}
    message = read("labels", {"data": {kind: event}})
    assert isinstance(message, Label)
    row = row_of(message)
    assert (row["kind"], row["tweet_id"], row["user_id"]) == (kind, "11", "21")
    assert (row["application"], row["label_title"], row["event_at"]) == ("apply", "Made up", AT)


def test_an_activity_gives_up_what_it_includes() -> None:
    data = {
        "event_uuid": "-1234567890123456789",
        "event_type": "post.delete",
        "filter": {"user_id": 21},
        "includes": {"users": [{"data": USER}]},
        "payload": {"id": 11},
    }
    message = read("activities", {"data": data})
    assert isinstance(message, Activity)
    assert message.includes == [("users", [b'{"id":"21"}'])]
    row = row_of(message)
    assert (row["filter"], row["payload"]) == ({"user_id": "21"}, {"id": "11"})
    assert "includes" not in row


@pytest.mark.parametrize("holds", HOLDS)
def test_problems_and_disconnects_are_alike_everywhere(holds: Holds) -> None:
    problem = {"title": "t", "type": "about:blank"}
    assert isinstance(read(holds, {"errors": [problem]}), StreamProblems)
    gone = {**problem, "disconnect_type": "SlowReader"}
    assert isinstance(read(holds, {"errors": [gone]}), Disconnect)
    assert isinstance(read(holds, {"data": {}}), Junk)
    assert isinstance(classifier_for(holds)(b'"\xff"'), Junk)
    assert isinstance(classifier_for(holds)(OverlongLine.of(b"{", 99)), Junk)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "id",
                        "event_uuid",
                        "delete",
                        "tweet",
                        "user",
                        "favorite",
                        "includes",
                        "users",
                    ),
                    *("timestamp_ms", "tweet_author_id", "payload", "filter", "event_at", "errors"),
                    *("withheld_in_countries", "created_at", "tag", "details", "other"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(HOLDS), VALUES, VALUES)
def test_any_json_becomes_a_message_whose_row_fits(holds: Holds, data: Any, more: Any) -> None:  # noqa: ANN401
    message = read(holds, {"data": data, "includes": more, "errors": more})
    assert isinstance(message, MESSAGES)
    if isinstance(message, EVENTS):
        row = event_row(message)
        formatless = {"id", "event_id", "event_uuid"}
        assert formatless & set(json.loads(row.raw))
        errors = Draft7Validator(load_schema(row.stream)).iter_errors(json.loads(row.raw))
        assert [error.message for error in errors] == []


@given(st.sampled_from(HOLDS), st.binary())
def test_any_bytes_become_a_message(holds: Holds, line: bytes) -> None:
    assert isinstance(classifier_for(holds)(line), MESSAGES)
