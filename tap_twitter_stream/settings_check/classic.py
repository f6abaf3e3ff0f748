"""Check the settings of v1.1: credentials of a user, and what `statuses/filter` takes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..wire.endpoints import ENDPOINTS
from .table import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "statuses_filter"
USER_CREDENTIALS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_LISTS = ("track", "follow", "locations", "language")
# What X's page on the parameters of v1.1 allows an app of default access.
_MOST_PHRASES, _PHRASE_BYTES, _MOST_USERS, _MOST_BOXES = 400, 60, 5_000, 25


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
    return any(not ENDPOINTS[name].signed for name in values["endpoints"])


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
    yield from _location_errors(given.get("locations") or [])


def classic_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield what has no effect."""
    given = values[NAME]
    if given and NAME not in values["endpoints"]:
        yield f"`{NAME}` has no effect: `endpoints` does not name {NAME}."
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


def _follow_errors(users: Sequence[str]) -> Iterator[str]:
    if len(users) > _MOST_USERS:
        yield _too_many("follow", len(users), _MOST_USERS, "users")
    for user in users:
        if not (user.isascii() and user.isdigit()):
            yield f"`{NAME}.follow` holds {shown(user)}: give the account's number, not its name."


def _location_errors(numbers: Sequence[float]) -> Iterator[str]:
    boxes = list(itertools.zip_longest(*[iter(numbers)] * 4))
    if len(boxes) > _MOST_BOXES:
        yield _too_many("locations", len(boxes), _MOST_BOXES, "boxes")
    if len(numbers) % 4:
        yield f"`{NAME}.locations` must hold four numbers a box, not {len(numbers)} in all."
        return
    for west, south, east, north in boxes:
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
            yield (
                f"`{NAME}.locations` holds the box {west:g}, {south:g}, {east:g}, {north:g}: give"
                " longitude and latitude of its south-west corner, then of its north-east one."
            )


def _too_many(name: str, count: int, most: int, what: str) -> str:
    return f"`{NAME}.{name}` holds {count} {what}, X takes {most}: take some out."
