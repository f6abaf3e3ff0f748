from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.api import rules as module
from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.rules import RestClient
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.policy.ruleset import NewRule, StoredRule
from tap_twitter_stream.settings.parse import parse_settings
from tests.fakes import FakeClock, Reply, ScriptedServer
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = parse_settings({}, require_auth=False).network
CATS = NewRule("cat has:images", "tap:cats")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Scenario(rules_cap=5)) as running:
        yield running


def client(url: str, token: str | None = None) -> RestClient:
    return RestClient(Caller(make_session(NETWORK, token), url, clock=FakeClock()))


@pytest.fixture
def rest(simulator: Simulator) -> RestClient:
    return client(simulator.url, simulator.bearer_token)


def test_app_without_rules_has_none(rest: RestClient) -> None:
    assert rest.get_rules() == []


def test_added_rule_comes_back_with_its_id(rest: RestClient) -> None:
    answer = rest.add_rules([CATS, NewRule("dog", "")])
    assert [(rule.value, rule.tag) for rule in answer.rules] == [
        (CATS.value, CATS.tag),
        ("dog", ""),
    ]
    assert answer.problems == ()
    assert sorted(rest.get_rules(), key=lambda rule: rule.id) == sorted(
        answer.rules, key=lambda rule: rule.id
    )


def test_deleted_rule_is_gone_and_others_stay(rest: RestClient) -> None:
    cats, dogs = rest.add_rules([CATS, NewRule("dog", "")]).rules
    assert rest.delete_rules([cats.id]).deleted_total == 1
    assert rest.get_rules() == [dogs]


def test_value_that_x_has_comes_back_as_a_problem_with_its_id(rest: RestClient) -> None:
    (cats,) = rest.add_rules([CATS]).rules
    answer = rest.add_rules([CATS, NewRule("dog", "")])
    assert [rule.value for rule in answer.rules] == ["dog"]
    assert [problem["id"] for problem in answer.problems] == [cats.id]


def test_rule_that_x_refuses_comes_back_as_a_problem(rest: RestClient) -> None:
    answer = rest.add_rules([NewRule("has:images", "")])
    assert answer.rules == ()
    assert len(answer.problems) == 1


def test_dry_run_stores_nothing(rest: RestClient) -> None:
    assert rest.validate([CATS]).problems == ()
    assert rest.get_rules() == []


def test_nothing_to_do_asks_nothing() -> None:
    with ScriptedServer(Reply(500)) as server:
        assert client(server.url).add_rules([]).rules == ()
        assert client(server.url).delete_rules([]).deleted_total == 0
    assert server.requests == []


def page(*ids: str, token: str | None = None) -> Reply:
    meta = {"next_token": token} if token else {}
    return Reply(body={"data": [{"id": one, "value": f"v{one}"} for one in ids], "meta": meta})


def test_every_page_is_read() -> None:
    with ScriptedServer(page("1", "2", token="t" * 16), page("3")) as server:
        assert [rule.id for rule in client(server.url).get_rules()] == ["1", "2", "3"]
    assert [f"pagination_token={'t' * 16}" in asked for asked, _, _ in server.requests] == [
        False,
        True,
    ]


def test_server_that_repeats_its_page_token_does_not_hold_us() -> None:
    with ScriptedServer(page("1", token="t" * 16)) as server:
        assert [rule.id for rule in client(server.url).get_rules()] == ["1"]
    assert len(server.requests) == 2


def test_odd_rows_are_read_leniently() -> None:
    rows = [{"id": 7, "value": "x", "tag": None}, {"value": "no id"}, "text", {"id": "8"}]
    with ScriptedServer(Reply(body={"data": rows, "meta": "odd"})) as server:
        found = client(server.url).get_rules()
    assert found == [StoredRule("7", "x"), StoredRule("8", "")]


def test_large_sets_go_out_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_RULES", 2)
    with ScriptedServer(Reply(body={"meta": {"summary": {"deleted": 2}}})) as server:
        assert client(server.url).delete_rules(["1", "2", "3"]).deleted_total == 4
    bodies = [json.loads(sent) for _, _, sent in server.requests]
    assert bodies == [{"delete": {"ids": ["1", "2"]}}, {"delete": {"ids": ["3"]}}]


def test_judgement_of_each_rule_sent_as_an_error_is_still_an_answer() -> None:
    body = {"errors": [{"value": "x", "title": "RulesCapExceeded"}], "meta": {"summary": {}}}
    with ScriptedServer(Reply(422, body)) as server:
        assert client(server.url).add_rules([NewRule("x", "")]).problems == (body["errors"][0],)  # type: ignore[index]  # a list here
