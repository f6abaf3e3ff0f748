"""The operators of rules: one row to an operator, with what its value may be and what it matches.

Rows and aliases: X's lists for the filtered stream and for search. Of those lists, the simulator
lacks ``source:``, ``list:``, ``embedding:`` and the two of affiliates, and refuses them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator.rules.post_facts import names_of
from twitter_stream_simulator.rules.tokens import contains, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from twitter_stream_simulator.rules.post_facts import Facts

ALIASES = {
    "has:videos": "video_link",
    "has:media_link": "media",
    "in_reply_to_status_id": "in_reply_to_tweet_id",
    "retweets_of_status_id": "retweets_of_tweet_id",
    "quotes_of_status_id": "quotes_of_tweet_id",
    "geo_bounding_box": "bounding_box",
}
LANGS = frozenset(
    "am ar hy eu bn bs bg my hr ca cs da nl en et fi fr ka de el gu ht iw hi hi-latn hu is in it ja"
    " kn km ko lo lv lt ml dv mr ne no or pa ps fa pl pt ro ru sr zh-cn sd si sk sl ckb es sv tl ta"
    " te th bo zh-tw tr uk ur ug vi cy und".split()
)
_IS = ("retweet", "reply", "quote", "verified", "nullcast")
_HAS = ("hashtags", "cashtags", "links", "mentions", "media", "images", "video_link", "geo")
_ID = r"\d{1,19}"
_RANGE = r"\d{1,10}(\.\.\d{1,10})?"
_NUMBER = r"-?\d+(?:\.\d+)?"
_EARTH_RADIUS_KM = 6371.0
_KM = {"km": 1.0, "mi": 1.609344}


class RuleError(ValueError):
    """X would refuse the rule; the message is what it says in ``details``."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One row.

    ``legal`` is a pattern of the whole value, in lower case; without one it must hold a word.
    """

    matches: Callable[[Facts, str], bool]
    legal: str = ""
    may_stand_alone: bool = True
    may_be_negated: bool = True
    on_stream: bool = True
    in_search: bool = True

    def check(self, name: str, value: str, *, negated: bool, search: bool) -> None:
        """Refuse what X refuses of one clause.

        Raises:
            RuleError: With what X says about it.
        """
        if not (self.in_search if search else self.on_stream):
            message = (
                f"Reference to invalid operator '{name}'. Operator is not available in current"
                " product or product packaging"
            )
        elif not (re.fullmatch(self.legal, value.lower()) if self.legal else tokens(value)):
            message = f"Invalid value '{value}' for operator '{name}'"
        elif negated and not self.may_be_negated:
            message = f"Operator '{name}' must not be negated"
        elif name == "is" and value.lower() == "nullcast" and not negated:
            message = "Operator 'is:nullcast' must be negated"
        else:
            return
        raise RuleError(message)


def _is_keyword(facts: Facts, value: str) -> bool:
    phrase = tokens(value, fold=facts.fold)
    return any(contains(one.text, phrase) for one in facts.contents)


def _in_texts(texts: list[str], value: str, *, fold: bool) -> bool:
    """Say whether a phrase is in one of some texts."""
    phrase = tokens(value, fold=fold)
    return any(contains(tokens(text, fold=fold), phrase) for text in texts)


def _is(facts: Facts, value: str) -> bool:
    kind = value.lower()
    return kind in facts.kinds or (kind == "verified" and bool(facts.author.get("verified")))


def _has(facts: Facts, value: str) -> bool:
    media = {kind for one in facts.contents for kind in one.media}
    links = any(one.urls for one in facts.contents)
    return {
        "hashtags": any(one.hashtags for one in facts.contents),
        "cashtags": any(one.cashtags for one in facts.contents),
        "mentions": any(one.mentions for one in facts.contents),
        "links": links or bool(media),
        "media": bool(media),
        "images": "photo" in media,
        "video_link": "video" in media,
        "geo": facts.place is not None,
    }[value.lower()]


def _urls(*names: str) -> Callable[[Facts, str], bool]:
    """Return a match of words in these members of links."""

    def matches(facts: Facts, value: str) -> bool:
        urls = [url for one in facts.contents for url in one.urls]
        texts = [url[name] for url in urls for name in names if name in url]
        return _in_texts(texts, value, fold=facts.fold)

    return matches


def _url_contains(facts: Facts, value: str) -> bool:
    urls = [url for one in facts.contents for url in one.urls]
    return any(value.lower() in url[name].lower() for url in urls for name in _URL if name in url)


_URL = ("url", "expanded_url", "unwound_url")


def _profile(name: str) -> Callable[[Facts, str], bool]:
    """Return a match of words in one text of the author's profile."""
    return lambda facts, value: _in_texts([facts.author.get(name, "")], value, fold=facts.fold)


def _metric(name: str) -> Callable[[Facts, str], bool]:
    """Return a match of one count of the author: at least so many, or within a range."""

    def matches(facts: Facts, value: str) -> bool:
        least, _, most = value.partition("..")
        known: int = facts.author["public_metrics"][name]
        return int(least) <= known <= int(most or 2**63)

    return matches


def _reference(kind: str) -> Callable[[Facts, str], bool]:
    """Return a match of the id of a post referred to."""
    return lambda facts, value: facts.references.get(kind, ("",))[0] == value


def _reference_author(kind: str) -> Callable[[Facts, str], bool]:
    """Return a match of the author of a post referred to."""

    def matches(facts: Facts, value: str) -> bool:
        return kind in facts.references and _name(value) in facts.references[kind][1]

    return matches


def _name(value: str) -> str:
    return value.lower().removeprefix("@")


def _topic(facts: Facts, value: str) -> bool:
    """Match a domain and an entity, or any entity of a domain."""
    domain, _, entity = value.partition(".")
    topics = [topic for one in facts.contents for topic in one.topics]
    return any(t["domain"]["id"] == domain and entity in {"*", t["entity"]["id"]} for t in topics)


def _entity(facts: Facts, value: str) -> bool:
    topics = [topic for one in facts.contents for topic in one.topics]
    return any(topic["entity"]["name"].lower() == value.lower() for topic in topics)


def _place(facts: Facts, value: str) -> bool:
    place = facts.place
    if place is None:
        return False
    texts = [place["name"], place["full_name"]]
    return place["id"] == value.lower() or _in_texts(texts, value, fold=facts.fold)


def _country(facts: Facts, value: str) -> bool:
    return facts.place is not None and facts.place["country_code"].lower() == value.lower()


def _within_box(facts: Facts, value: str) -> bool:
    west, south, east, north = map(float, value.strip("[]").split())
    if facts.point is None:
        return False
    return west <= facts.point[0] <= east and south <= facts.point[1] <= north


def _within_radius(facts: Facts, value: str) -> bool:
    """Compare the great-circle distance."""
    lon, lat, reach = value.strip("[]").lower().split()
    if facts.point is None:
        return False
    x1, y1, x2, y2 = map(math.radians, (float(lon), float(lat), *facts.point))
    cosine = math.sin(y1) * math.sin(y2) + math.cos(y1) * math.cos(y2) * math.cos(x1 - x2)
    distance_km = _EARTH_RADIUS_KM * math.acos(max(-1.0, min(1.0, cosine)))
    return distance_km <= float(reach[:-2]) * _KM[reach[-2:]]


def _sampled(facts: Facts, value: str) -> bool:
    return facts.draw < int(value)


def _mentions(facts: Facts, value: str) -> bool:
    return any(value.lower() in one.mentions for one in facts.contents)


_USER = r"@?(\w{1,20})"
_TAG = r"\w+"
OPERATORS: dict[str, Operator] = {
    "keyword": Operator(_is_keyword),
    "#": Operator(lambda f, v: any(v.lower() in one.hashtags for one in f.contents), _TAG),
    "$": Operator(lambda f, v: any(v.lower() in one.cashtags for one in f.contents), _TAG),
    "@": Operator(_mentions, _USER),
    "from": Operator(lambda f, v: _name(v) in names_of(f.author), _USER),
    "to": Operator(_reference_author("reply"), _USER),
    "retweets_of": Operator(_reference_author("retweet"), _USER),
    "url": Operator(_urls(*_URL)),
    "url_title": Operator(_urls("title"), in_search=False),
    "url_description": Operator(_urls("description"), in_search=False),
    "url_contains": Operator(_url_contains, in_search=False),
    "context": Operator(_topic, r"\d+\.(\d+|\*)"),
    "entity": Operator(_entity),
    "conversation_id": Operator(lambda f, v: f.conversation_id == v, _ID),
    "bio": Operator(_profile("description"), in_search=False),
    "bio_name": Operator(_profile("name"), in_search=False),
    "bio_location": Operator(_profile("location"), in_search=False),
    "place": Operator(_place),
    "place_country": Operator(_country, r"[a-z]{2}"),
    "point_radius": Operator(_within_radius, rf"\[{_NUMBER} {_NUMBER} \d+(\.\d+)?(km|mi)\]"),
    "bounding_box": Operator(_within_box, rf"\[{_NUMBER}( {_NUMBER}){{3}}\]"),
    "in_reply_to_tweet_id": Operator(_reference("reply"), _ID),
    "retweets_of_tweet_id": Operator(_reference("retweet"), _ID),
    "quotes_of_tweet_id": Operator(_reference("quote"), _ID, on_stream=False),
    "min_followers": Operator(_metric("followers_count"), r"\d{1,10}", in_search=False),
    "followers_count": Operator(_metric("followers_count"), _RANGE, in_search=False),
    "tweets_count": Operator(_metric("tweet_count"), _RANGE, in_search=False),
    "following_count": Operator(_metric("following_count"), _RANGE, in_search=False),
    "listed_count": Operator(_metric("listed_count"), _RANGE, in_search=False),
    "is": Operator(_is, "|".join(_IS), may_stand_alone=False),
    "has": Operator(_has, "|".join(_HAS), may_stand_alone=False),
    "lang": Operator(
        lambda f, v: f.lang == v.lower(), "|".join(sorted(LANGS)), may_stand_alone=False
    ),
    "sample": Operator(
        _sampled, r"[1-9]\d?|100", may_stand_alone=False, may_be_negated=False, in_search=False
    ),
}
