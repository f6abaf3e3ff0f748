"""Instants in every form that archives hold them in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.instants import iso, moment_us, parse, parse_us

AT_US = 1_539_202_764_000_000  # 10 October 2018, 20:19:24


@pytest.mark.parametrize(
    "value",
    [
        "Wed Oct 10 20:19:24 +0000 2018",
        "2018-10-10T20:19:24Z",
        "2018-10-10T20:19:24.000Z",
        "2018-10-10T22:19:24+02:00",
        "2018-10-10T22:19:24+0200",
        "2018-10-10T20:19:24",
        "1539202764000",
        1_539_202_764_000,
    ],
    ids=repr,
)
def test_every_form_is_the_same_instant(value: object) -> None:
    assert moment_us(value) == AT_US


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, [], {}, 1.5, "", "x", "yesterday at noon", "Mit Okt 10 20:19:24 +0000 2018"),
        *("2018-13-10T20:19:24Z", "9" * 30, 10**30, "٣", "Wed Oct 10 20:19:24 +0000"),
    ],
    ids=repr,
)
def test_what_is_no_instant_is_none(value: object) -> None:
    assert moment_us(value) is None


@given(st.datetimes(min_value=datetime(1, 1, 1)))  # noqa: DTZ001 - the strategy takes no zone
def test_what_is_written_is_read_back_to_the_microsecond(naive: datetime) -> None:
    instant = naive.replace(tzinfo=timezone.utc)
    time_us = (instant - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    text = iso(time_us)
    assert parse(text) == instant
    assert parse_us(text) == moment_us(text) == time_us


def test_text_without_an_offset_has_no_zone() -> None:
    assert parse("2018-10-10T20:19:24").tzinfo is None


@pytest.mark.parametrize("text", ["", "x", "2018-02-30T00:00:00Z", "2018-10-10T24:01:00Z"])
def test_text_that_is_not_an_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
