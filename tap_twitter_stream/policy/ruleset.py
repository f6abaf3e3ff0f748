"""Plan the rules of the filtered stream: wanted and existing ones in, what to change out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SELF_SERVE_VALUE_CHARS = 1024
ENTERPRISE_VALUE_CHARS = 2048


class RulesPolicy(str, Enum):
    """How much the tap may change at X."""

    SYNC = "sync"
    CHECK = "check"
    IGNORE = "ignore"


class ProblemKind(str, Enum):
    """Why a wanted rule and X's rules do not agree."""

    FOREIGN_DUPLICATE = "foreign_duplicate"
    WANTED_TWICE = "wanted_twice"
    MISSING = "missing"
    UNWANTED = "unwanted"
    TAG_DIFFERS = "tag_differs"


@dataclass(frozen=True, slots=True)
class WantedRule:
    """One rule of the settings. ``tag`` is the user's own, without our prefix."""

    value: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """One rule as X stores it. ``tag`` is complete; X has rules without one."""

    id: str
    value: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class NewRule:
    """One rule to add, with the complete tag to store."""

    value: str
    tag: str


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """Something a person should know about one rule."""

    kind: ProblemKind
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class RulesPlan:
    """What to do, in this order: ``delete_first``, ``add``, ``delete``.

    A value exists only once per app, so a rule whose tag changes must go before it can come again;
    all other deletions wait until the additions are in, so that the stream is never without rules.
    """

    add: tuple[NewRule, ...] = ()
    delete_first: tuple[StoredRule, ...] = ()
    delete: tuple[StoredRule, ...] = ()
    keep: tuple[StoredRule, ...] = ()
    foreign: tuple[StoredRule, ...] = ()
    problems: tuple[RuleProblem, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change at X."""
        return not (self.add or self.delete_first or self.delete)


def is_owned(tag: str, prefix: str) -> bool:
    """Tell whether a rule with this tag is ours. Without a prefix no rule is."""
    return bool(prefix) and tag.startswith(prefix)


def user_tag(tag: str, prefix: str) -> str:
    """Return the tag as the user wrote it: our prefix stripped, foreign tags unchanged."""
    return tag[len(prefix) :] if is_owned(tag, prefix) else tag


def plan(
    desired: Sequence[WantedRule],
    existing: Sequence[StoredRule],
    prefix: str,
    policy: RulesPolicy = RulesPolicy.SYNC,
) -> RulesPlan:
    """Compare what is wanted with what X has.

    Args:
        desired: The rules of the settings.
        existing: All rules of the app.
        prefix: ``rules_tag_prefix``; rules whose tag does not start with it are never touched.
        policy: ``sync`` plans changes, ``check`` turns each into a problem, ``ignore`` does not
            look at ``desired``.
    """
    foreign = tuple(rule for rule in existing if not is_owned(rule.tag, prefix))
    owned = [rule for rule in existing if is_owned(rule.tag, prefix)]
    if policy is RulesPolicy.IGNORE:
        return RulesPlan(keep=tuple(owned), foreign=foreign)
    wanted, repeated = _unique(desired)
    of_others = {rule.value: rule for rule in foreign}
    tags = {rule.value: prefix + rule.tag for rule in wanted}
    keep = _first_of_each_value(
        rule for rule in owned if tags.get(rule.value) == rule.tag and rule.value not in of_others
    )
    have = {rule.value for rule in keep}
    missing = [rule for rule in wanted if rule.value not in have]
    add = tuple(NewRule(r.value, tags[r.value]) for r in missing if r.value not in of_others)
    again = {rule.value for rule in add}
    others = [of_others[rule.value] for rule in wanted if rule.value in of_others]
    gone = [rule for rule in owned if rule not in keep]
    full = RulesPlan(
        add=add,
        delete_first=tuple(rule for rule in gone if rule.value in again),
        delete=tuple(rule for rule in gone if rule.value not in again),
        keep=keep,
        foreign=foreign,
        problems=(
            *repeated,
            *(_taken(other) for other in others if other.tag != tags[other.value]),
        ),
    )
    return full if policy is RulesPolicy.SYNC else _as_problems(full, prefix)


def value_problems(value: str) -> Iterator[str]:
    """Yield what makes X refuse a rule's value, as far as it can be told without asking X."""
    if not value.strip():
        yield "is empty"
        return
    if len(value) > ENTERPRISE_VALUE_CHARS:
        yield f"has {len(value)} characters, X allows {ENTERPRISE_VALUE_CHARS} at most"
    quoted = value.replace('\\"', "").split('"')
    if len(quoted) % 2 == 0:
        yield "has a quotation mark without its partner"
    elif not _balanced("".join(quoted[::2])):
        yield "has a parenthesis without its partner"


def value_warnings(value: str) -> Iterator[str]:
    """Yield what only some plans of X accept."""
    if SELF_SERVE_VALUE_CHARS < len(value) <= ENTERPRISE_VALUE_CHARS:
        yield (
            f"has {len(value)} characters; plans other than Enterprise allow"
            f" {SELF_SERVE_VALUE_CHARS}"
        )


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def _unique(desired: Sequence[WantedRule]) -> tuple[list[WantedRule], list[RuleProblem]]:
    """Return the first wanted rule of each value, and one problem for each other."""
    first: dict[str, WantedRule] = {}
    problems = []
    for rule in desired:
        if first.setdefault(rule.value, rule) is not rule:
            detail = f"wanted twice; the tag {first[rule.value].tag!r} is used"
            problems.append(RuleProblem(ProblemKind.WANTED_TWICE, rule.value, detail))
    return list(first.values()), problems


def _first_of_each_value(rules: Iterable[StoredRule]) -> tuple[StoredRule, ...]:
    first: dict[str, StoredRule] = {}
    for rule in rules:
        first.setdefault(rule.value, rule)
    return tuple(first.values())


def _taken(other: StoredRule) -> RuleProblem:
    """Say that X already has the value under a tag that is not ours; X stores a value once."""
    detail = f"another owner has this value: its matches carry the tag {other.tag!r}"
    return RuleProblem(ProblemKind.FOREIGN_DUPLICATE, other.value, detail)


def _as_problems(full: RulesPlan, prefix: str) -> RulesPlan:
    """Turn each planned change into a problem, and plan none."""
    changed = {rule.value: rule for rule in full.delete_first}
    problems = [*full.problems]
    for rule in full.add:
        old = changed.get(rule.value)
        kind = ProblemKind.TAG_DIFFERS if old else ProblemKind.MISSING
        was = (
            f"X has it with the tag {user_tag(old.tag, prefix)!r}" if old else "X does not have it"
        )
        problems.append(RuleProblem(kind, rule.value, was))
    problems += [
        RuleProblem(ProblemKind.UNWANTED, rule.value, f"X has it as {rule.id}, `rules` does not")
        for rule in full.delete
    ]
    kept = (*full.keep, *full.delete_first, *full.delete)
    return RulesPlan(keep=kept, foreign=full.foreign, problems=tuple(problems))
