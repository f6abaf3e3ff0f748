from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.ending import HttpRefused
from tap_twitter_stream.policy.problem import DETAIL_CHARS, fold, problem_from_body, slug_of
from tests.fakes import START_S


def read(body: bytes | dict[str, object] | list[object], status: int = 400) -> HttpRefused:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return problem_from_body(status, {}, raw, START_S)


def test_problem_object_gives_title_detail_and_slug() -> None:
    found = read(
        {
            "title": "ConnectionException",
            "detail": "Too many.",
            "connection_issue": "TooManyConnections",
            "type": "https://api.x.com/2/problems/streaming-connection",
        },
        429,
    )
    assert found == HttpRefused(
        429, "streaming-connection", "ConnectionException", "Too many.", "TooManyConnections"
    )


@pytest.mark.parametrize("host", ["api.x.com", "api.twitter.com", "elsewhere.example"])
def test_slug_does_not_depend_on_the_host(host: str) -> None:
    assert slug_of(f"https://{host}/2/problems/usage-capped") == "usage-capped"


def test_usage_cap_is_known_by_its_title_too() -> None:
    assert read({"title": "UsageCapExceeded", "period": "Monthly"}, 429).slug == "usage-capped"


def test_connection_issue_alone_is_enough() -> None:
    assert read({"connection_issue": "RuleConfigurationIssue"}).slug == "streaming-connection"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, "Rate limit exceeded"),
        ({"code": 89, "message": "Bad token"}, "Bad token"),
        ({"error": "nope", "error_description": "why"}, "why nope"),
        ({"detail": "Invalid.", "errors": [{"message": "Not 0 to 5"}]}, "Invalid. Not 0 to 5"),
        ([{"message": "in a list"}], "in a list"),
        ({"errors": {"message": "no list"}}, "no list"),
        ([], ""),
        (b"", ""),
        (b"Exceeded  connection\r\nlimit", "Exceeded connection limit"),
        (b'"quoted"', '"quoted"'),
        (
            b"<html><head><title>Gone</title><style>a{}</style></head><body><p>Use v2</p></body>",
            "Gone Use v2",
        ),
        (b'{"cut', '{"cut'),
        (b"\xff\xfe", "��"),
        (b"[" * 100_000, "[" * (DETAIL_CHARS - 1) + "…"),
        ({"detail": {"nested": 1}, "title": 7}, ""),
        ({"detail": "a\x00b\ud800"}, "a b?"),
    ],
)
def test_every_shape_of_body_becomes_one_short_line(
    body: bytes | dict[str, object] | list[object], detail: str
) -> None:
    assert read(body).detail == detail


def test_header_names_may_have_any_case() -> None:
    headers = {"X-Rate-Limit-Remaining": "0", "x-rate-limit-RESET": "1800000300"}
    found = problem_from_body(429, headers, b"", START_S)
    assert (found.rate_limit_remaining, found.rate_limit_reset_s) == (0, 1_800_000_300.0)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120.0),
        ("-5", 0.0),
        ("Fri, 15 Jan 2027 08:01:30 GMT", 90.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("1e999", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, expected: float | None) -> None:
    found = problem_from_body(503, {"retry-after": header}, b"", START_S)
    assert found.retry_after_s == expected


@given(st.binary(max_size=2_000) | st.text(max_size=500).map(lambda text: text.encode("utf-8")))
def test_no_body_makes_it_raise(body: bytes) -> None:
    found = problem_from_body(500, {}, body, START_S)
    assert len(found.detail) <= DETAIL_CHARS
    found.detail.encode("utf-8")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("x"), inner),
    max_leaves=4,
)
problem_keys = st.sampled_from(
    ["title", "type", "detail", "errors", "message", "connection_issue", "error"]
)


@given(
    st.dictionaries(
        problem_keys, json_values | st.lists(st.dictionaries(problem_keys, json_values))
    ),
    st.dictionaries(
        st.sampled_from(["x-rate-limit-remaining", "x-rate-limit-reset", "retry-after"]), st.text()
    ),
)
def test_no_value_in_the_place_of_another_makes_it_raise(
    body: dict[str, object], headers: dict[str, str]
) -> None:
    found = problem_from_body(500, headers, json.dumps(body).encode(), START_S)
    assert isinstance(found, HttpRefused)


@given(st.text())
def test_folded_text_fits_a_log_line(text: str) -> None:
    line = fold(text)
    assert len(line) <= DETAIL_CHARS
    assert "\n" not in line
    assert fold(line) == line
