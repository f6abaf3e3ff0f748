"""The past of the filtered stream as search sees it: a query and bounds in, posts out.

Searched is what was sent, missed or cut on the filtered stream, whatever the rules are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.worlds import PAGE_POSTS, matching_page
from twitter_stream_simulator.material.ids import LOW_BITS, SNOWFLAKE_EPOCH_MS
from twitter_stream_simulator.protocol.endpoints import FILTERED, Channel
from twitter_stream_simulator.rules.language import clauses, parse_rule
from twitter_stream_simulator.rules.matching import matches
from twitter_stream_simulator.rules.post_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twitter_stream_simulator.generation.worlds import World
    from twitter_stream_simulator.material.post import Post
    from twitter_stream_simulator.rules.post_facts import Facts
    from twitter_stream_simulator.sending.absences import Absences
    from twitter_stream_simulator.sending.past import Batch
    from twitter_stream_simulator.sending.supply import Supply


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query, and the ids between which its posts lie; both ends are excluded.

    ``as_x`` leaves out what only the quoted post matches, and takes accents for nothing.
    """

    query: str
    after_id: int
    before_id: int
    as_x: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One post that was found, and when it was new."""

    id: int
    post: Post
    at_s: float


def first_id(at_s: float) -> int:
    """Return the smallest id that a post of that moment can have."""
    return max(0, int(at_s * 1000) - SNOWFLAKE_EPOCH_MS) << LOW_BITS


def time_of(post_id: int) -> float:
    """Return the moment of an id, in seconds since 1970."""
    return ((post_id >> LOW_BITS) + SNOWFLAKE_EPOCH_MS) / 1000


class Archive:
    """What the simulator remembers of the filtered stream; safe to use from several threads."""

    def __init__(self, supply: Supply, absences: Absences) -> None:
        self._supply = supply
        self._absences = absences

    def newest(self, wanted: Wanted, most: int) -> list[Found]:
        """Return the youngest posts that match, newest first."""
        found: list[Found] = []
        query = _Query(wanted)
        for newest_id, batch in self._batches(wanted):
            if len(found) == most and newest_id < found[-1].id:
                break
            found += _found_in(batch, query)
            found = sorted(found, key=lambda one: one.id, reverse=True)[:most]
        return found

    def ids(self, wanted: Wanted) -> Iterator[int]:
        """Give the ids of all posts that match, in no order."""
        query = _Query(wanted)
        return (one.id for _, batch in self._batches(wanted) for one in _found_in(batch, query))

    def _batches(self, wanted: Wanted) -> list[tuple[int, Batch]]:
        """Return the batches that reach between the bounds with their youngest id, newest first."""
        self._absences.catch_up(Channel(FILTERED))
        found = []
        for batch in self._supply.past.all(FILTERED.name):
            ends = [end for run in batch.runs for end in (run.first, run.last)]
            if ends and max(ends) > wanted.after_id and min(ends) < wanted.before_id:
                found.append((max(ends), batch))
        return sorted(found, key=lambda pair: pair[0], reverse=True)


class _Query:
    """A query at work; what it found out about a page of posts holds for all their ids."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._tree = parse_rule(wanted.query, search=True)
        # A post that begins a conversation is in it, which only its id can tell.
        named = (one.value for one in clauses(self._tree) if one.operator == "conversation_id")
        self._begun = frozenset(named)
        self._hits: dict[tuple[int, int], tuple[bool, ...]] = {}

    def matches(self, world: World, place: int, post_id: int) -> bool:
        """Say whether the post at a place of a world matches under an id."""
        page, slot = divmod(place, PAGE_POSTS)
        if str(post_id) in self._begun:
            facts = page_facts(world, page, as_x=self.wanted.as_x)[slot]
            return matches(self._tree, facts.with_id(str(post_id)))
        key = (id(world), page)
        if key not in self._hits:
            facts_of_page = page_facts(world, page, as_x=self.wanted.as_x)
            self._hits[key] = tuple(matches(self._tree, facts) for facts in facts_of_page)
        return self._hits[key][slot]


@lru_cache(maxsize=32)
def page_facts(world: World, page: int, *, as_x: bool) -> tuple[Facts, ...]:
    """Return what a query can ask of the posts of one page."""
    return tuple(
        facts_of(match.post, match.key, quoted=not as_x, fold=as_x)
        for match in matching_page(world, page)
    )


def _found_in(batch: Batch, query: _Query) -> Iterator[Found]:
    """Give the posts of one batch that match."""
    wanted, world = query.wanted, batch.world
    if world is None:
        return
    for offset, post_id in enumerate(batch.ids()):
        place = batch.place + offset
        inside = wanted.after_id < post_id < wanted.before_id
        if inside and query.matches(world, place, post_id):
            page, slot = divmod(place, PAGE_POSTS)
            yield Found(post_id, matching_page(world, page)[slot].post, batch.at_s)
