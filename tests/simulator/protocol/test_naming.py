from __future__ import annotations

import pytest

from tests.simulator.reader import EVERYTHING, SAMPLE, connect, read_posts
from twitter_stream_simulator import Scenario, ScenarioError, Simulator
from twitter_stream_simulator.protocol.naming import to_post_names


def test_renamed_members_are_those_of_the_openapi_document() -> None:
    message = {
        "data": {
            "edit_history_tweet_ids": ["1"],
            "referenced_tweets": [{"type": "quoted", "id": "2"}],
            "note_tweet": {"text": "long"},
            "public_metrics": {"retweet_count": 1, "like_count": 2},
        },
        "includes": {"tweets": [{"id": "2"}], "users": [{"public_metrics": {"tweet_count": 3}}]},
    }
    assert to_post_names(message) == {
        "data": {
            "edit_history_post_ids": ["1"],
            "referenced_posts": [{"type": "quoted", "id": "2"}],
            "note_post": {"text": "long"},
            "public_metrics": {"repost_count": 1, "like_count": 2},
        },
        "includes": {"posts": [{"id": "2"}], "users": [{"public_metrics": {"post_count": 3}}]},
    }


def test_a_scenario_decides_the_names_on_the_wire() -> None:
    with Simulator(Scenario(naming="post", rate_per_s="max")) as sim:
        posts = read_posts(connect(sim, SAMPLE + EVERYTHING), 60)
    seen = {name for post in posts for name in post["data"]}
    assert {"edit_history_post_ids", "referenced_posts", "note_post"} <= seen
    assert not {name for name in seen if "tweet" in name}
    assert {name for post in posts for name in post["includes"]} >= {"posts", "users"}


def test_other_names_are_refused() -> None:
    with pytest.raises(ScenarioError, match="naming"):
        Scenario(naming="status")
