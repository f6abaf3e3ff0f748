"""What a v1.1 filter asks for: parameters in, checked predicates and their matches out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Status: TypeAlias = dict[str, Any]

# What an account without elevated access may ask for.
MAX_PHRASES, MAX_PHRASE_BYTES = 400, 60
MAX_ACCOUNTS, MAX_BOXES = 5000, 25
FILTER_LEVELS = ("none", "low", "medium")
MAX_SIDE_DEGREES, MIN_SIDE_DEGREES = 360.0, 0.1
_WORD = re.compile(r"\w+")
_WEB = re.compile(r"^(https?://)?(www\.)?")


class PredicateError(ValueError):
    """A parameter that X refuses; ``status`` is the one of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Box:
    """A region, from its south-west corner to its north-east one."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Say whether a point lies inside."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def meets(self, other: Box) -> bool:
        """Say whether two boxes share a point."""
        apart = self.west > other.east or other.west > self.east
        return not (apart or self.south > other.north or other.south > self.north)

    @property
    def centre(self) -> tuple[float, float]:
        """The longitude and latitude of its middle."""
        return round((self.west + self.east) / 2, 6), round((self.south + self.north) / 2, 6)


@dataclass(frozen=True, slots=True)
class Predicates:
    """``track``, ``follow`` and ``locations`` widen each other; the other two narrow the result."""

    track: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    locations: tuple[Box, ...] = ()
    language: tuple[str, ...] = ()
    filter_level: str = "none"

    @property
    def choices(self) -> tuple[tuple[str, Any], ...]:
        """Everything that alone is enough, with the name of its parameter."""
        return (
            *(("track", phrase) for phrase in self.track),
            *(("follow", account) for account in self.follow),
            *(("locations", box) for box in self.locations),
        )

    def match(self, status: Status) -> bool:
        """Say whether a status is delivered."""
        lang = str(status.get("lang", "und")).lower()
        if self.language and lang not in self.language:
            return False
        level = str(status.get("filter_level", "none"))
        if FILTER_LEVELS.index(level) < FILTER_LEVELS.index(self.filter_level):
            return False
        return (
            not self.choices
            or any(_has_phrase(phrase, status) for phrase in self.track)
            or bool(set(self.follow) & set(_followed(status)))
            or any(_is_inside(box, status) for box in self.locations)
        )


def parse_predicates(values: Mapping[str, str], *, needs_one: bool = True) -> Predicates:
    """Read the parameters of ``statuses/filter``, or of a stream that needs none of them.

    Raises:
        PredicateError: X would refuse them.
    """
    if needs_one and not any(values.get(name) for name in ("track", "follow", "locations")):
        message = (
            "No filter parameters found. Expect at least one parameter: follow track locations"
        )
        raise PredicateError(406, message)
    level = values.get("filter_level", "none")
    if level not in FILTER_LEVELS:
        raise PredicateError(406, f"Invalid filter_level: {level}")
    return Predicates(
        _phrases(values.get("track", "")),
        _accounts(values.get("follow", "")),
        _boxes(values.get("locations", "")),
        tuple(part.strip().lower() for part in values.get("language", "").split(",") if part),
        level,
    )


def _phrases(text: str) -> tuple[str, ...]:
    """Read ``track``."""
    phrases = [phrase.strip() for phrase in text.split(",") if phrase.strip()]
    _check_total("track", len(phrases), MAX_PHRASES)
    for place, phrase in enumerate(phrases):
        if len(phrase.encode("utf-8", "surrogatepass")) > MAX_PHRASE_BYTES:
            message = f"Parameter track item index {place} too long: {phrase}"
            raise PredicateError(406, message)
    return tuple(phrases)


def _accounts(text: str) -> tuple[str, ...]:
    """Read ``follow``."""
    accounts = [account.strip() for account in text.split(",") if account.strip()]
    _check_total("follow", len(accounts), MAX_ACCOUNTS)
    for account in accounts:
        if not (account.isascii() and account.isdecimal()):
            raise PredicateError(406, f"Parameter follow has unparseable id: {account}")
    return tuple(accounts)


def _boxes(text: str) -> tuple[Box, ...]:
    """Read ``locations``: longitude before latitude, south-west before north-east."""
    try:
        numbers = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise PredicateError(406, "Parameter locations has an unparseable coordinate") from None
    if len(numbers) % 4:
        raise PredicateError(406, "Parameter locations needs four coordinates to a bounding box")
    boxes = [Box(*numbers[at : at + 4]) for at in range(0, len(numbers), 4)]
    _check_total("locations", len(boxes), MAX_BOXES)
    for box in boxes:
        sides = (box.east - box.west, box.north - box.south)
        if not all(MIN_SIDE_DEGREES <= side <= MAX_SIDE_DEGREES for side in sides):
            message = "Location track items must be given as pairs of comma separated lat/longs"
            raise PredicateError(406, f"{message}: [{box}]")
    return tuple(boxes)


def _check_total(name: str, total: int, limit: int) -> None:
    if total > limit:
        raise PredicateError(413, f"Parameter {name} has {total} items, the limit is {limit}")


def _has_phrase(phrase: str, status: Status) -> bool:
    """Say whether each word of a phrase occurs, in any order."""
    texts, links, names = _searched(status)
    raw = {word for text in texts for word in text.split()} | links
    plain = {word for text in (*texts, *links) for word in _WORD.findall(text)} | names
    return all(
        word in plain if _WORD.fullmatch(word) else _WEB.sub("", word) in raw or word in raw
        for word in phrase.lower().split()
    )


def _searched(status: Status) -> tuple[list[str], set[str], set[str]]:
    """Return texts, links, and names (hashtags and mentions), all in small letters."""
    long = status.get("extended_tweet", {})
    texts = [str(part).lower() for part in (status.get("text"), long.get("full_text")) if part]
    links: set[str] = set()
    names: set[str] = set()
    for entities in (status.get("entities", {}), long.get("entities", {})):
        for link in (*entities.get("urls", ()), *entities.get("media", ())):
            shown = (str(link[key]).lower() for key in ("expanded_url", "display_url"))
            links |= {_WEB.sub("", text) for text in shown}
        names |= {str(tag["text"]).lower() for tag in entities.get("hashtags", ())}
        names |= {str(user["screen_name"]).lower() for user in entities.get("user_mentions", ())}
    return texts, links, names


def _followed(status: Status) -> Iterator[str]:
    """Give the accounts whose followers get the status; a mere mention is not enough."""
    yield status["user"]["id_str"]
    if status.get("in_reply_to_user_id_str"):
        yield status["in_reply_to_user_id_str"]
    if "retweeted_status" in status:
        yield status["retweeted_status"]["user"]["id_str"]


def _is_inside(box: Box, status: Status) -> bool:
    """Say whether a status was sent from a box; a retweet never was."""
    if "retweeted_status" in status:
        return False
    if status.get("coordinates"):
        return box.holds(*status["coordinates"]["coordinates"])
    if not status.get("place"):
        return False
    (corners,) = status["place"]["bounding_box"]["coordinates"]
    lons, lats = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return box.meets(Box(min(lons), min(lats), max(lons), max(lats)))
