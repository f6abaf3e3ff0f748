"""Recent search, to get what a filtered stream missed: priced first, then read page by page.

https://docs.x.com/x-api/posts/search/integrate/paginate
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.api.redact import scrub
from tap_twitter_stream.coverage.fill_plan import SEARCH_EARLIER_US, SEARCH_LATER_US, Purse
from tap_twitter_stream.errors import ApiError, ApiRefusedError
from tap_twitter_stream.wire.snowflake import first_id_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_twitter_stream.api.call import Caller
    from tap_twitter_stream.coverage.gaps import GapKey

SEARCH_PATH = "/2/tweets/search/recent"
COUNTS_PATH = "/2/tweets/counts/recent"
PAGE_POSTS = 100
_MOST_PAGES = 10_000  # a server that never ends must not hold us for ever


@dataclass(frozen=True, slots=True)
class SearchRule:
    """A rule of the app as a query; ``tag`` is complete."""

    id: str
    value: str
    tag: str = ""

    @property
    def label(self) -> str:
        """How sentences call it."""
        return f"rule {self.tag or self.id}"


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of a search.

    ``why`` is empty when every rule's posts are in the log; ``missed`` are those of the rest, as
    X counts them, None when X did not say.
    """

    why: str = ""
    missed: int | None = None


class Search:
    """Searches an interval for every rule of the filtered stream.

    Args:
        caller: With the app's token.
        params: Fields and expansions, as the stream is asked for them.
        store: Takes each page that holds anything, with the gap and the rule it belongs to.
    """

    def __init__(
        self,
        caller: Caller,
        params: Mapping[str, str],
        purse: Purse,
        store: Callable[[GapKey, SearchRule, dict[str, Any]], None],
    ) -> None:
        self._caller = caller
        self._params = params
        self._store = store
        self.purse = purse
        self.counts_usd = 0.0
        """What asking for prices has cost so far."""

    def search(
        self, gap: GapKey, rules: Sequence[SearchRule], started_us: int, ended_us: int
    ) -> Searched:
        """Bring the posts of an interval into the log, if they may cost what they do.

        Args:
            gap: What the interval is a part of, for the log.
            rules: One query each.
            started_us: First instant of the interval.
            ended_us: First instant after it.

        Raises:
            StopRequestedError: A stop came during a wait.
        """
        bounds = id_bounds(started_us, ended_us)
        if not self.purse.allows(0, len(rules)):
            return Searched(self._too_dear("asking for the price alone"))
        counts: dict[str, int] = {}
        problems: list[str] = []
        for rule in rules:
            counted = self._count(rule, bounds)
            if isinstance(counted, str):
                problems.append(counted)
            else:
                counts[rule.id] = counted
        total = sum(counts.values())
        if not self.purse.allows(total):
            price = f"{total} posts for {self.purse.price(total):.2f} USD"
            return Searched(self._too_dear(price), total)
        missed = 0
        for rule in rules:
            if counts.get(rule.id) and (problem := self._read(gap, rule, bounds)):
                problems.append(problem)
                missed += counts[rule.id]
        unknown = len(counts) < len(rules)
        return Searched(" ".join(problems), None if unknown or not problems else missed)

    def _count(self, rule: SearchRule, bounds: dict[str, str]) -> int | str:
        """Return how many posts a rule has in an interval, or why X does not say."""
        total = 0
        try:
            for answer in self._pages(COUNTS_PATH, {"query": rule.value, **bounds}):
                self.counts_usd += self.purse.price(0, 1)
                self._pay(requests=1)
                meta = _object(answer.get("meta"))
                counted = meta.get("total_tweet_count", meta.get("total_post_count", 0))
                total += counted if isinstance(counted, int) else int(str(counted))
        except (ApiError, ValueError) as error:
            return _problem(rule, error)
        return total

    def _read(self, gap: GapKey, rule: SearchRule, bounds: dict[str, str]) -> str:
        """Store every page of one rule; return what went wrong."""
        params = {"query": rule.value, "max_results": PAGE_POSTS, **bounds, **self._params}
        try:
            for answer in self._pages(SEARCH_PATH, params):
                found = answer.get("data")
                if found or answer.get("errors"):
                    self._store(gap, rule, answer)
                self._pay(posts=len(found) if isinstance(found, list) else 0)
        except ApiError as error:
            return _problem(rule, error)
        return ""

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self._caller.json("GET", path, params=params)
            yield answer
            token = _object(answer.get("meta")).get("next_token")
            if not token or token in seen:
                return
            seen.add(token)
            params = {**params, "next_token": token}

    def _pay(self, posts: int = 0, requests: int = 0) -> None:
        spent_usd = self.purse.spent_usd + self.purse.price(posts, requests)
        self.purse = replace(self.purse, spent_usd=spent_usd)

    def _too_dear(self, what: str) -> str:
        purse = self.purse
        return (
            f"{what} is more than gap_fill_max_cost_usd allows ({purse.most_usd:.2f},"
            f" {purse.spent_usd:.2f} are spent)."
        )


def id_bounds(started_us: int, ended_us: int) -> dict[str, str]:
    """Return the ids between which every post of an interval lies; both are excluded."""
    since = first_id_at((started_us - SEARCH_EARLIER_US) // 1000) - 1
    until = first_id_at(-(-(ended_us + SEARCH_LATER_US) // 1000))
    return {"since_id": str(max(1, since)), "until_id": str(until)}


def _problem(rule: SearchRule, error: Exception) -> str:
    if isinstance(error, ApiRefusedError):
        return scrub(f"X does not search for {rule.label}: {error.detail or error}")
    # A count that is no number is told as it came, whatever it was.
    return scrub(f"The search for {rule.label} failed: {error}")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
