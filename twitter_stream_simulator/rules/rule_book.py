"""The app's stream rules, kept as X keeps them: requests in, bodies and status codes out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.rules.language import parse_rule
from twitter_stream_simulator.rules.operators import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twitter_stream_simulator.rules.language import Node

FIRST_RULE_ID = 1_989_000_000_000_000_001
MAX_VALUE_CHARS = {"self_serve": 1024, "enterprise": 2048}
PROBLEMS = "https://api.twitter.com/2/problems/"


@dataclass(frozen=True, slots=True)
class Rule:
    """One stored rule; ``tag`` is ``None`` if none was given."""

    id: str
    value: str
    tag: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the rule as the rules endpoint shows it."""
        shown = {"id": self.id, "value": self.value}
        return shown if self.tag is None else {**shown, "tag": self.tag}

    @property
    def tree(self) -> Node:
        """What it asks for.

        Raises:
            RuleError: It is no rule.
        """
        return parse_rule(self.value)


class RuleBook:
    """All rules of the simulated app; safe to use from several threads."""

    def __init__(self, cap: int, sent: Callable[[], str], access: str = "enterprise") -> None:
        self._cap = cap
        self._max_chars = MAX_VALUE_CHARS[access]
        self._sent = sent
        self._lock = threading.RLock()
        self._rules: dict[str, Rule] = {}
        self._next_id = FIRST_RULE_ID
        self.version = 0

    def __len__(self) -> int:
        """Return how many rules are stored."""
        return len(self._rules)

    @property
    def all(self) -> tuple[Rule, ...]:
        """The stored rules, oldest first."""
        with self._lock:
            return tuple(self._rules.values())

    def add(self, value: str, tag: str | None = None) -> Rule:
        """Store one rule directly, for tests and the command line.

        Raises:
            RuleError: X would refuse it.
        """
        parse_rule(value)
        with self._lock:
            rule = self._new(value, tag)
            self._store(rule)
            return rule

    def create(self, wanted: Iterable[Any], *, dry_run: bool) -> tuple[int, dict[str, Any]]:
        """Answer ``{"add": [...]}``: what is good is stored even if other entries are not."""
        created: list[Rule] = []
        errors: list[dict[str, Any]] = []
        invalid = 0
        entries = list(wanted)
        with self._lock:
            if len(self._rules) + len(entries) > self._cap:
                return 422, _cap_problem(self._cap)
            for entry in entries:
                problem = _invalid(entry, self._max_chars)
                existing = None if problem else self._find(entry["value"], created)
                if problem:
                    invalid += 1
                    errors.append(problem)
                elif existing:
                    errors.append(_duplicate(existing))
                else:
                    created.append(self._new(entry["value"], entry.get("tag")))
                    if not dry_run:
                        self._store(created[-1])
        summary = {
            "created": len(created),
            "not_created": len(errors),
            "valid": len(created),
            "invalid": invalid,
        }
        return self._body(created, errors, summary)

    def delete(self, wanted: dict[str, Any], *, dry_run: bool) -> tuple[int, dict[str, Any]]:
        """Answer ``{"delete": {"ids": [...], "values": [...]}}``."""
        errors: list[dict[str, Any]] = []
        found: dict[str, Rule] = {}
        with self._lock:
            by_value = {rule.value: rule for rule in self._rules.values()}
            named = [("id", str(i), self._rules.get(str(i))) for i in wanted.get("ids", [])]
            named += [("value", v, by_value.get(v)) for v in wanted.get("values", [])]
            for parameter, name, rule in named:
                if rule is None:
                    errors.append(_not_found(parameter, name))
                else:
                    found[rule.id] = rule
            if not dry_run:
                self._drop(found)
        return self._deleted(len(found), errors)

    def delete_all(self, *, dry_run: bool) -> tuple[int, dict[str, Any]]:
        """Answer ``?delete_all=true``."""
        with self._lock:
            total = len(self._rules)
            if not dry_run:
                self._drop(dict(self._rules))
        return self._deleted(total, [])

    def page(
        self, ids: list[str] | None, max_results: int, offset: int
    ) -> tuple[dict[str, Any], bool]:
        """Return one page of rules and whether more follow; an empty page has no ``data``."""
        rules = [rule for rule in self.all if ids is None or rule.id in ids]
        shown = [rule.as_json() for rule in rules[offset : offset + max_results]]
        body: dict[str, Any] = {"data": shown} if shown else {}
        body["meta"] = {"sent": self._sent(), "result_count": len(shown)}
        return body, offset + max_results < len(rules)

    def _new(self, value: str, tag: str | None) -> Rule:
        rule = Rule(str(self._next_id), value, tag)
        self._next_id += 1
        return rule

    def _store(self, rule: Rule) -> None:
        self._rules[rule.id] = rule
        self.version += 1

    def _drop(self, doomed: dict[str, Rule]) -> None:
        self._rules = {i: rule for i, rule in self._rules.items() if i not in doomed}
        self.version += 1

    def _find(self, value: str, created: list[Rule]) -> Rule | None:
        """Return the rule of that value among the stored and the just created ones."""
        known = (*self._rules.values(), *created)
        return next((rule for rule in known if rule.value == value), None)

    def _body(
        self, created: list[Rule], errors: list[dict[str, Any]], summary: dict[str, int]
    ) -> tuple[int, dict[str, Any]]:
        body: dict[str, Any] = {"data": [rule.as_json() for rule in created]} if created else {}
        body["meta"] = {"sent": self._sent(), "summary": summary}
        if errors:
            body["errors"] = errors
        return 201 if created else 200, body

    def _deleted(self, total: int, errors: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        summary = {"deleted": total, "not_deleted": len(errors)}
        body: dict[str, Any] = {"meta": {"sent": self._sent(), "summary": summary}}
        return 200, {**body, "errors": errors} if errors else body


def _invalid(entry: Any, max_chars: int) -> dict[str, Any] | None:  # noqa: ANN401 - decoded JSON
    """Return the problem of an entry that is no rule."""
    value = entry.get("value") if isinstance(entry, dict) else None
    tag = entry.get("tag", "") if isinstance(entry, dict) else ""
    detail = ""
    if not isinstance(value, str) or not value.strip():
        detail = "Rules must have a value"
    elif len(value) > max_chars:
        detail = f"Rules must be at most {max_chars} characters long"
    elif not isinstance(tag, str) or not _is_unicode(value + tag):
        detail = "Rules must be made of valid characters"
    else:
        detail = _why_no_rule(value)
    if not detail:
        return None
    return {
        "value": value if isinstance(value, str) else "",
        "details": [detail],
        "title": "UnprocessableEntity",
        "type": f"{PROBLEMS}invalid-rules",
    }


def _why_no_rule(value: str) -> str:
    """Return what is wrong with the text of a rule, ``""`` if nothing is."""
    try:
        parse_rule(value)
    except RuleError as error:
        return str(error)
    return ""


def _is_unicode(text: str) -> bool:
    """Say whether a text has no unpaired surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _duplicate(rule: Rule) -> dict[str, Any]:
    return {
        "value": rule.value,
        "id": rule.id,
        "title": "DuplicateRule",
        "type": f"{PROBLEMS}duplicate-rules",
    }


def _not_found(parameter: str, name: str) -> dict[str, Any]:
    return {
        "errors": [{"parameters": {parameter: [name]}, "message": "Rule does not exist"}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{PROBLEMS}invalid-request",
    }


def _cap_problem(cap: int) -> dict[str, Any]:
    return {
        "title": "RulesCapExceeded",
        "detail": f"Rule capacity exceeded, the limit is {cap} rules.",
        "type": f"{PROBLEMS}rule-cap",
    }
