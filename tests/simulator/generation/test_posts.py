from __future__ import annotations

import json
from typing import Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import EVERYTHING, FILTERED, SAMPLE, connect, read_posts
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.generation.posts import make_post
from twitter_stream_simulator.generation.worlds import PAGE_POSTS, PAGES_TOTAL, World
from twitter_stream_simulator.protocol.fields import Selection
from twitter_stream_simulator.rules.rule_book import Rule
from twitter_stream_simulator.sending.supply import View, render_page

RULES = (Rule("1", "teapot", "a"), Rule("2", '"paper lighthouse" lang:en', ""), Rule("3", "fog"))


def lines(
    selection: Selection, rules: tuple[Rule, ...] | None = RULES, seed: int = 1
) -> list[bytes]:
    world = None if rules is None else World(seed, rules)
    view = View(seed, selection, world, "mixed")
    return [t.text[:-2] for page in range(PAGES_TOTAL) for t in render_page(view, page)]


@pytest.fixture(scope="module")
def full() -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(Selection.everything())]


def test_without_parameters_a_post_has_three_fields() -> None:
    for line in lines(Selection(), None):
        message = json.loads(line)
        assert message.keys() == {"data"}
        assert message["data"].keys() == {"id", "text", "edit_history_tweet_ids"}


def test_an_expansion_shows_its_field_and_its_objects_with_default_fields() -> None:
    message = json.loads(lines(Selection.from_query({"expansions": "author_id"}), None)[0])
    (user,) = message["includes"]["users"]
    assert user.keys() == {"id", "name", "username"}
    assert message["data"]["author_id"] == user["id"]


def test_fields_without_their_expansion_change_nothing() -> None:
    fields = Selection.from_query({"user.fields": "description", "media.fields": "url"})
    assert lines(fields, None) == lines(Selection(), None)


def test_private_fields_come_as_errors_beside_the_data() -> None:
    fields = Selection.from_query({"tweet.fields": "organic_metrics"})
    message = json.loads(lines(fields, None)[0])
    assert "organic_metrics" not in message["data"]
    assert message["errors"][0]["type"].endswith("/not-authorized-for-field")


def test_full_messages_have_about_the_size_of_real_ones() -> None:
    sizes = [len(line) for line in lines(Selection.everything())]
    assert 3200 <= sum(sizes) / len(sizes) <= 4000
    assert max(sizes) > 10_000
    assert min(sizes) < 1800


def test_every_kind_of_include_and_reference_occurs(full: list[dict[str, Any]]) -> None:
    kinds = {kind for message in full for kind in message.get("includes", {})}
    assert kinds == {"users", "media", "tweets", "places", "polls"}
    references = {r["type"] for m in full for r in m["data"].get("referenced_tweets", [])}
    assert references == {"retweeted", "quoted", "replied_to"}
    assert any("note_tweet" in message["data"] for message in full)


def test_an_edited_post_names_its_earlier_version_and_brings_it(full: list[dict[str, Any]]) -> None:
    edited = [message for message in full if len(message["data"]["edit_history_tweet_ids"]) == 2]
    assert len(edited) == 8
    for message in edited:
        earlier_id = message["data"]["edit_history_tweet_ids"][0]
        assert earlier_id in [tweet["id"] for tweet in message["includes"]["tweets"]]


def test_expanded_objects_are_unique_and_the_ones_referred_to(full: list[dict[str, Any]]) -> None:
    for message in full:
        users = [user["id"] for user in message["includes"]["users"]]
        assert len(users) == len(set(users))
        assert message["data"]["author_id"] in users
        keys = [media["media_key"] for media in message["includes"].get("media", [])]
        assert keys == message["data"].get("attachments", {}).get("media_keys", [])


def test_a_small_known_share_has_errors_beside_the_data(full: list[dict[str, Any]]) -> None:
    with_errors = [message for message in full if "errors" in message]
    assert len(with_errors) == 9
    for message in with_errors:
        (gone,) = message["data"]["referenced_tweets"]
        assert message["errors"][0]["resource_id"] == gone["id"]
        assert "tweets" not in message["includes"]


def test_a_small_known_share_has_nul_or_half_a_surrogate_pair() -> None:
    rendered = lines(Selection())
    assert sum(b"\\u0000" in line for line in rendered) == 3
    assert sum(b"half \\ud83d face" in line for line in rendered) == 3


def test_text_comes_raw_and_escaped_and_in_many_scripts(full: list[dict[str, Any]]) -> None:
    rendered = lines(Selection.everything())
    assert 0.6 < sum(line.isascii() for line in rendered) / len(rendered) < 0.95
    assert any("\u2028".encode() in line for line in rendered)
    assert any(b"\\/" in line for line in rendered)
    text = "".join(message["data"]["text"] for message in full)
    for sign in ("é", "ж", "م", "ש", "灯", "종", "\u200d", "&amp;", "\u2028", "\U0001f9d1"):
        assert sign in text, sign


def test_a_post_contains_a_word_of_each_rule_it_matches(full: list[dict[str, Any]]) -> None:
    words = {"1": "teapot", "2": "paper lighthouse", "3": "fog"}
    counts = set()
    for message in full:
        counts.add(len(message["matching_rules"]))
        for rule in message["matching_rules"]:
            assert words[rule["id"]] in json.dumps([message["data"], message.get("includes")])
    assert counts == {1, 2, 3}


def test_a_rule_without_tag_comes_with_an_empty_one_or_none(full: list[dict[str, Any]]) -> None:
    shown = [rule for message in full for rule in message["matching_rules"] if rule["id"] == "3"]
    assert {rule.get("tag") for rule in shown} == {"", None}


def test_the_same_seed_makes_the_same_posts() -> None:
    assert make_post(5, 17).tweet == make_post(5, 17).tweet
    assert lines(Selection(), seed=1) != lines(Selection(), seed=2)


def test_every_line_is_one_json_object_on_one_line() -> None:
    for line in lines(Selection.everything()):
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()


@pytest.mark.parametrize("path", [SAMPLE, FILTERED])
def test_sent_posts_carry_their_own_id_and_the_present_time(path: str) -> None:
    scenario = Scenario(rate_per_s="max", rules=[{"value": "fog"}], record_messages=True)
    with Simulator(scenario) as sim:
        posts = read_posts(connect(sim, path + EVERYTHING), 3 * PAGE_POSTS)
        assert len({post["data"]["id"] for post in posts}) == len(posts)
        # A line is noted once it was sent, which may be after it was read.
        assert sim.wait_for(lambda: posts[-1]["data"]["id"] in sim.oracle.messages, HANG_S)
        for post in posts:
            data = post["data"]
            assert data["edit_history_tweet_ids"][-1] == data["id"]
            assert data["created_at"].startswith("20")
            assert data["edit_controls"]["editable_until"] > data["created_at"]
            assert ("matching_rules" in post) is (path == FILTERED)
            assert json.loads(sim.oracle.messages[data["id"]]) == post
