"""The language of X's rules and search queries: a text in, a tree of clauses or its refusal out.

A space means AND and binds tighter than ``OR``; a dash negates one clause, never a group.
https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from twitter_stream_simulator.rules.operators import ALIASES, OPERATORS, RuleError

# Nobody writes that many parentheses into each other; each costs frames of the parser's stack.
DEEPEST = 64
MAX_SLOP = 6
_TOKEN = re.compile(
    r"""\s* (?: (?P<paren> [()])
              | (?P<clause> -?(?:[A-Za-z_]+:)?(?:"(?:[^"\\]|\\.)*"(?:~\d+)?|\[[^\]]*\])
                          | [^\s()"]+ ) )""",
    re.VERBOSE,
)
_NAMED = re.compile(r"(?P<name>[A-Za-z_]+):(?!//)(?P<value>.*)", re.DOTALL)
_QUOTED = re.compile(r'"(?P<text>.*)"(?:~(?P<slop>\d+))?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Clause:
    """One operator and its value; words and phrases are of the operator ``keyword``.

    ``slop`` is the number behind ``~``: how many other words may stand between those of a phrase.
    """

    operator: str
    value: str
    negated: bool = False
    slop: int | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """What must match in all its parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """What must match in one of its parts."""

    parts: tuple[Node, ...]


Node: TypeAlias = Clause | Every | Some


@lru_cache(maxsize=4096)
def parse_rule(text: str, *, search: bool = False) -> Node:
    """Return the tree of a rule, or of a query of recent search.

    Raises:
        RuleError: X would refuse it, or the simulator lacks one of its operators.
    """
    node = _Parser(text, search=search).whole()
    if not _is_anchored(node):
        message = "Rules must contain at least one positive, non-stopword clause"
        raise RuleError(message)
    return node


def clauses(node: Node) -> tuple[Clause, ...]:
    """Return every clause of a tree, from left to right."""
    if isinstance(node, Clause):
        return (node,)
    return tuple(clause for part in node.parts for clause in clauses(part))


def _is_anchored(node: Node) -> bool:
    """Say whether each way to match needs a positive clause that may stand alone."""
    if isinstance(node, Some):
        return all(map(_is_anchored, node.parts))
    if isinstance(node, Every):
        return any(map(_is_anchored, node.parts))
    return not node.negated and OPERATORS[node.operator].may_stand_alone


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, *, search: bool) -> None:
        self._text = text
        self._search = search
        self._tokens = _tokens_of(text)
        self._next = 0

    def whole(self) -> Node:
        """Read a whole rule."""
        node = self._either(0)
        if self._peek() is not None:
            raise self._stuck()
        return node

    def _either(self, depth: int) -> Node:
        """Read parts with ``OR`` between them."""
        if depth > DEEPEST:
            message = f"Rules must not nest deeper than {DEEPEST} groups"
            raise RuleError(message)
        parts = [self._every(depth)]
        while self._peek() == "OR":
            self._next += 1
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Node:
        """Read parts with a space between them."""
        parts: list[Node] = []
        while (token := self._peek()) not in {None, ")", "OR"}:
            self._next += 1
            parts.append(self._group(depth) if token == "(" else self._clause(str(token)))
        if not parts:
            raise self._stuck()
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _group(self, depth: int) -> Node:
        """Read what follows an opening parenthesis."""
        node = self._either(depth + 1)
        if self._peek() != ")":
            raise self._stuck()
        self._next += 1
        return node

    def _clause(self, token: str) -> Clause:
        """Read one operator."""
        if token.lower() in {"and", "or"}:
            message = (
                f"Ambiguous use of {token.lower()} as a keyword. Use a space to join two clauses"
                f' with AND, OR to join them with OR, or "{token.lower()}" for the word'
                f" (at position {self._position(self._next - 1)})"
            )
            raise RuleError(message)
        negated = token.startswith("-")
        if token == "-":
            message = "Negation is not supported for groups: negate each of their clauses"
            raise RuleError(message)
        clause = _plain_clause(token[negated:], negated=negated)
        OPERATORS[clause.operator].check(
            clause.operator, clause.value, negated=negated, search=self._search
        )
        return clause

    def _peek(self) -> str | None:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else None

    def _position(self, index: int) -> int:
        return self._tokens[index][1] + 1 if index < len(self._tokens) else len(self._text) + 1

    def _stuck(self) -> RuleError:
        """Return the refusal of a token that has no business here."""
        shown = self._peek() or "<EOF>"
        return RuleError(
            f"no viable alternative at input '{shown}' (at position {self._position(self._next)})"
        )


def _tokens_of(text: str) -> list[tuple[str, int]]:
    """Cut a text into parentheses and clauses, each with its place."""
    found: list[tuple[str, int]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:  # Only a quotation mark that is never closed.
            message = f"token recognition error at: '{text[at:].strip()}' (at position {at + 1})"
            raise RuleError(message)
        found.append((match[match.lastgroup or 0], match.start(match.lastgroup or 0)))
        at = match.end()
    return found


def _plain_clause(token: str, *, negated: bool) -> Clause:
    """Read a clause without its dash."""
    if token[0] in "#@$" and len(token) > 1:
        return Clause(token[0], token[1:], negated)
    named = _NAMED.fullmatch(token)
    operator = named["name"].lower() if named else "keyword"
    value, slop = _unquoted(named["value"] if named else token)
    if slop is not None and (named or not 1 <= slop <= MAX_SLOP):
        message = f"The proximity of a phrase must lie between 1 and {MAX_SLOP}"
        raise RuleError(message)
    operator = ALIASES.get(operator, operator)
    if operator not in OPERATORS:
        message = (
            f"Reference to invalid operator '{operator}'. Operator is not available in current"
            " product or product packaging"
        )
        raise RuleError(message)
    return Clause(operator, ALIASES.get(f"{operator}:{value.lower()}", value), negated, slop)


def _unquoted(value: str) -> tuple[str, int | None]:
    """Return a value without quotation marks, and the number behind its ``~``."""
    quoted = _QUOTED.fullmatch(value)
    if quoted is None:
        return value, None
    slop = None if quoted["slop"] is None else int(quoted["slop"])
    return re.sub(r"\\(.)", r"\1", quoted["text"]), slop
