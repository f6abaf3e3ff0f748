from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.wire.classify import _classify_in_full, classify, classify_cut
from tap_twitter_stream.wire.lines import OverlongLine
from tap_twitter_stream.wire.messages import Disconnect, Junk, Message, Post, StreamProblems
from tests.wire.envelopes import LOOSE_IDS, VALUES, Json, envelopes, with_younger_groups

KINDS = (Post, Disconnect, StreamProblems, Junk)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), ("\t,\r", "\r:\t")])
PROBLEMS = "https://api.twitter.com/2/problems/"


def line_of(
    value: object, spaces: tuple[str, str] = (",", ":"), *, ascii_only: bool = True
) -> bytes:
    return json.dumps(value, separators=spaces, ensure_ascii=ascii_only).encode()


def plain(message: Message) -> Json:
    """Return a post as JSON values, groups by name."""
    assert isinstance(message, Post)
    return {
        "id": message.id,
        "raw": json.loads(bytes(message.raw)),
        "includes": {
            stream: [json.loads(bytes(raw)) for raw in objects]
            for stream, objects in message.includes
        },
        "rules": [(rule.id, rule.tag, rule.extra) for rule in message.rules],
        "errors": message.errors,
    }


def ids_in(value: object, key: str = "") -> list[object]:
    """Return what stands under every member whose name says that it is an id."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in ids_in(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in ids_in(item, key)]
    return [value] if key in {"id", "ids"} or key.endswith(("_id", "_ids")) else []


@given(envelopes(), SPACES, st.booleans())
def test_both_ways_to_read_a_post_agree(
    envelope: Json,
    spaces: tuple[str, str],
    ascii_only: bool,  # noqa: FBT001 - a case
) -> None:
    line = line_of(envelope, spaces, ascii_only=ascii_only)
    assert plain(classify(line)) == plain(_classify_in_full(line))


@given(envelopes(), st.sampled_from([b"", b"\r"]))
def test_what_x_sent_is_kept_as_it_is(envelope: Json, end: bytes) -> None:
    post = plain(classify(line_of(envelope) + end))
    assert post["raw"] == envelope["data"]
    groups = envelope.get("includes") or {}
    assert sum(map(len, post["includes"].values())) == sum(map(len, groups.values()))
    assert post["includes"].get("users", []) == groups.get("users", [])
    assert [rule[0] for rule in post["rules"]] == [
        rule["id"] for rule in envelope.get("matching_rules") or ()
    ]


@given(envelopes(), SPACES)
def test_the_bytes_of_an_object_begin_and_end_with_its_braces(
    envelope: Json, spaces: tuple[str, str]
) -> None:
    post = classify(line_of(envelope, spaces))
    assert isinstance(post, Post)
    for view in [post.raw, *(raw for _, group in post.includes for raw in group)]:
        raw = bytes(view)
        assert (raw[:1], raw[-1:]) == (b"{", b"}")


@given(envelopes())
def test_both_naming_generations_give_the_same_records(envelope: Json) -> None:
    younger = with_younger_groups(json.loads(line_of(envelope)))
    assert plain(classify(line_of(younger))) == plain(classify(line_of(envelope)))


@given(envelopes(LOOSE_IDS))
def test_ids_come_out_as_text_whatever_they_came_as(envelope: Json) -> None:
    envelope["data"].pop("unheard_of", None)
    post = plain(classify(line_of(envelope)))
    found = ids_in({"id": post["id"], "data": post["raw"], "includes": post["includes"]})
    assert all(one is None or isinstance(one, str) for one in found)
    assert all(isinstance(rule[0], str) for rule in post["rules"])


@given(st.binary())
def test_arbitrary_bytes_give_one_message(line: bytes) -> None:
    assert isinstance(classify(line), KINDS)
    assert isinstance(classify_cut(line), KINDS)


@given(
    st.dictionaries(
        st.sampled_from(["data", "includes", "matching_rules", "errors", "title", "type"]),
        VALUES | st.dictionaries(st.sampled_from(["id", "users", "media", "posts"]), VALUES),
    )
)
def test_arbitrary_members_give_one_message(envelope: Json) -> None:
    message = classify(line_of(envelope))
    assert isinstance(message, KINDS)
    if isinstance(message, Post):
        json.loads(bytes(message.raw))


@given(envelopes(), st.data())
def test_a_spoilt_post_is_still_one_message_of_sound_json(
    envelope: Json, data: st.DataObject
) -> None:
    line = bytearray(line_of(envelope, ascii_only=False))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    message = classify(bytes(line))
    assert isinstance(message, KINDS)
    if isinstance(message, Post):
        json.loads(bytes(message.raw))


@pytest.mark.parametrize("depth", [50, 900, 100_000])
@pytest.mark.parametrize("post_id", ['"1"', "1"])
def test_deep_nesting_raises_nothing(depth: int, post_id: str) -> None:
    nested = "[" * depth + "]" * depth
    for text in (f'{{"data":{{"id":{post_id},"x":{nested}}}}}', nested, '{"data":' + "[" * depth):
        assert isinstance(classify(text.encode()), Post | Junk)


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b"{", "not_json", "Expecting property name"),
        (b'{"data":{"id":"1"}} x', "not_json", "Extra data"),
        (b'{"data":{"id":"1","text":"a\0b"}}', "not_json", "control character"),
        (b'{"data":{"id":"1","text":"\xff"}}', "not_utf8", "byte 26 is not UTF-8"),
        (b'{"data":{"id":"1","text":"\xed\xa0\x80"}}', "not_utf8", "byte 26 is not UTF-8"),
        (b"[]", "unknown_kind", "a JSON list, not an object"),
        (b"7", "unknown_kind", "a JSON int, not an object"),
        (b"null", "unknown_kind", "a JSON NoneType, not an object"),
        (b"{}", "unknown_kind", "members []"),
        (b'{"meta":1}', "unknown_kind", "members ['meta']"),
        (b'{"data":{}}', "unknown_kind", "data without an id"),
        (b'{"data":{"id":""}}', "unknown_kind", "data without an id"),
        (b'{"data":{"id":null}}', "unknown_kind", "data without an id"),
        (b'{"data":[{"id":"1"}],"errors":[{"title":"x"}]}', "unknown_kind", "members ['data'"),
        (b'{"errors":[]}', "unknown_kind", "members ['errors']"),
        (b'{"errors":["text"]}', "unknown_kind", "members ['errors']"),
        (OverlongLine.of(b'{"data"', 99), "too_long", "99 bytes; the first 7 are kept"),
        (OverlongLine.of(b'{"data":{"id":"1"}}', 99), "too_long", "99 bytes"),
        (OverlongLine.of(b'"\xe2\x80', 99), "too_long", "99 bytes"),
    ],
)
def test_what_is_nothing_else_is_junk_with_a_reason(line: bytes, reason: str, detail: str) -> None:
    message = classify(line)
    assert isinstance(message, Junk)
    assert message.reason == reason
    assert detail in message.detail


@pytest.mark.parametrize("full", [{}, {"data": {"id": "1", "n": float("nan")}}])
def test_errors_beside_a_post_come_with_it(full: Json) -> None:
    problem = {"title": "Not Found Error", "resource_id": "5", "type": PROBLEMS + "x"}
    message = classify(line_of({"data": {"id": "1"}, "errors": [problem], **full}))
    assert plain(message)["errors"] == [problem]


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (
            {"type": PROBLEMS + "operational-disconnect", "disconnect_type": "UpstreamDown"},
            "UpstreamDown",
        ),
        (
            {"type": "https://api.x.com/2/problems/operational-disconnect/"},
            "operational-disconnect",
        ),
        ({"type": PROBLEMS + "streaming-connection", "connection_issue": "TooMany"}, "TooMany"),
        ({"type": PROBLEMS + "client-disconnected"}, "client-disconnected"),
        ({"type": "about:blank", "disconnect_type": "Sudden"}, "Sudden"),
    ],
)
@pytest.mark.parametrize("bare", [True, False])
def test_the_end_of_a_connection_is_recognised(problem: Json, kind: str, *, bare: bool) -> None:
    problem = {"title": "Disconnect", **problem}
    message = classify(line_of(problem if bare else {"errors": [{"title": "x"}, problem]}))
    assert isinstance(message, Disconnect)
    assert (message.disconnect_type, message.problem) == (kind, problem)


def test_problems_alone_are_kept_in_their_order() -> None:
    problems = [{"title": "One"}, {"title": "Two"}]
    message = classify(line_of({"errors": problems, "data": None}))
    assert isinstance(message, StreamProblems)
    assert list(message.problems) == problems
    bare = {"title": "Service Unavailable", "type": "about:blank", "status": 503}
    assert classify(line_of(bare)) == StreamProblems((bare,))


NO_KEY = "Included object without a key"


@pytest.mark.parametrize(
    ("members", "title", "value"),
    [
        ({"includes": {"users": [{"name": "x"}]}}, NO_KEY, {"users": {"name": "x"}}),
        ({"includes": {"users": [{"id": ""}]}}, NO_KEY, {"users": {"id": ""}}),
        ({"includes": {"media": [{"media_key": ""}]}}, NO_KEY, {"media": {"media_key": ""}}),
        ({"includes": {"polls": ["x"]}}, NO_KEY, {"polls": "x"}),
        ({"includes": {"topics": [1]}}, "Included objects of an unknown kind", {"topics": [1]}),
        ({"includes": {"users": {"a": 1}}}, "Member that is not a list", {"a": 1}),
        ({"includes": "x"}, "Member that is not a list", "x"),
        ({"matching_rules": [{"tag": "x"}]}, "Matching rule without an id", {"tag": "x"}),
        ({"matching_rules": 5}, "Member that is not a list", 5),
        ({"errors": ["x"]}, "Error that is not an object", "x"),
    ],
)  # fmt: skip
def test_what_fits_no_record_is_kept_as_a_problem(members: Json, title: str, value: Any) -> None:  # noqa: ANN401
    post = plain(classify(line_of({"data": {"id": "1"}, **members})))
    assert post["errors"] == [{"title": title, "value": value}]
    assert post["rules"] == []


@pytest.mark.parametrize("tag", [None, "", "x"])
def test_a_rule_may_lack_its_tag(tag: str | None) -> None:
    for rule in ({"id": "7", "tag": tag}, {"id": 7, "tag": tag}):
        assert plain(classify(line_of({"data": {"id": "1"}, "matching_rules": [rule]})))[
            "rules"
        ] == [("7", tag, {})]
    assert plain(classify(b'{"data":{"id":"1"},"matching_rules":[{"id":"7"}]}'))["rules"] == [
        ("7", None, {})
    ]


def test_halves_of_pairs_and_null_characters_are_replaced() -> None:
    line = b'{"data":{"id":"1","text":"a\\u0000\\ud83d\\ude00\\ud83d"}}'
    assert plain(classify(line))["raw"]["text"] == "a\ufffd\U0001f600\ufffd"


def test_a_line_cut_by_the_end_of_its_connection_is_a_post_only_when_whole() -> None:
    assert isinstance(classify_cut(b'{"data":{"id":"1"}}'), Post)
    half = classify_cut(b'{"data":{"id":"1"')
    assert half == Junk("cut", "the connection ended inside this line")
    assert classify_cut(b'{"data":{"id":"1","text":"\xe2') == half
    long = classify_cut(OverlongLine.of(b"{", 99))
    assert isinstance(long, Junk)
    assert long.reason == "too_long"
