"""Whether a post matches a rule: the tree of a rule and the facts of a post in, yes or no out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twitter_stream_simulator.rules.language import Clause, Every
from twitter_stream_simulator.rules.operators import OPERATORS
from twitter_stream_simulator.rules.tokens import contains_near, tokens

if TYPE_CHECKING:
    from twitter_stream_simulator.rules.language import Node
    from twitter_stream_simulator.rules.post_facts import Facts


def matches(node: Node, facts: Facts) -> bool:
    """Say whether a post matches a rule or query."""
    if isinstance(node, Clause):
        return _matches_clause(node, facts) is not node.negated
    combine = all if isinstance(node, Every) else any
    return combine(matches(part, facts) for part in node.parts)


def _matches_clause(clause: Clause, facts: Facts) -> bool:
    """Match one clause, leaving its dash aside."""
    if clause.slop is not None:
        phrase = tokens(clause.value, fold=facts.fold)
        return any(contains_near(one.text, phrase, clause.slop) for one in facts.contents)
    return OPERATORS[clause.operator].matches(facts, clause.value)
