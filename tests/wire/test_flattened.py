"""A post that twarc flattened gives the rows of the page that it came from."""

from __future__ import annotations

import copy
import json
from typing import Any

from twarc.expansions import flatten

from tap_twitter_stream.wire.archived import classify_archived
from tap_twitter_stream.wire.flattened import unflattened
from tap_twitter_stream.wire.messages import Page, Post
from tests.archive import corpus

Json = dict[str, Any]


def decoded(posts: list[Post]) -> list[Json]:
    return [json.loads(bytes(post.raw)) for post in posts]


def included(groups: list[tuple[str, list[bytes]]]) -> dict[tuple[str, str], Json]:
    found = {}
    for stream, objects in groups:
        for raw in objects:
            one = json.loads(bytes(raw))
            found[stream, one.get("media_key") or one["id"]] = one
    return found


def test_a_flattened_page_gives_the_rows_of_the_page() -> None:
    lines = corpus.stream_lines()
    page, _ = classify_archived(json.dumps(corpus.page(lines)).encode())
    assert isinstance(page, Page)
    posts: list[Post] = []
    for line in corpus.flattened(lines):
        post, _ = classify_archived(line)
        assert isinstance(post, Post)
        posts.append(post)
    assert decoded(posts) == decoded(list(page.posts))
    found = included([group for post in posts for group in post.includes])
    wanted = included(page.includes)
    # twarc drops what no post refers to, so there may be less, but nothing is different.
    assert found.items() <= wanted.items()
    assert len(found) > len(wanted) * 0.8
    assert {stream for stream, _ in found} == {stream for stream, _ in wanted}


def test_empty_objects_where_x_included_nothing_are_left_out() -> None:
    page: Json = {
        "data": [
            {
                "id": "1",
                "text": "x",
                "author_id": "5",
                "in_reply_to_user_id": "6",
                "attachments": {"media_keys": ["3_1"], "poll_ids": ["8"]},
                "geo": {"place_id": "p", "coordinates": {"type": "Point", "coordinates": [1, 2]}},
                "entities": {"mentions": [{"start": 0, "end": 3, "username": "u", "id": "7"}]},
                "referenced_tweets": [{"type": "quoted", "id": "2"}],
            }
        ],
        "matching_rules": [{"id": "9", "tag": "t"}],
        "__twarc": corpus.MARK,
    }
    (flat,) = flatten(copy.deepcopy(page))
    assert unflattened(flat) == {"data": page["data"][0], "matching_rules": page["matching_rules"]}


def test_a_user_that_twarc_flattened_is_a_user() -> None:
    pinned = {"id": "3", "text": "pinned"}
    user = {"id": "5", "username": "made_up", "name": "x", "pinned_tweet_id": "3"}
    (flat,) = flatten({"data": [dict(user)], "includes": {"tweets": [pinned]}})
    message, _ = classify_archived(json.dumps(flat).encode())
    assert isinstance(message, Page)
    assert included(message.includes) == {
        ("users", "5"): user,
        ("referenced_tweets", "3"): pinned,
    }
