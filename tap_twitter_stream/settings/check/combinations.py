"""Check settings against each other, and against what JSON Schema cannot say.

Every function takes all values (defaults filled in) and yields sentences.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import parse
from tap_twitter_stream.policy.ruleset import value_problems, value_warnings
from tap_twitter_stream.settings.check.table import default_of, shown
from tap_twitter_stream.settings.schema import CREDENTIALS, FIELD_LISTS, PRIVATE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

_CREDENTIAL = re.compile(r"[^\s\"'`\x00-\x20\x7f-\U0010ffff]+")
_PLACEHOLDER = "YOUR-TOKEN"  # of the README
_USER_TOKENS = ("access_token", "access_token_secret")
_FIELD_NAME = re.compile(r"[a-z0-9_.]+")


def parse_instant(text: str) -> datetime:
    """Return an aware instant of RFC 3339 text.

    Raises:
        ValueError: It is no such text, or has no offset.
    """
    instant = parse(text)
    if instant.tzinfo is None:
        message = "no offset from UTC"
        raise ValueError(message)
    return instant


def missing_auth(values: dict[str, Any], raw: Mapping[str, Any]) -> list[str]:
    """Return the error of a run that has no credentials at all.

    Args:
        values: Every setting.
        raw: What was given, settings of other tools included.
    """
    pair = [name for name in ("consumer_key", "consumer_secret") if values[name] is not None]
    if values["bearer_token"] is not None or pair:
        return []
    if all(name in values and raw[name] in (None, default_of(name)) for name in raw):
        said = "There is no configuration: name a file with --config, or set environment variables"
        return [f"{said} and use --config=ENV."]
    ways = "set `bearer_token`, or both `consumer_key` and `consumer_secret`"
    said = f"No credentials: {ways} (the app's page in X's developer console shows all three)."
    if any(name in raw for name in _USER_TOKENS):
        said += " An `access_token` is a user's: these endpoints take an app's bearer token."
    return [said]


def auth_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the credentials that were given."""
    for name in CREDENTIALS:
        text = values[name]
        if text is not None and not _CREDENTIAL.fullmatch(text):
            yield (
                f"`{name}` holds a space or a character that no credential of X has: copy it"
                " again, without quotes and without the word Bearer."
            )
        elif text == _PLACEHOLDER:
            yield f"`{name}` is still the example's {_PLACEHOLDER}: put your own in its place."
    for pair in (("consumer_key", "consumer_secret"), ("access_token", "access_token_secret")):
        given = [name for name in pair if values[name] is not None]
        if len(given) == 1:
            other = pair[1] if given[0] == pair[0] else pair[0]
            yield f"`{given[0]}` alone is not enough: set `{other}` too."


def rule_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the rules and what goes with them; a broken rule is None here."""
    prefix, policy, rules = values["rules_tag_prefix"], values["rules_policy"], values["rules"]
    if policy == "sync" and prefix is None:
        yield (
            "`rules_policy` sync needs `rules_tag_prefix`, which marks the rules this tap may"
            " change: choose a short text of your own, such as my-team: ."
        )
    if policy != "ignore" and rules is None:
        yield (
            f"`rules_policy` {policy} needs `rules`: list them (for sync an empty list deletes"
            " every rule with the prefix), or set `rules_policy` to ignore."
        )
    if prefix is not None and prefix != prefix.strip():
        yield "`rules_tag_prefix` begins or ends with white space: remove it."
    if values["foreign_rule_matches"] == "drop" and prefix is None:
        yield (
            "`foreign_rule_matches` drop needs `rules_tag_prefix`: without it every rule counts"
            " as somebody else's."
        )
    yield from _value_errors(rules or ())


def _value_errors(rules: Sequence[dict[str, Any] | None]) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule is None:
            continue
        value = rule["value"].strip()
        for problem in value_problems(value):
            yield f"`rules[{index}].value` {problem}: correct it."
        earlier = first.setdefault(value, index)
        if earlier != index:
            yield f"`rules[{index}]` repeats the value of `rules[{earlier}]`: remove one."


def rule_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield what will probably not do what its author meant."""
    rules = values["rules"] or ()
    for index, rule in enumerate(rules):
        if rule is None:
            continue
        for problem in value_warnings(rule["value"]):
            yield f"`rules[{index}].value` {problem}."
        for key in set(rule) - {"value", "tag"}:
            yield f"`rules[{index}].{key}` is not read: a rule has a value and a tag."
    if rules and "filtered" not in values["endpoints"]:
        yield "`rules` have no effect: `endpoints` does not name filtered." + (
            " Powerstream has rules of its own, at /2/powerstream/rules."
            if "powerstream" in values["endpoints"]
            else ""
        )
    elif rules and values["rules_policy"] == "ignore":
        yield "`rules` have no effect: `rules_policy` is ignore."


def field_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield names that would break the query string."""
    if not values["endpoints"]:
        yield "`endpoints` is empty: name at least one, such as filtered."
    for setting in FIELD_LISTS:
        for name in values[setting]:
            if not _FIELD_NAME.fullmatch(name):
                yield (
                    f"`{setting}` holds {shown(name)}, which is no name of X: give one name per"
                    " entry, without commas or spaces."
                )


def field_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield names that X may refuse: its lists grow, so an unknown name is no error."""
    private = PRIVATE_FIELDS.split()
    for setting in FIELD_LISTS:
        for name in values[setting]:
            if name in private:
                yield (
                    f"`{setting}` asks for {name}, which an app-only token may not see: X answers"
                    " with an error in every message, or refuses the connection."
                )
            elif name not in default_of(setting):
                yield (
                    f"`{setting}` asks for {name}, which this version does not know: if X does not"
                    " know it either, it refuses the connection with HTTP 400."
                )


def window_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the bounds of the run and of the spool."""
    if values["stop_at"] is not None:
        try:
            parse_instant(values["stop_at"])
        except ValueError:
            yield (
                f"`stop_at` must be an instant with its offset, not {shown(values['stop_at'])}:"
                " write it like 2027-01-05T10:00:00Z."
            )
    least = 2 * values["max_line_bytes"]
    if values["spool_max_bytes"] < least:
        yield (
            f"`spool_max_bytes` must be at least twice `max_line_bytes`, here {least}: raise the"
            " one or lower the other."
        )
