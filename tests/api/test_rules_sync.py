from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.rules import RestClient
from tap_twitter_stream.api.rules_sync import RulesOutcome, sync_rules
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.policy.ruleset import NewRule, RulesPolicy, WantedRule
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import FakeClock, Reply, ScriptedServer
from twitter_stream_simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = parse_settings({}, require_auth=False).network
PREFIX = "tap:"
CATS, DOGS = WantedRule("cat", "cats"), WantedRule("dog", "dogs")


def client(url: str, token: str | None = None) -> RestClient:
    return RestClient(Caller(make_session(NETWORK, token), url, clock=FakeClock()))


@pytest.fixture
def rest() -> Iterator[RestClient]:
    with Simulator() as simulator:
        yield client(simulator.url, simulator.bearer_token)


def sync(rest: RestClient, *wanted: WantedRule) -> RulesOutcome:
    return sync_rules(rest, wanted, PREFIX, RulesPolicy.SYNC)


def stored(rest: RestClient) -> set[tuple[str, str]]:
    return {(rule.value, rule.tag) for rule in rest.get_rules()}


def test_first_sync_adds_everything(rest: RestClient) -> None:
    outcome = sync(rest, CATS, DOGS)
    assert stored(rest) == {("cat", "tap:cats"), ("dog", "tap:dogs")}
    assert {(row.value, row.tag, row.owned) for row in outcome.rows} == {
        ("cat", "cats", True),
        ("dog", "dogs", True),
    }
    assert outcome.active_total == 2
    assert outcome.problems == ()


def test_second_sync_changes_nothing(rest: RestClient) -> None:
    first = sync(rest, CATS)
    second = sync(rest, CATS)
    assert second.plan.empty
    assert second.rows == first.rows


def test_changed_rules_replace_the_old_ones_and_spare_all_others(rest: RestClient) -> None:
    rest.add_rules([NewRule("bird", "theirs"), NewRule("fish", "")])
    sync(rest, CATS, DOGS)
    outcome = sync(rest, WantedRule("cat", "kittens"))
    assert stored(rest) == {("cat", "tap:kittens"), ("bird", "theirs"), ("fish", "")}
    assert {row.value for row in outcome.rows if row.status == "deleted"} == {"cat", "dog"}
    assert {row.value for row in outcome.rows if not row.owned} == {"bird", "fish"}
    assert outcome.active_total == 3


def test_rule_that_x_refuses_is_reported_and_the_rest_goes_in(rest: RestClient) -> None:
    outcome = sync(rest, CATS, WantedRule("has:images", "bad"))
    assert stored(rest) == {("cat", "tap:cats")}
    (problem,) = outcome.problems
    assert problem["value"] == "has:images"


def test_value_of_another_owner_is_reported(rest: RestClient) -> None:
    rest.add_rules([NewRule("cat", "theirs")])
    outcome = sync(rest, CATS)
    assert stored(rest) == {("cat", "theirs")}
    (problem,) = outcome.problems
    assert problem["type"].endswith("/foreign-duplicate")
    assert "'theirs'" in problem["detail"]


def test_check_reports_and_changes_nothing(rest: RestClient) -> None:
    outcome = sync_rules(rest, [CATS], PREFIX, RulesPolicy.CHECK)
    assert stored(rest) == set()
    assert [problem["title"] for problem in outcome.problems] == ["Missing"]


def test_ignore_lists_what_is_there(rest: RestClient) -> None:
    rest.add_rules([NewRule("cat", "theirs")])
    outcome = sync_rules(rest, [DOGS], PREFIX, RulesPolicy.IGNORE)
    assert [(row.value, row.tag, row.owned) for row in outcome.rows] == [("cat", "theirs", False)]
    assert outcome.problems == ()


def rules(*rows: dict[str, str]) -> Reply:
    return Reply(body={"data": list(rows), "meta": {}})


def test_rule_added_by_somebody_else_meanwhile_counts_as_success() -> None:
    duplicate = {
        "value": "cat",
        "id": "9",
        "title": "DuplicateRule",
        "type": "https://api.x.com/2/problems/duplicate-rules",
    }
    refused = Reply(body={"errors": [duplicate], "meta": {"summary": {"created": 0}}})
    ours = rules({"id": "9", "value": "cat", "tag": "tap:cats"})
    with ScriptedServer(rules(), refused, ours) as server:
        outcome = sync(client(server.url), CATS)
    assert outcome.problems == ()
    assert [(row.id, row.tag, row.owned) for row in outcome.rows] == [("9", "cats", True)]


def test_additions_go_out_before_deletions() -> None:
    old = {"id": "1", "value": "dog", "tag": "tap:dogs"}
    new = {"id": "2", "value": "cat", "tag": "tap:cats"}
    with ScriptedServer(rules(old), rules(new)) as server:
        sync(client(server.url), CATS)
    bodies = [sent for _, _, sent in server.requests]
    assert b'"add"' in bodies[1]
    assert b'"delete"' in bodies[2]
