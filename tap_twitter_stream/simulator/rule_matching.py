"""Whether a post matches a rule: the tree of a rule and the facts of a post in, yes or no out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.simulator.rule_language import Clause, Every
from tap_twitter_stream.simulator.rule_operators import OPERATORS
from tap_twitter_stream.simulator.tokens import contains_near, tokens

if TYPE_CHECKING:
    from tap_twitter_stream.simulator.post_facts import Facts
    from tap_twitter_stream.simulator.rule_language import Node


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
