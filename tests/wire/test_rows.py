from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.instants import iso
from tap_twitter_stream.wire.classify import classify
from tap_twitter_stream.wire.messages import Disconnect, Junk, MatchedRule
from tap_twitter_stream.wire.rows import (
    error_row,
    letter_row,
    notice_row,
    raw_row,
    rule_row,
    stable_id,
)
from tap_twitter_stream.wire.stamps import Origin, capture_stamp, data_stamp
from tests.wire.envelopes import VALUES, Json

TIME_US = 1_800_000_000_000_001


def test_an_instant_always_shows_its_microseconds() -> None:
    assert iso(TIME_US) == "2027-01-15T08:00:00.000001Z"
    assert iso(0) == "1970-01-01T00:00:00.000000Z"


def test_a_stamp_closes_what_it_is_put_behind() -> None:
    stamp = data_stamp(TIME_US, Origin("w-1", "filtered"))
    line = b'{"record":{"id":"1"' + stamp.tail
    assert json.loads(line) == {
        "record": {"id": "1", **stamp.columns},
        "time_extracted": iso(TIME_US),
    }
    assert stamp.columns == {
        "_captured_at": iso(TIME_US),
        "_delivery": "live",
        "_connection_id": "w-1",
        "_endpoint": "filtered",
    }
    assert capture_stamp(TIME_US).columns == {"_captured_at": iso(TIME_US)}


def test_a_rule_is_owned_only_by_its_prefix() -> None:
    def row(tag: str | None, prefix: str) -> tuple[str | None, bool]:
        value = json.loads(rule_row("1", MatchedRule("2", tag, {}), prefix))
        return value["tag"], value["owned"]

    assert row("mine/cats", "mine/") == ("cats", True)
    assert row("cats", "mine/") == ("cats", False)
    assert row("cats", "") == ("cats", False)
    assert row(None, "mine/") == (None, False)


def test_unknown_fields_of_a_rule_are_kept_but_never_hide_ours() -> None:
    rule = MatchedRule("2", "t", {"score": 1, "rule_id": "x", "tweet_id": "x", "owned": "x"})
    assert json.loads(rule_row("1", rule, "")) == {
        "score": 1, "tweet_id": "1", "rule_id": "2", "tag": "t", "owned": False,
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(["title", "type", "detail", "value", "status"]), VALUES))
def test_a_problem_of_any_shape_gives_a_row_of_text_columns(problem: Json) -> None:
    row = json.loads(error_row(problem, kind="stream", place="p"))
    assert row["problem"] == problem
    for name in ("title", "type", "detail", "value"):
        assert isinstance(row.get(name, ""), str)
    assert isinstance(row.get("status", 0), int)
    notice = json.loads(notice_row(Disconnect("Sudden", problem), "p"))
    assert (notice["disconnect_type"], notice["problem"]) == ("Sudden", problem)


@given(st.binary())
def test_a_dead_letter_holds_every_byte(line: bytes) -> None:
    message = classify(line)
    junk = message if isinstance(message, Junk) else Junk("cut", "")
    row = json.loads(letter_row(line, len(line), junk, 7, "s"))
    assert base64.b64decode(row["raw_base64"]) == line
    assert "\0" not in row["raw_text"]
    assert (row["position"], row["size_bytes"]) == (7, len(line))


@given(st.binary())
def test_a_raw_line_of_any_bytes_becomes_text(line: bytes) -> None:
    row = json.loads(raw_row(line, 7, "s"))
    assert row == {"spool_id": "s", "position": 7, "line": row["line"]}
    assert "\0" not in row["line"]


def test_ids_tell_places_apart_and_stay_the_same() -> None:
    assert stable_id("a", "b") == stable_id("a", "b")
    assert len({stable_id("a", "b"), stable_id("ab"), stable_id("a", "c")}) == 3
