from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.ruleset import (
    NewRule,
    ProblemKind,
    RulesPlan,
    RulesPolicy,
    StoredRule,
    WantedRule,
    is_owned,
    plan,
    user_tag,
    value_problems,
    value_warnings,
)

PREFIX = "tap:"
CATS = WantedRule("cat has:images", "cats")
STORED_CATS = StoredRule("1", "cat has:images", "tap:cats")


def test_missing_rule_is_added_with_the_prefix_before_its_tag() -> None:
    assert plan([CATS], [], PREFIX).add == (NewRule("cat has:images", "tap:cats"),)


def test_rule_that_is_there_is_kept() -> None:
    found = plan([CATS], [STORED_CATS], PREFIX)
    assert found.empty
    assert found.keep == (STORED_CATS,)


def test_owned_rule_nobody_wants_is_deleted_after_the_additions() -> None:
    old = StoredRule("2", "dog", "tap:dogs")
    found = plan([CATS], [old], PREFIX)
    assert (found.delete_first, found.delete) == ((), (old,))


def test_changed_tag_is_deleted_first_and_added_again() -> None:
    old = StoredRule("2", CATS.value, "tap:kittens")
    found = plan([CATS], [old], PREFIX)
    assert found.delete_first == (old,)
    assert found.add == (NewRule(CATS.value, "tap:cats"),)
    assert found.delete == ()


def test_value_of_another_owner_is_reported_and_not_added() -> None:
    other = StoredRule("3", CATS.value, "theirs")
    found = plan([CATS], [other], PREFIX)
    assert found.empty
    assert found.foreign == (other,)
    assert found.problems[0].kind is ProblemKind.FOREIGN_DUPLICATE
    assert "'theirs'" in found.problems[0].detail


def test_value_wanted_twice_is_added_once_and_reported() -> None:
    found = plan([CATS, WantedRule(CATS.value, "again")], [], PREFIX)
    assert [rule.tag for rule in found.add] == ["tap:cats"]
    assert [one.kind for one in found.problems] == [ProblemKind.WANTED_TWICE]


def test_empty_list_deletes_every_owned_rule_and_no_other() -> None:
    other = StoredRule("3", "bird", "")
    assert plan([], [STORED_CATS, other], PREFIX).delete == (STORED_CATS,)


def test_check_lists_each_difference_and_changes_nothing() -> None:
    existing = [StoredRule("1", "dog", "tap:dogs"), StoredRule("2", "bird", "tap:old")]
    found = plan([CATS, WantedRule("bird", "new")], existing, PREFIX, RulesPolicy.CHECK)
    assert found.empty
    assert {(one.kind, one.value) for one in found.problems} == {
        (ProblemKind.MISSING, CATS.value),
        (ProblemKind.TAG_DIFFERS, "bird"),
        (ProblemKind.UNWANTED, "dog"),
    }


def test_check_without_prefix_finds_equal_rules_equal() -> None:
    existing = [StoredRule("1", CATS.value, "cats")]
    assert plan([CATS], existing, "", RulesPolicy.CHECK) == RulesPlan(foreign=tuple(existing))


def test_ignore_looks_at_nothing() -> None:
    found = plan([CATS], [StoredRule("2", "dog", "tap:x")], PREFIX, RulesPolicy.IGNORE)
    assert found.empty
    assert found.problems == ()


def test_empty_prefix_owns_nothing() -> None:
    assert not is_owned("anything", "")
    assert plan([], [STORED_CATS], "").delete == ()


def test_only_our_own_tags_lose_the_prefix() -> None:
    assert user_tag("tap:cats", PREFIX) == "cats"
    assert user_tag("theirs", PREFIX) == "theirs"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("  ", "empty"),
        ("x" * 2049, "2049 characters"),
        ('say "hello', "quotation mark"),
        ("(cat OR dog", "parenthesis"),
        ("cat) (dog", "parenthesis"),
    ],
)
def test_what_x_would_refuse_is_found_before(value: str, words: str) -> None:
    assert any(words in problem for problem in value_problems(value))


@pytest.mark.parametrize("value", ["cat", '"a (b" c', '"say \\" it"', "(a OR (b -c))", "x" * 2048])
def test_what_x_would_take_is_left_alone(value: str) -> None:
    assert list(value_problems(value)) == []


def test_length_that_only_enterprise_plans_take_is_a_warning() -> None:
    assert list(value_warnings("x" * 1024)) == []
    assert list(value_warnings("x" * 1025)) != []


values = st.sampled_from(["a", "b", "c", "d", "e"])
wanted_rules = st.lists(st.builds(WantedRule, values, st.sampled_from(["", "x", "y"])))
stored_rules = st.lists(
    st.builds(
        StoredRule,
        st.integers(1, 10**18).map(str),
        values,
        st.sampled_from(["", "x", "theirs", "tap", "tap:", "tap:x", "tap:y"]),
    ),
    unique_by=lambda rule: rule.id,
)


def applied(found: RulesPlan, existing: list[StoredRule]) -> list[StoredRule]:
    gone = {rule.id for rule in (*found.delete_first, *found.delete)}
    new = [StoredRule(f"new-{n}", rule.value, rule.tag) for n, rule in enumerate(found.add)]
    return [rule for rule in existing if rule.id not in gone] + new


@given(wanted_rules, stored_rules, st.sampled_from(["", PREFIX]))
def test_rules_of_others_are_never_touched(
    desired: list[WantedRule], existing: list[StoredRule], prefix: str
) -> None:
    found = plan(desired, existing, prefix)
    assert all(is_owned(rule.tag, prefix) for rule in (*found.delete_first, *found.delete))
    assert [r for r in existing if not is_owned(r.tag, prefix)] == list(found.foreign)


@given(wanted_rules, stored_rules)
def test_after_the_plan_there_is_nothing_left_to_do(
    desired: list[WantedRule], existing: list[StoredRule]
) -> None:
    after = applied(plan(desired, existing, PREFIX), existing)
    assert plan(desired, after, PREFIX).empty


@given(wanted_rules, stored_rules)
def test_no_value_is_added_while_x_still_has_it(
    desired: list[WantedRule], existing: list[StoredRule]
) -> None:
    found = plan(desired, existing, PREFIX)
    left = {r.value for r in existing if r not in found.delete_first}
    assert not {rule.value for rule in found.add} & left
