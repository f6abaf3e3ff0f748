"""Bring the app's rules in line with the settings, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.policy.problem import slug_of
from tap_twitter_stream.policy.ruleset import (
    RuleProblem,
    RulesPlan,
    RulesPolicy,
    StoredRule,
    WantedRule,
    is_owned,
    plan,
    user_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_twitter_stream.api.rules import RestClient

_TYPE_OF_OURS = "urn:tap-twitter-stream/problems/"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the stream `rules` shows it: the tag is the user's own when we own the rule."""

    id: str
    value: str
    tag: str
    owned: bool
    status: str = "active"


@dataclass(frozen=True, slots=True)
class RulesOutcome:
    """State after the sync. ``problems`` are problem objects: X's own words, or ours."""

    rows: tuple[RuleRow, ...]
    problems: tuple[dict[str, Any], ...]
    plan: RulesPlan

    @property
    def active_total(self) -> int:
        """How many rules X has now; with none, it refuses the filtered stream."""
        return sum(row.status == "active" for row in self.rows)


def sync_rules(
    rest: RestClient,
    desired: Sequence[WantedRule],
    prefix: str,
    policy: RulesPolicy,
) -> RulesOutcome:
    """Read the app's rules, change the owned ones as the policy allows, and tell the result.

    Raises:
        ApiError: X refused or could not be reached; what was changed before that stays changed.
    """
    existing = rest.get_rules()
    todo = plan(desired, existing, prefix, policy)
    problems = [_problem(one) for one in todo.problems]
    if todo.empty:
        return RulesOutcome(_rows(existing, prefix), tuple(problems), todo)
    rest.delete_rules([rule.id for rule in todo.delete_first])
    added = rest.add_rules(todo.add)
    rest.delete_rules([rule.id for rule in todo.delete])
    problems += [one for one in added.problems if not _is_duplicate(one)]
    gone = (*todo.delete_first, *todo.delete)
    now = [*todo.keep, *added.rules, *todo.foreign]
    if any(map(_is_duplicate, added.problems)):
        # Somebody added the same value meanwhile; only X knows under which tag.
        now = rest.get_rules()
        problems += [_problem(one) for one in plan(desired, now, prefix, policy).problems]
    rows = (*_rows(now, prefix), *_rows(gone, prefix, "deleted"))
    return RulesOutcome(rows, tuple(_once(problems)), todo)


def _rows(rules: Iterable[StoredRule], prefix: str, status: str = "active") -> tuple[RuleRow, ...]:
    return tuple(
        RuleRow(rule.id, rule.value, user_tag(rule.tag, prefix), is_owned(rule.tag, prefix), status)
        for rule in rules
    )


def _is_duplicate(problem: dict[str, Any]) -> bool:
    """Tell whether X has the value already, which is what was wanted."""
    return slug_of(problem.get("type")) == "duplicate-rules" and problem.get("id") is not None


def _problem(found: RuleProblem) -> dict[str, Any]:
    """Return our finding in the shape of X's problems."""
    kind = found.kind.value.replace("_", "-")
    return {
        "type": _TYPE_OF_OURS + kind,
        "title": kind.replace("-", " ").capitalize(),
        "detail": found.detail,
        "value": found.value,
    }


def _once(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for index, one in enumerate(problems) if one not in problems[:index]]
