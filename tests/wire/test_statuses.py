from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.messages import Status
from tap_twitter_stream.wire.statuses import ids_as_text, quick_status, status_of
from tap_twitter_stream.wire.text import may_escape_nul
from tests.wire.envelopes import TEXT, VALUES, is_open
from twitter_stream_simulator.generation.classic_feed import Ask, classic_line
from twitter_stream_simulator.material.drafts import ID_MARK

Json = dict[str, Any]
LONG = "x" * 200
NUMBERS = st.integers(1, 2**63 - 1)


def statuses(inner: st.SearchStrategy[Json] | None = None) -> st.SearchStrategy[Json]:
    text = TEXT | st.sampled_from(
        [f"RT @a: {LONG}…", "RT @a: ", 'say "id":12, twice', "RT @a b: c"]
    )
    more = {} if inner is None else {"retweeted_status": inner, "quoted_status": inner}
    return st.fixed_dictionaries(
        {"id": NUMBERS, "text": text},
        optional={
            "id_str": NUMBERS.map(str),
            "truncated": st.booleans(),
            "extended_tweet": st.fixed_dictionaries({"full_text": TEXT}) | st.none(),
            "user": st.fixed_dictionaries({"id": NUMBERS, "screen_name": TEXT}),
            "in_reply_to_status_id": NUMBERS | st.none(),
            "unheard_of": VALUES.filter(is_open),
            **{name: one | st.none() for name, one in more.items()},
        },
    )


def inner_names(value: Json) -> list[str]:
    """Return the names of all inner statuses."""
    inner = [
        (name, value[name]) for name in ("retweeted_status", "quoted_status") if value.get(name)
    ]
    return [found for name, one in inner for found in (name, *inner_names(one))]


def row(value: Json, *, quick: bool = True) -> Json:
    line = json.dumps(value).encode()
    status = quick_status(line) if quick else status_of(ids_as_text(json.loads(line)))
    assert isinstance(status, Status)
    made: Json = json.loads(status.raw)
    assert made["id_str"] == status.id
    return made


@given(statuses(statuses(statuses())), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_both_ways_to_read_a_status_agree(value: Json, spaces: tuple[str, str]) -> None:
    line = json.dumps(value, separators=spaces).encode()
    quick, thorough = quick_status(line), status_of(ids_as_text(value))
    assert isinstance(thorough, Status)
    if quick is None:
        names = inner_names(value)
        assert len(set(names)) < len(names), "only two of a name are no quick matter"
        return
    assert quick.id == thorough.id
    names = [name for name, _ in json.loads(quick.raw, object_pairs_hook=list)]
    assert len(names) == len(set(names))
    assert json.loads(quick.raw) == json.loads(thorough.raw)


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(
    ("status", "full_text"),
    [
        ({"text": "classic"}, "classic"),
        ({"text": "cut…", "extended_tweet": {"full_text": LONG}}, LONG),
        ({"text": "RT @a: xx…", "retweeted_status": {"id": 2, "text": LONG}}, f"RT @a: {LONG}"),
        (
            {
                "text": "RT @a: xx…",
                "retweeted_status": {
                    "id": 2, "text": "xx…", "extended_tweet": {"full_text": LONG}
                },
            },
            f"RT @a: {LONG}",
        ),
        ({"text": "own words", "retweeted_status": {"id": 2, "text": "x"}}, "own words"),
        ({"text": "own: words", "quoted_status": {"id": 2, "text": LONG}}, "own: words"),
        ({"text": "", "retweeted_status": None, "quoted_status": None}, ""),
    ],
)  # fmt: skip
def test_the_whole_text_is_found(status: Json, full_text: str, *, quick: bool) -> None:
    assert row({"id": 1, **status}, quick=quick)["full_text"] == full_text


def test_an_extended_retweet_gets_the_text_it_repeats() -> None:
    repeated = {"id": 2, "full_text": LONG}
    value = {"id": 1, "full_text": "RT @a: xx…", "retweeted_status": repeated}
    assert quick_status(json.dumps(value).encode()) is None
    assert row(value, quick=False)["full_text"] == f"RT @a: {LONG}"


def test_the_same_quote_in_a_retweet_and_beside_it_is_resolved_twice() -> None:
    quote = {"id": 3, "text": "c…", "extended_tweet": {"full_text": "cut"}}
    retweet = {"id": 2, "text": "b", "quoted_status": quote}
    for value in (
        {"id": 1, "text": "RT @a: b", "retweeted_status": retweet, "quoted_status": quote},
        {"id": 1, "text": "RT @a: b", "quoted_status": quote, "retweeted_status": retweet},
    ):
        made = row(value)
        assert made["quoted_status"]["full_text"] == "cut"
        assert made["retweeted_status"]["quoted_status"]["full_text"] == "cut"


@pytest.mark.parametrize("place", ["user", "unheard_of", "extended_tweet"])
def test_a_status_where_none_belongs_is_left_alone(place: str) -> None:
    quote = {"id": 3, "text": "c"}
    value = {"id": 1, "text": "a", "quoted_status": quote, place: {"quoted_status": quote}}
    assert quick_status(json.dumps(value).encode()) is None
    made = row(value, quick=False)
    assert made["quoted_status"]["full_text"] == "c"
    assert made[place] == {"quoted_status": {"id": "3", "text": "c"}}


def test_two_quotes_that_differ_are_both_resolved() -> None:
    retweet = {"id": 2, "text": "b", "quoted_status": {"id": 3, "text": "c"}}
    value = {"id": 1, "text": "RT @a: b", "retweeted_status": retweet,
             "quoted_status": {"id": 4, "text": "d"}}  # fmt: skip
    assert quick_status(json.dumps(value).encode()) is None
    made = row(value, quick=False)
    assert made["quoted_status"]["full_text"] == "d"
    assert made["retweeted_status"]["quoted_status"]["full_text"] == "c"


def test_every_status_of_the_simulator_is_read_the_quick_way_and_the_same() -> None:
    """Parity over what the simulator sends, but for the texts that need cleaning."""
    quick = 0
    for number in range(300):
        line = classic_line(7, number, Ask()).replace(ID_MARK.encode(), b"1990000000000000001")
        status = quick_status(line)
        if status is None or may_escape_nul(line):
            continue
        quick += 1
        thorough = status_of(ids_as_text(json.loads(line)))
        assert isinstance(thorough, Status)
        assert json.loads(status.raw) == json.loads(thorough.raw)
    assert quick > 280


def test_ids_are_text_at_every_level_and_texts_stay() -> None:
    value = {
        "id": 1296121314218897408, "text": 'they say "id":5, and \\"user_id\\":6}',
        "user": {"id": 7, "paid": 8}, "in_reply_to_user_id": -1, "entities": {"media": [{"id": 9}]},
    }  # fmt: skip
    made = row(value)
    assert made == {
        **value, "id": "1296121314218897408", "id_str": "1296121314218897408",
        "user": {"id": "7", "paid": 8}, "in_reply_to_user_id": "-1",
        "entities": {"media": [{"id": "9"}]}, "full_text": value["text"],
    }  # fmt: skip


def test_a_number_that_was_rounded_on_the_way_does_not_matter() -> None:
    line = b'{"id":1.29612131421889e+18,"id_str":"1296121314218897408","text":"a"}'
    assert quick_status(line) is None
    made = row(json.loads(line), quick=False)
    assert made["id_str"] == "1296121314218897408"
    assert isinstance(made["id"], str)


@pytest.mark.parametrize(
    "status",
    [
        {"id": 1, "text": 5},
        {"id": 1, "text": "a", "extended_tweet": "?"},
        {"id": 1, "text": "a", "full_text": None},
        {"id": 1, "text": "a", "full_text": ""},
        {"id": 1, "text": "a", "id_str": None},
        {"id": 1, "text": "a", "id_str": ""},
        {"id": 1, "text": "a", "retweeted_status": "gone"},
        {"id": 1, "text": "a", "quoted_status": {"text": "no id"}},
    ],
)
def test_an_odd_member_costs_no_status(status: Json) -> None:
    assert quick_status(json.dumps(status).encode()) is None
    assert row(status, quick=False)["id_str"] == "1"
