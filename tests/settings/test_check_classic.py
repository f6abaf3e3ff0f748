"""Settings of v1.1: who signs, and what a filter may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tap_twitter_stream.errors import SettingsError
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from tap_twitter_stream.settings.values import Settings

USER = {
    "consumer_key": "KEYKEY",
    "consumer_secret": "SECRETONE",
    "access_token": "42-TOKEN",
    "access_token_secret": "SECRETTWO",
}


def parse(statuses_filter: object, **raw: object) -> Settings:
    given = {**USER, "endpoints": ["statuses_filter"], "statuses_filter": statuses_filter, **raw}
    Draft7Validator(SETTINGS_SCHEMA).validate(given)
    return parse_settings(given)


def errors_of(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    return caught.value.errors


def the_error(statuses_filter: object) -> str:
    given = {"endpoints": ["statuses_filter"], "statuses_filter": statuses_filter}
    (error,) = errors_of({**USER, **given})
    return error


def test_a_filter_becomes_the_parameters_of_x() -> None:
    settings = parse(
        {
            "track": ["cat", "small dog"], "follow": ["12", 34], "language": ["en", "und"],
            "locations": [-122.75, 36.8, -121, 37.8], "filter_level": "low",
            "stall_warnings": True, "delimited": "length",
        }
    )  # fmt: skip
    assert settings.statuses_filter == {
        "track": "cat,small dog", "follow": "12,34", "language": "en,und",
        "locations": "-122.75,36.8,-121,37.8", "filter_level": "low", "stall_warnings": "true",
        "delimited": "length",
    }  # fmt: skip
    assert settings.warnings == ()


def test_comma_strings_mean_the_same_as_lists() -> None:
    commas = parse({"track": "cat, small dog,", "follow": "12,34", "locations": "-1,36.5, 2,37"})
    lists = parse(
        {"track": ["cat", "small dog"], "follow": ["12", "34"], "locations": [-1, 36.5, 2, 37]}
    )
    assert commas.statuses_filter == lists.statuses_filter


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "must hold `track`, `follow` or `locations`"),
        ({"language": ["en"]}, "must hold `track`"),
        ({"track": [""]}, "1 to 60 bytes"),
        ({"track": ["猫" * 21]}, "1 to 60 bytes"),
        ({"track": ["cat,dog"]}, "without commas"),
        ({"track": [f"t{one}" for one in range(401)]}, "401 phrases, X takes 400"),
        ({"follow": ["somebody"]}, "the account's number, not its name"),
        ({"follow": list(range(5001))}, "5001 users, X takes 5000"),
        ({"locations": [1, 2, 3]}, "four numbers a box, not 3"),
        ({"follow": ["0"]}, "the account's number"),
        ({"follow": ["9" * 19, "9" * 30]}, "the account's number"),
        (
            {"locations": [37, -122, 38, -121]},
            "box 37, -122, 38, -121: longitude comes before latitude, so write -122, 37, -121, 38",
        ),
        ({"locations": [2, 3, 1, 2]}, "south-west corner comes first, so write 1, 2, 2, 3"),
        (
            {"locations": [38, -121, 37, -122]},
            "south-west corner comes first, longitude before latitude, so write -122, 37, -121, 38",
        ),
        ({"locations": [170, -20, -170, 20]}, "give two boxes that meet there"),
        ({"locations": [1, 1, 1.05, 2]}, "sides of at least 0.1 degrees"),
        ({"locations": [1, 1, 1, 1]}, "give longitude and latitude"),
        ({"locations": [0, 0, 500, 1]}, "give longitude and latitude"),
        ({"locations": [0, 0, 1, 1] * 26}, "26 boxes, X takes 25"),
        ({"locations": "a,b,c,d", "track": ["x"]}, "must be a number"),
        ({"filter_level": "high", "track": ["x"]}, "one of none, low, medium"),
        ({"stall_warnings": "yes", "track": ["x"]}, "true or false"),
    ],
)
def test_what_x_would_refuse_is_told_before(given: dict[str, Any], words: str) -> None:
    errors = errors_of({**USER, "endpoints": ["statuses_filter"], "statuses_filter": given})
    assert any(words in error and "`statuses_filter" in error for error in errors), errors


def test_sixty_bytes_and_the_largest_lists_pass() -> None:
    parse({"track": ["x" * 60] * 400, "follow": ["1"] * 5000, "locations": [0, 0, 1, 1] * 25})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"track": ['"exact phrase"']}, "neither quotes nor operators"),
        ({"track": ["cat OR dog"]}, "neither quotes nor operators"),
        ({"track": ["from:somebody"]}, "neither quotes nor operators"),
        ({"track": ["猫"]}, "miss most"),
        ({"track": ["www.example.com"]}, "such as example com"),
        ({"track": ["cat"], "language": ["english!"]}, "no code of BCP 47"),
        # New York, latitude first: a box of the Antarctic, and a sound one.
        ({"locations": [40, -74, 41, -73]}, "where nobody lives: longitude comes before latitude"),
    ],
)
def test_what_x_takes_but_hardly_means_is_told(given: dict[str, Any], words: str) -> None:
    (warning,) = parse(given).warnings
    assert words in warning


def test_common_predicates_are_told_nothing() -> None:
    given = {
        "track": ["cat", "#cat", "@cat", "small dog", "Beyoncé", "c++", "orator", "example com"],
        "language": ["en", "und", "pt-BR", "zh-Hant", "msa"],
        "locations": [-122.75, 36.8, -121.75, 37.8, -74, 40, -73, 41, -180, -90, 180, 90],
        "follow": ["1", str(2**63 - 1)],
    }
    assert parse(given).warnings == ()


@pytest.mark.parametrize("endpoint", ["statuses_filter", "statuses_sample"])
def test_a_signed_endpoint_names_what_is_missing_of_the_four(endpoint: str) -> None:
    raw = {"endpoints": [endpoint], "statuses_filter": {"track": ["x"]}, "bearer_token": "AAAA"}
    (error,) = errors_of(raw)
    assert f"Requests to {endpoint} are signed for a user" in error
    assert all(f"`{name}`" in error for name in USER)
    half = {**raw, **USER, "access_token_secret": None}
    assert any("set `access_token_secret` too" in error for error in errors_of(half))


def test_a_filter_that_nobody_reads_is_told() -> None:
    settings = parse_settings({"bearer_token": "AAAA", "statuses_filter": {"track": ["x"]}})
    assert "does not name statuses_filter" in settings.warnings[0]
    (warning,) = parse({"track": ["x"], "traks": ["y"]}).warnings
    assert "`statuses_filter.traks` is not read" in warning


def test_all_credentials_are_secrets() -> None:
    settings = parse({"track": ["x"]})
    assert set(USER.values()) <= set(settings.secrets)
    assert not any(secret in repr(settings) for secret in USER.values())
