"""Check the settings of v1.1: credentials of a user, and what `statuses/filter` takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.bounding_boxes import box_errors, box_warnings
from tap_twitter_stream.settings.check.table import shown
from tap_twitter_stream.wire.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "statuses_filter"
USER_CREDENTIALS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_LISTS = ("track", "follow", "locations", "language")
# What X's page on the parameters of v1.1 allows an app of default access.
_MOST_PHRASES, _PHRASE_BYTES, _MOST_USERS = 400, 60, 5_000
_MOST_USER_ID = (1 << 63) - 1
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_OPERATOR = re.compile(r'"|(?:^|\s)(?:OR|AND)(?:\s|$)|(?:^|\s)-?(?:from|to|lang|is|has|url):')
# Words of these scripts have no spaces around them, and X looks for words between spaces.
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def listed(value: Any) -> Any:  # noqa: ANN401 - the border: JSON values of any kind
    """Return the object with tweepy's comma strings as lists, and user ids as text."""
    if not isinstance(value, dict):
        return value
    made = {name: _items(item) if name in _LISTS else item for name, item in value.items()}
    if isinstance(made.get("follow"), list):
        made["follow"] = [str(one) if type(one) is int else one for one in made["follow"]]
    if isinstance(made.get("locations"), list):
        made["locations"] = [_number(one) for one in made["locations"]]
    return made


def _items(value: Any) -> Any:  # noqa: ANN401 - the same
    if not isinstance(value, str):
        return value
    return [item for one in value.split(",") if (item := one.strip())]


def _number(value: Any) -> Any:  # noqa: ANN401 - the same
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def needs_user(values: dict[str, Any]) -> bool:
    """Tell whether an endpoint wants its requests signed for a user."""
    return any(ENDPOINTS[name].signed for name in values["endpoints"])


def needs_app(values: dict[str, Any]) -> bool:
    """Tell whether an endpoint wants the app's bearer token."""
    chosen = (ENDPOINTS[name] for name in values["endpoints"])
    return any(spec.is_live and not spec.signed for spec in chosen)


def user_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield the error of a signed endpoint without all four credentials."""
    missing = [name for name in USER_CREDENTIALS if values[name] is None]
    if needs_user(values) and missing:
        names = ", ".join(name for name in values["endpoints"] if ENDPOINTS[name].signed)
        asked = ", ".join(f"`{name}`" for name in missing)
        yield f"Requests to {names} are signed for a user: set {asked} too."


def classic_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what X would refuse in `statuses_filter`."""
    given: dict[str, Any] = values[NAME] or {}
    predicates = [name for name in ("track", "follow", "locations") if given.get(name)]
    if NAME in values["endpoints"] and not predicates:
        yield (
            f"`{NAME}` must hold `track`, `follow` or `locations`: X sends nothing to a stream"
            " that asks for nothing."
        )
    yield from _track_errors(given.get("track") or [])
    yield from _follow_errors(given.get("follow") or [])
    for problem in box_errors(given.get("locations") or []):
        yield f"`{NAME}.locations` {problem}"


def classic_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield what has no effect."""
    given = values[NAME]
    if given and NAME not in values["endpoints"]:
        yield f"`{NAME}` has no effect: `endpoints` does not name {NAME}."
    yield from _track_warnings((given or {}).get("track") or [])
    for problem in box_warnings((given or {}).get("locations") or []):
        yield f"`{NAME}.locations` {problem}"
    for code in (given or {}).get("language") or []:
        if not _LANGUAGE.fullmatch(code):
            yield f"`{NAME}.language` holds {shown(code)}, no code of BCP 47 such as en or pt-BR."
    known = {*_LISTS, "filter_level", "stall_warnings", "delimited"}
    for name in sorted(set(given or ()) - known):
        yield f"`{NAME}.{name}` is not read: it has {', '.join(sorted(known))}."


def _track_errors(phrases: Sequence[str]) -> Iterator[str]:
    if len(phrases) > _MOST_PHRASES:
        yield _too_many("track", len(phrases), _MOST_PHRASES, "phrases")
    for phrase in phrases:
        if not 1 <= len(phrase.strip().encode()) <= _PHRASE_BYTES:
            yield (
                f"`{NAME}.track` holds {shown(phrase)}, but a phrase has 1 to {_PHRASE_BYTES}"
                " bytes in UTF-8: shorten it or take it out."
            )
        elif "," in phrase:
            yield f"`{NAME}.track` holds {shown(phrase)}: give one phrase an entry, without commas."


def _track_warnings(phrases: Sequence[str]) -> Iterator[str]:
    """Yield what X takes but finds nothing by, or other things than meant."""
    for phrase in phrases:
        if _OPERATOR.search(phrase):
            yield (
                f"`{NAME}.track` holds {shown(phrase)}, but v1.1 knows neither quotes nor"
                " operators: a space means and, another entry means or."
            )
        elif _NO_SPACES.search(phrase):
            yield (
                f"`{NAME}.track` holds {shown(phrase)}: X finds such words only where spaces stand"
                " around them, so it will miss most."
            )
        elif phrase.lower().startswith(("www.", "http://", "https://")):
            yield (
                f"`{NAME}.track` holds {shown(phrase)}: X compares whole addresses without www., so"
                " write the name in words, such as example com."
            )


def _follow_errors(users: Sequence[str]) -> Iterator[str]:
    if len(users) > _MOST_USERS:
        yield _too_many("follow", len(users), _MOST_USERS, "users")
    for user in users:
        if not (user.isascii() and user.isdigit() and 0 < int(user[:20]) <= _MOST_USER_ID):
            yield f"`{NAME}.follow` holds {shown(user)}: give the account's number, not its name."


def _too_many(name: str, count: int, most: int, what: str) -> str:
    return f"`{NAME}.{name}` holds {count} {what}, X takes {most}: take some out."
