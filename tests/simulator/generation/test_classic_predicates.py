"""What a v1.1 filter matches, case by case; and that every status sent was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twitter_stream_simulator.generation.classic_feed import Ask, wanted_status
from twitter_stream_simulator.generation.classic_predicates import (
    Box,
    PredicateError,
    Predicates,
    parse_predicates,
)

LINK = {"expanded_url": "https://www.Example.com/Foo/bar", "display_url": "example.com/Foo/bar"}


def status(text: str = "", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    entities = {"urls": [], "hashtags": [], "user_mentions": [], **changes.pop("entities", {})}
    plain = {"text": text, "user": {"id_str": "1"}, "lang": "en", "filter_level": "low"}
    return {**plain, "entities": entities, **changes}


def tracks(phrase: str, about: dict[str, Any]) -> bool:
    return Predicates(track=(phrase,)).match(about)


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("twitter", "TWITTER is here", True),
        ("Twitter", 'the "twitter", said', True),
        ("twitter", "twitter's bird", True),
        ("twitter", "twitterers", False),
        ("twitter", "#twitter.", True),
        ("twitter's", "I like Twitter's design", True),
        ("twitter's", "twitter s", False),
        ("paper moon", "a MOON made of paper", True),
        ("paper moon", "a paper lighthouse", False),
        ("été", "un été", True),
        ("ete", "un été", False),
        ("hello.", "hello there", False),
    ],
)
def test_track_looks_for_whole_words_of_the_text(phrase: str, text: str, matches: bool) -> None:  # noqa: FBT001 - a table
    assert tracks(phrase, status(text)) is matches


@pytest.mark.parametrize(
    ("phrase", "matches"),
    [
        ("example.com/foo/bar", True),
        ("www.example.com/foo/bar", True),
        ("example.com", False),
        ("example com", True),
        ("foo", True),
        ("tag", True),
        ("some_body", True),
        ("inside", True),
        ("@some_body", False),
    ],
)
def test_track_looks_into_links_tags_mentions_and_long_texts(
    phrase: str,
    matches: bool,  # noqa: FBT001 - a table
) -> None:
    entities = {
        "urls": [LINK],
        "hashtags": [{"text": "Tag"}],
        "user_mentions": [{"screen_name": "Some_Body"}],
    }
    long = {"full_text": "it is inside", "entities": {}}
    assert tracks(phrase, status("x", entities=entities, extended_tweet=long)) is matches


def test_follow_takes_own_answers_and_retweets_but_no_mentions() -> None:
    predicates = Predicates(follow=("7",))
    repeated = {"user": {"id_str": "7"}}
    assert predicates.match(status(user={"id_str": "7"}))
    assert predicates.match(status(in_reply_to_user_id_str="7"))
    assert predicates.match(status(retweeted_status=repeated))
    mention = {"user_mentions": [{"screen_name": "seven", "id_str": "7"}]}
    assert not predicates.match(status(entities=mention))


def test_locations_take_the_point_else_the_place_and_never_a_retweet() -> None:
    predicates = Predicates(locations=(Box(0, 0, 10, 10),))
    point: dict[str, Any] = {"coordinates": {"type": "Point", "coordinates": [5, 5]}}
    corners = [[9, 9], [9, 20], [20, 20], [20, 9]]
    place = {"bounding_box": {"coordinates": [corners]}}
    assert predicates.match(status(**point))
    assert predicates.match(status(place=place))
    assert not predicates.match(status())
    assert not predicates.match(status(**point, retweeted_status={"user": {"id_str": "2"}}))
    outside: dict[str, Any] = {"coordinates": {"type": "Point", "coordinates": [50, 5]}}
    assert not predicates.match(status(**outside, place=place))


def test_language_and_filter_level_narrow_what_the_others_found() -> None:
    about = status("cat", lang="pt")
    assert Predicates(track=("cat",), language=("pt",)).match(about)
    assert not Predicates(track=("cat",), language=("de",)).match(about)
    assert not Predicates(track=("cat",), filter_level="medium").match(about)


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({}, 406),
        ({"language": "en"}, 406),
        ({"track": ",".join(["x"] * 401)}, 413),
        ({"track": "é" * 31}, 406),
        ({"follow": ",".join(["1"] * 5001)}, 413),
        ({"follow": "me"}, 406),
        ({"locations": ",".join(["1,2,3,4"] * 26)}, 413),
        ({"locations": "1,2,3"}, 406),
        ({"locations": "1,2,x,4"}, 406),
        ({"locations": "3,4,1,2"}, 406),
        ({"track": "x", "filter_level": "high"}, 406),
    ],
)
def test_what_x_refuses_is_refused(values: dict[str, str], answer: int) -> None:
    with pytest.raises(PredicateError) as raised:
        parse_predicates(values)
    assert raised.value.status == answer


def test_the_limits_themselves_are_allowed() -> None:
    predicates = parse_predicates(
        {
            "track": ",".join(["é" * 30] * 400),
            "follow": ",".join(["1"] * 5000),
            "locations": ",".join(["-180,-90,180,90"] * 25),
        }
    )
    assert len(predicates.choices) == 5425


CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters=",")
WORDS = st.text(CHARACTERS, min_size=1, max_size=10)
ASKS = st.builds(
    Predicates,
    st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    st.lists(st.integers(1, 2**62).map(str), max_size=2).map(tuple),
    st.lists(st.just(Box(-10, -20, 30, 40)), max_size=1).map(tuple),
    st.sampled_from([(), ("en",), ("ja", "zh-cn")]),
    st.sampled_from(["none", "low", "medium"]),
)


@settings(max_examples=60, deadline=None)
@given(ASKS, st.integers(0, 2000))
def test_every_status_made_for_a_filter_matches_it(predicates: Predicates, number: int) -> None:
    made, _ = wanted_status(3, number, Ask(predicates))
    assert predicates.match(made)
