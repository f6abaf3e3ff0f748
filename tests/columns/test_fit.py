from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.columns.fit import decode, fit, is_instant
from tap_twitter_stream.columns.shapes import StructOf, file_schema, shape_of
from tap_twitter_stream.schema import load_schema

TWEETS = shape_of(file_schema(load_schema("tweets")))
SMALL = shape_of(
    file_schema(
        {
            "properties": {
                "id": {"type": "string"},
                "count": {"type": ["integer", "null"]},
                "share": {"type": ["number", "null"]},
                "yes": {"type": ["boolean", "null"]},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "open": {"type": ["object", "null"]},
                "names": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
                "urls": {
                    "type": ["array", "null"],
                    "items": {"type": "object", "properties": {"end": {"type": "integer"}}},
                },
                "geo": {"type": ["object", "null"], "properties": {"type": {"type": "string"}}},
            }
        }
    )
)


def fitted(record: dict[str, Any], columns: StructOf = SMALL) -> tuple[dict[str, Any], Any]:
    row, misfits = fit(columns, record)
    extra = row.pop("_extra", None)
    assert (extra is None) == (not misfits.values)
    return row, None if extra is None else json.loads(extra)


@pytest.mark.parametrize(
    ("record", "row", "extra"),
    [
        ({"id": "1", "geo": {}}, {"id": "1", "geo": {}}, None),
        ({"id": 12345678901234567890}, {"id": "12345678901234567890"}, None),
        ({"id": True}, {"id": None}, {"id": True}),
        ({"id": {"a": 1}}, {"id": None}, {"id": {"a": 1}}),
        ({"count": 1 << 63}, {"count": None}, {"count": 1 << 63}),
        ({"count": 1.5}, {"count": None}, {"count": 1.5}),
        ({"count": "5"}, {"count": None}, {"count": "5"}),
        ({"share": 10**400}, {"share": None}, {"share": 10**400}),
        ({"yes": 1}, {"yes": None}, {"yes": 1}),
        (
            {"at": "Wed Oct 10 20:19:24 +0000 2018"},
            {"at": None},
            {"at": "Wed Oct 10 20:19:24 +0000 2018"},
        ),
        ({"open": {"a": [1]}}, {"open": '{"a":[1]}'}, None),
        ({"open": "words"}, {"open": "words"}, None),
        ({"names": ["a", 5, {"b": 1}]}, {"names": ["a", "5", None]}, {"names.2": {"b": 1}}),
        ({"names": "a"}, {"names": None}, {"names": "a"}),
        ({"urls": [{"end": 1, "new": 2}]}, {"urls": [{"end": 1}]}, {"urls.0.new": 2}),
        ({"geo": {"type": "P", "x.y": 1}}, {"geo": {"type": "P"}}, {"geo.x~1y": 1}),
        ({"new": {"deep": [1]}}, {}, {"new": {"deep": [1]}}),
        ({"new": None}, {}, None),
    ],
)
def test_what_does_not_fit_is_kept_beside(
    record: dict[str, Any], row: dict[str, Any], extra: object
) -> None:
    assert fitted(record) == (row, extra)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-26T01:02:03Z", "2026-11-26T01:02:03.123456Z", "2026-11-26 01:02:03+05:30"),
        *("2026-11-26T01:02:03", "2026-11-26"),
    ],
)
def test_instants_are_what_arrow_reads(text: str) -> None:
    assert is_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-02-30", "2026-11-26T25:00:00Z", "2026-11-26T01:02:03.1234567Z"),
        *("2026-11-26T01:02:03z", "2016-12-31T23:59:60Z", "2026-11-2\N{DEVANAGARI DIGIT SIX}"),
    ],
)
def test_other_texts_are_no_instants(text: str) -> None:
    assert not is_instant(text)


def test_names_of_unknown_fields_do_not_depend_on_places_in_lists() -> None:
    record = {"urls": [{"new": 1}, {"new": 2}], "count": "x", "other": {"new": 1}}
    _, misfits = fit(SMALL, record)
    assert misfits.unknown == {"urls[].new", "other"}
    assert misfits.unfit == {"count"}


def test_numbers_beyond_all_doubles_are_kept_as_their_text() -> None:
    record = decode(b'{"share":1e999,"new":1e999}')
    assert fitted(record) == ({"share": None}, {"share": "1e999", "new": "1e999"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*TWEETS.fields, "url", "start", "end", "x"]) | st.text(), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


def leaves(value: object) -> list[str]:
    """Return every value inside that is no container, as text, to which an id is equal."""
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [] if value is None else [str(value)]


def unfolded(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with JSON text read again."""
    open_columns = ("article", "article_title", "suggested_source_links_with_counts", "_extra")
    made = dict(row)
    for name in open_columns:
        text = made.get(name)
        if isinstance(text, str):
            try:
                made[name] = json.loads(text)
            except ValueError:
                made[name] = text
    return made


@given(st.dictionaries(st.sampled_from(sorted(TWEETS.fields)) | st.text(), JSON, max_size=6))
def test_nothing_is_lost(record: dict[str, Any]) -> None:
    record.pop("suggested_source_links", None)  # JSON text inside a list
    for name in ("article", "article_title", "suggested_source_links_with_counts"):
        if isinstance(record.get(name), str):  # text that looks like JSON stays text
            record.pop(name)
    row, _ = fit(TWEETS, record)
    assert sorted(leaves(unfolded(row))) == sorted(leaves(record))
