"""Instants in every form that archives hold them in."""

from __future__ import annotations

import pytest

from tap_twitter_stream.wire.moments import moment_us

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
