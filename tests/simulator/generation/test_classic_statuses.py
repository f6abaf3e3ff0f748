"""Both dialects tell the same facts of a post, each in its own shape."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from twitter_stream_simulator.generation.classic_statuses import make_status, status_line
from twitter_stream_simulator.generation.posts import make_post

NUMBERS = range(240)
CREATED_AT = re.compile(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d \+0000 \d{4}")


def both(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    post = make_post(5, number)
    return post.tweet, make_status(post, number)


def all_statuses() -> list[dict[str, Any]]:
    return [both(number)[1] for number in NUMBERS]


@pytest.mark.parametrize("number", NUMBERS)
def test_text_author_language_and_references_agree(number: int) -> None:
    tweet, status = both(number)
    whole = status.get("extended_tweet", {}).get("full_text", status["text"])
    assert whole == tweet["text"]
    assert status["user"]["id_str"] == tweet["author_id"]
    assert status["lang"] == tweet["lang"]
    shown = set()
    if "retweeted_status" in status:
        shown.add(("retweeted", status["retweeted_status"]["id_str"]))
    if "quoted_status_id_str" in status:
        shown.add(("quoted", status["quoted_status_id_str"]))
    if status["in_reply_to_status_id_str"]:
        shown.add(("replied_to", status["in_reply_to_status_id_str"]))
    told = {(ref["type"], ref["id"]) for ref in tweet.get("referenced_tweets", ())}
    assert shown == told


def test_every_kind_of_status_occurs() -> None:
    statuses = all_statuses()
    for name in ("retweeted_status", "quoted_status", "withheld_in_countries", "extended_tweet"):
        assert any(name in status for status in statuses), name
    assert any(status["coordinates"] for status in statuses)
    assert any(status["truncated"] is False for status in statuses)
    gone = [s for s in statuses if s["is_quote_status"] and "quoted_status" not in s]
    assert gone
    assert any("extended_entities" in s.get("extended_tweet", s) for s in statuses)


def test_the_old_geo_has_latitude_first() -> None:
    (status, *_) = [status for status in all_statuses() if status["coordinates"]]
    lon, lat = status["coordinates"]["coordinates"]
    assert status["geo"]["coordinates"] == [lat, lon]


@pytest.mark.parametrize("number", NUMBERS)
def test_entities_point_at_their_text(number: int) -> None:
    status = both(number)[1]
    parts = [status, status.get("extended_tweet", {})]
    for part in parts:
        text = part.get("full_text", part.get("text", ""))
        for tag in part.get("entities", {}).get("hashtags", ()):
            assert text[slice(*tag["indices"])] == f"#{tag['text']}"
        for link in part.get("entities", {}).get("urls", ()):
            assert text[slice(*link["indices"])] == link["url"]
        for user in part.get("entities", {}).get("user_mentions", ()):
            assert text[slice(*user["indices"])] == f"@{user['screen_name']}"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_compatible_text_has_at_most_140_characters(number: int) -> None:
    status = both(number)[1]
    if status["truncated"]:
        assert len(status["text"]) == 140
        assert len(status["extended_tweet"]["full_text"]) > 140


def test_marks_become_numbers_and_times_of_the_right_width() -> None:
    post = make_post(5, 1)
    line = status_line(make_status(post, 1), ascii_only=True, escape_slashes=True)
    filled = line.replace(b"#ID" + b"-" * 16, b"1" * 19).replace(b"#MS" + b"-" * 10, b"2" * 13)
    status = json.loads(filled)
    assert status["id"] == int("1" * 19)
    assert status["id_str"] == "1" * 19
    assert status["timestamp_ms"] == "2" * 13
    assert len(status["created_at"]) == 30
    assert CREATED_AT.fullmatch(status["user"]["created_at"])
