"""X's REST calls for the rules of the filtered stream."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from tap_twitter_stream.policy.ruleset import StoredRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_twitter_stream.api.call import Caller
    from tap_twitter_stream.policy.ruleset import NewRule

RULES_PATH = "/2/tweets/search/stream/rules"
PAGE_RULES = 1_000
# X allows 100 changes within 15 minutes on small plans, and publishes no limit for one request.
BATCH_RULES = 100

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class RulesAnswer:
    """What X did. A call that X answered with 2xx may hold both rules and problems."""

    rules: tuple[StoredRule, ...] = ()
    deleted_total: int = 0
    problems: tuple[dict[str, Any], ...] = ()


class RestClient:
    """Rules of the app whose token the caller carries."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_rules(self) -> list[StoredRule]:
        """Return every rule of the app, whoever made it."""
        rules: dict[str, StoredRule] = {}
        params: dict[str, Any] = {"max_results": PAGE_RULES}
        seen: set[str] = set()
        while True:
            answer = self._caller.json("GET", RULES_PATH, params=params)
            rules.update((rule.id, rule) for rule in _rules(answer))
            token = _object(answer.get("meta")).get("next_token")
            if not token or token in seen:  # a server that repeats itself must not hold us for ever
                return list(rules.values())
            seen.add(token)
            params = {**params, "pagination_token": token}

    def add_rules(self, rules: Sequence[NewRule], *, dry_run: bool = False) -> RulesAnswer:
        """Add rules; those that X refuses come back as problems.

        Args:
            rules: With their complete tags.
            dry_run: Only have X check them.
        """
        total = RulesAnswer()
        for batch in _batches(rules):
            add = [{"value": one.value, **({"tag": one.tag} if one.tag else {})} for one in batch]
            total = _sum(total, self._change({"add": add}, dry_run=dry_run))
        return total

    def delete_rules(self, ids: Sequence[str], *, dry_run: bool = False) -> RulesAnswer:
        """Delete rules by id. Nothing else is ever deleted: no values, not all."""
        total = RulesAnswer()
        for batch in _batches(ids):
            total = _sum(total, self._change({"delete": {"ids": batch}}, dry_run=dry_run))
        return total

    def validate(self, rules: Sequence[NewRule]) -> RulesAnswer:
        """Have X check rules without storing them."""
        return self.add_rules(rules, dry_run=True)

    def _change(self, body: dict[str, Any], *, dry_run: bool) -> RulesAnswer:
        params = {"dry_run": "true"} if dry_run else {}
        answer = self._caller.json("POST", RULES_PATH, params=params, json=body)
        summary = _object(_object(answer.get("meta")).get("summary"))
        deleted = summary.get("deleted")
        return RulesAnswer(
            rules=tuple(_rules(answer)),
            deleted_total=deleted if isinstance(deleted, int) else 0,
            problems=tuple(one for one in answer.get("errors") or () if isinstance(one, dict)),
        )


def _sum(one: RulesAnswer, other: RulesAnswer) -> RulesAnswer:
    return RulesAnswer(
        one.rules + other.rules,
        one.deleted_total + other.deleted_total,
        one.problems + other.problems,
    )


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH_RULES)):
        yield batch


def _rules(answer: dict[str, Any]) -> Iterator[StoredRule]:
    """Yield the rules of an answer; ids were numbers once, tags may be missing."""
    data = answer.get("data")
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict) and row.get("id") is not None:
            yield StoredRule(str(row["id"]), str(row.get("value", "")), str(row.get("tag") or ""))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
