from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from tests.simulator.naive_rules import Tree, decide, trees, written
from tests.simulator.reader import EVERYTHING, FILTERED, connect, read_posts
from twitter_stream_simulator import Scenario, Simulator
from twitter_stream_simulator.generation.posts import make_post
from twitter_stream_simulator.generation.rendering import envelope
from twitter_stream_simulator.generation.wishes import NO_WISH, Wish, wish_of
from twitter_stream_simulator.generation.worlds import PAGE_POSTS, World, matching_page
from twitter_stream_simulator.protocol.fields import Selection
from twitter_stream_simulator.rules.language import parse_rule
from twitter_stream_simulator.rules.matching import matches
from twitter_stream_simulator.rules.post_facts import facts_of
from twitter_stream_simulator.rules.rule_book import Rule
from twitter_stream_simulator.rules.tokens import tokens

if TYPE_CHECKING:
    from twitter_stream_simulator.material.post import Post

POSTS = [make_post(3, number) for number in range(90)]
MESSAGES = [envelope(post, Selection.everything(), []) for post in POSTS]
FACTS = [facts_of(post, str(number)) for number, post in enumerate(POSTS)]


def text_post(text: str, wish: Wish = NO_WISH) -> Post:
    post = make_post(3, 1, wish.and_also({"kind": ""}))
    post.tweet["text"] = text
    return post


def match(rule: str, post: Post, key: str = "k") -> bool:
    return matches(parse_rule(rule), facts_of(post, key))


@given(tree=trees())
@settings(max_examples=100, deadline=None)
def test_matching_agrees_with_an_evaluation_of_what_is_sent(tree: Tree) -> None:
    node = parse_rule(written(tree))
    assert [matches(node, facts) for facts in FACTS] == [decide(tree, m) for m in MESSAGES]


@pytest.mark.parametrize(
    ("rule", "text", "matched"),
    [
        ("coca", "I like Coca-Cola", True),
        ("coca-cola", "I like coca cola", True),
        ("cola", "colas", False),
        ("CAT", "the Cat sleeps", True),
        ("été", "un été", True),
        ("été", "un ete", False),
        ("e\u0301te\u0301", "un \u00e9t\u00e9", True),
        ('"paper moon"', "a paper, moon", True),
        ('"paper moon"', "a moon of paper", False),
        ('"paper moon"~2', "a moon made of paper", True),
        ('"paper moon"~1', "a moon made of paper", False),
        ("灯台", "紙の灯台がまた", True),
        ("灯台", "灯の台", False),
        ("🫖", "tea🫖time", True),
        ("1️⃣", "no 1️⃣!", True),
        ("ताली", "एक ताली", True),
        ("tea", "tea &amp; toast", True),
        ("amp", "tea &amp; toast", False),
    ],
)
def test_words_are_found_as_whole_words(rule: str, text: str, *, matched: bool) -> None:
    assert match(rule, text_post(text)) is matched


@pytest.mark.parametrize(
    "rule",
    [
        "cat", '"paper moon"', '"moon paper"~3', "🫖", "#Teapots", "$FOG", "@somebody",
        "from:somebody", "from:12345", "to:somebody", "retweets_of:somebody", "url:paper",
        'url:"https://a.example/b"',
        'url_title:"paper moon"', "url_description:moon", "url_contains:photos",
        "context:47.12",
        "context:47.*", 'entity:"Michael Jordan"', "conversation_id:123", 'place:"gravel bay"',
        "place_country:GB", "place_country:us", "point_radius:[2.35 48.86 16km]",
        "bounding_box:[-1 50 1 51]", "in_reply_to_tweet_id:55", "retweets_of_tweet_id:55",
        "cat is:retweet", "cat is:reply", "cat is:quote", "cat is:verified", "cat has:hashtags",
        "cat has:cashtags", "cat has:links", "cat has:mentions", "cat has:media", "cat has:images",
        "cat has:videos", "cat has:geo", "cat lang:ja", "cat lang:nl", "cat lang:zh-cn",
        "cat -is:retweet -has:media -is:quote", "(cat OR dog) (bird OR fish) lang:en",
        "cat sample:50", "cat -is:nullcast", "cat min_followers:10", "bio:fog",
        "bio_name:Quillmore", "bio_location:fogport", "followers_count:10..500 cat",
        "listed_count:0 cat",
        "tweets_count:1 cat", "following_count:1 cat",
    ],
)  # fmt: skip
def test_each_operator_gets_posts_of_its_own(rule: str) -> None:
    world = World(1, (Rule("1", rule),))
    page = matching_page(world, 0)
    assert len(page) == PAGE_POSTS
    assert all(match(rule, one.post, one.key) for one in page)
    assert not all(match(rule, post) for post in POSTS)


def test_what_no_post_can_match_gets_none() -> None:
    """Makes a thousand drafts in vain, in about a second."""
    assert matching_page(World(1, (Rule("1", "cat -cat"),)), 0) == ()


def test_a_rule_that_matches_nothing_takes_no_posts_from_the_others() -> None:
    rules = (Rule("1", "cat -cat"), Rule("2", "dog"))
    page = matching_page(World(1, rules), 0)
    assert len(page) == PAGE_POSTS
    assert {rule.id for one in page for rule in one.rules} == {"2"}


def test_each_alternative_of_a_rule_is_wished_for_in_turn() -> None:
    node = parse_rule("(a OR b OR c) (d OR e)")
    words = {wish_of(node, turn).words[0] for turn in range(6)}
    assert words == {"a", "b", "c"}


def test_sample_takes_about_its_share() -> None:
    hits = sum(match("cat sample:25", text_post("cat"), f"{n}") for n in range(2000))
    assert 400 < hits < 600


def test_a_quoted_post_counts_for_the_stream_only() -> None:
    post = make_post(3, 1, NO_WISH.and_also({"kind": "quoted"}))
    original = next(one.value for one in post.includes if one.kind == "tweets")
    original["text"] = "zebra"
    node = parse_rule("zebra")
    assert matches(node, facts_of(post, "k"))
    assert not matches(node, facts_of(post, "k", quoted=False))


def test_accents_can_be_folded() -> None:
    post = text_post("un été")
    assert not matches(parse_rule("ete"), facts_of(post, "k"))
    assert matches(parse_rule("ete"), facts_of(post, "k", fold=True))
    assert tokens("Füße", fold=True) == ("fusse",)


RUN = (
    ("and", [("clause", "cat"), ("clause", "has:images"), ("not", "is:retweet")]),
    ("or", [("clause", "fog"), ("clause", "#teapots")]),
    ("and", [("clause", '"paper lighthouse"'), ("clause", "lang:en")]),
    ("clause", "from:made_up_0005"),
    ("and", [("clause", "teapots"), ("not", "lang:en")]),
)


def test_every_sent_post_names_exactly_the_rules_that_it_matches() -> None:
    rules = [{"value": written(tree), "tag": str(n)} for n, tree in enumerate(RUN)]
    seen: set[tuple[str, ...]] = set()
    with Simulator(Scenario(rate_per_s="max", rules=rules, max_connections=2)) as sim:
        for message in read_posts(connect(sim, FILTERED + EVERYTHING), 4 * PAGE_POSTS):
            named = [rule["tag"] for rule in message["matching_rules"]]
            assert named == [str(n) for n, tree in enumerate(RUN) if decide(tree, message)]
            assert named
            seen.add(tuple(named))
    assert len(seen) > len(RUN)


def test_a_rule_over_the_wire_is_refused_with_the_detail() -> None:
    with Simulator() as sim:
        refused: list[dict[str, Any]] = sim.rules.create([{"value": "cat ("}], dry_run=False)[1][
            "errors"
        ]
    assert refused[0]["details"] == ["no viable alternative at input '<EOF>' (at position 6)"]
    assert refused[0]["type"].endswith("/invalid-rules")
