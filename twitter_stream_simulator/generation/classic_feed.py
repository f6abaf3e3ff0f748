"""What a connection that holds statuses asks for: a request in, the lines of its statuses out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from twitter_stream_simulator.generation.classic_people import make_user, number_of
from twitter_stream_simulator.generation.classic_predicates import Box, Predicates, parse_predicates
from twitter_stream_simulator.generation.classic_statuses import (
    framed,
    locate,
    make_status,
    status_line,
)
from twitter_stream_simulator.generation.posts import make_post
from twitter_stream_simulator.generation.wishes import Wish
from twitter_stream_simulator.material import words
from twitter_stream_simulator.material.people import people

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from twitter_stream_simulator.material.drafts import Json
    from twitter_stream_simulator.material.post import Post
    from twitter_stream_simulator.protocol.endpoints import Endpoint
    from twitter_stream_simulator.rules.rule_book import Rule

SLASH_ESCAPED_EVERY = 3
# The documented sample of Powerstream is an array; every third message here is one, of one status.
ARRAY_EVERY = 3
_LANGS = tuple(lang for lang, _ in words.PHRASES)
Line: TypeAlias = "Json | list[Json]"


@dataclass(frozen=True, slots=True)
class Ask:
    """Predicates (``None`` for everything), and whether lengths come before messages."""

    predicates: Predicates | None = None
    delimited: bool = False

    @classmethod
    def of(cls, row: Endpoint, query: Mapping[str, str]) -> Self:
        """Read the parameters of a request that was checked."""
        if row.filters:
            predicates: Predicates | None = parse_predicates(query)
        else:
            named = {name: query[name] for name in ("language", "filter_level") if name in query}
            predicates = parse_predicates(named, needs_one=False) if named else None
        return cls(predicates, query.get("delimited") == "length")

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages in which somebody here writes, of those asked for."""
        asked = self.predicates.language if self.predicates else ()
        return tuple(lang for lang in _LANGS if not asked or lang.lower() in asked)


def classic_line(seed: int, number: int, ask: Ask) -> bytes:
    """Render the status of that number so that it is one of those asked for."""
    status, ascii_only = wanted_status(seed, number, ask)
    escape_slashes = number % SLASH_ESCAPED_EVERY == 0
    text = status_line(status, ascii_only=ascii_only, escape_slashes=escape_slashes)
    return framed(text, delimited=ask.delimited)


def wanted_status(seed: int, number: int, ask: Ask) -> tuple[Json, bool]:
    """Make the status of that number, and say whether it is written in ASCII.

    Each thing that would be enough has its turn: a phrase is in the text, an account the author, a
    box the place.
    """
    choices: tuple[tuple[str, Any], ...] = ask.predicates.choices if ask.predicates else ()
    kind, value = choices[number % len(choices)] if choices else ("", "")
    asked = ask.predicates.language if ask.predicates else ()
    lang = ask.langs[number % len(ask.langs)] if asked else ""
    post = make_post(seed, number, Wish(words=(value,) if kind == "track" else (), lang=lang))
    status = make_status(post, number)
    if kind == "follow":
        _give(status, value, seed)
    elif isinstance(value, Box):
        _move(status, value)
    if ask.predicates and ask.predicates.filter_level == "medium":
        status["filter_level"] = "medium"
    return status, post.ascii_only


def powerstream_line(post: Post, number: int, rules: Sequence[Rule]) -> bytes:
    """Render a post as a status with the rules that it matches, sometimes within an array."""
    status = make_status(post, number)
    status["matching_rules"] = [
        {"tag": rule.tag, "id": int(rule.id), "id_str": rule.id} for rule in rules
    ]
    whole: Line = status if number % ARRAY_EVERY else [status]
    return status_line(whole, ascii_only=post.ascii_only, escape_slashes=False)


def _give(status: Json, account: str, seed: int) -> None:
    """Make an account the author, as a person of ours if it is one."""
    person: dict[str, Any] | None = next((p for p in people(seed) if p["id"] == account), None)
    twin = {**status["user"], "id": number_of(account), "id_str": account}
    status["user"] = make_user(person) if person else twin


def _move(status: Json, box: Box) -> None:
    """Send a status from a box; it is no retweet then, because those have no place."""
    status.pop("retweeted_status", None)
    locate(status, *box.centre)
