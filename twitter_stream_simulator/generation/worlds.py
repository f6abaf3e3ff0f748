"""The posts that match an app's rules: a seed and rules in, pages of posts and their rules out.

Posts are drafted so that the words of the rules occur, each rule in its turn; then every rule is
matched for real. What matches none is not in the world, and a rule that can match nothing gets
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.posts import make_post
from twitter_stream_simulator.generation.wishes import wish_of
from twitter_stream_simulator.rules.matching import matches
from twitter_stream_simulator.rules.post_facts import facts_of

if TYPE_CHECKING:
    from twitter_stream_simulator.material.post import Post
    from twitter_stream_simulator.rules.rule_book import Rule

# Posts are made a page at a time, when first needed; after the last page the texts come again with
# new ids and times.
PAGE_POSTS = 128
PAGES_TOTAL = 4
# How many drafts a place gets before it is given to a post that is there already.
DRAFTS = 8
# Drafts after the first have numbers that no place has.
NEXT_DRAFT = 1_000_003
# One post in this many is drafted for two rules.
TWO_RULES_EVERY = 4


@dataclass(frozen=True, slots=True)
class World:
    """What decides the posts of a stream with rules."""

    seed: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A post and the rules that it matches, all of them."""

    key: str
    post: Post
    rules: tuple[Rule, ...]


@lru_cache(maxsize=64)
def matching_page(world: World, page: int) -> tuple[Match, ...]:
    """Return the posts of one page; none if no rule of the world matches anything.

    Where too few posts match, those of the page come several times, or else those of the first.
    """
    found = _found(world, page) or _found(world, 0)
    return tuple(islice(cycle(found), PAGE_POSTS)) if found else ()


@lru_cache(maxsize=64)
def _found(world: World, page: int) -> tuple[Match, ...]:
    """Return those places of a page for which a post was found."""
    first = page * PAGE_POSTS
    places = range(first, first + PAGE_POSTS) if world.rules else ()
    return tuple(match for place in places if (match := _match_at(world, place)))


def _match_at(world: World, place: int) -> Match | None:
    """Return the first draft for a place that matches a rule."""
    for draft in range(DRAFTS):
        number = place + draft * NEXT_DRAFT
        post = _draft(world, place, draft)
        key = f"{world.seed}/{number}"
        facts = facts_of(post, key)
        rules = tuple(rule for rule in world.rules if matches(rule.tree, facts))
        if rules:
            return Match(key, post, rules)
    return None


def _draft(world: World, place: int, draft: int) -> Post:
    """Make a post for the rule whose turn it is, sometimes for the next one too."""
    total = len(world.rules)
    turn, first = divmod(place, total)
    wish = wish_of(world.rules[first].tree, turn + draft)
    if total > 1 and place % TWO_RULES_EVERY == 0:
        wish = wish_of(world.rules[(first + 1) % total].tree, turn + draft, wish)
    return make_post(world.seed, place + draft * NEXT_DRAFT, wish)
