"""Checks of a scenario's plain values: decoded JSON in, a sentence about what does not fit out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twitter_stream_simulator.rules.language import parse_rule
from twitter_stream_simulator.rules.operators import RuleError
from twitter_stream_simulator.scenario.scripts import as_list, as_object, check_endpoint
from twitter_stream_simulator.scenario.step_parser import ScenarioError, number

# A keep-alive more often than that would be a flood.
SHORTEST_S = 0.001


def must_be_number(values: Mapping[str, Any], name: str, least: float = 0) -> None:
    """Check a number that must be there."""
    if number(values, name, least=least) is None:
        message = f"{name!r} must be a number."
        raise ScenarioError(message)


def check_keep_alive(values: Mapping[str, Any]) -> None:
    """Check one number for all endpoints, or one for each that is named."""
    given = values["keep_alive_s"]
    if not isinstance(given, Mapping):
        must_be_number(values, "keep_alive_s", SHORTEST_S)
        return
    for endpoint in given:
        check_endpoint(endpoint)
        must_be_number(given, endpoint, SHORTEST_S)


def check_plain(values: Mapping[str, Any]) -> None:
    """Check the values that are neither numbers nor choices."""
    for name in ("gzip", "rest_limits", "record_messages"):
        if not isinstance(values[name], bool):
            message = f"{name!r} must be true or false, not {values[name]!r}."
            raise ScenarioError(message)
    for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret"):
        if not isinstance(values[name], str):
            message = f"{name!r} must be a text."
            raise ScenarioError(message)
    tokens = values["bearer_tokens"]
    if isinstance(tokens, str) or not tokens or not all(isinstance(t, str) for t in tokens):
        message = "'bearer_tokens' must be a list of at least one text."
        raise ScenarioError(message)
    for rule in as_list(values, "rules"):
        if not as_object(rule).get("value") or set(rule) - {"value", "tag"}:
            message = f"A rule must be an object with 'value' and perhaps 'tag', not {rule!r}."
            raise ScenarioError(message)
        _check_rule(rule["value"])


def _check_rule(value: object) -> None:
    """Refuse a rule that X would refuse."""
    try:
        parse_rule(str(value))
    except RuleError as error:
        message = f"The rule {value!r} is none that X takes: {error}."
        raise ScenarioError(message) from error
