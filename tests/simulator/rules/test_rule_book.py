from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.reader import RULES, call
from twitter_stream_simulator import Scenario, Simulator


def add(sim: Simulator, *values: str | dict[str, str], **query: str) -> tuple[int, Any]:
    entries = [{"value": v} if isinstance(v, str) else v for v in values]
    status, body, _ = call(sim, RULES, {"add": entries}, **query)
    return status, body


def stored(sim: Simulator) -> list[str]:
    return [rule.value for rule in sim.rules.all]


def test_added_rules_are_listed_with_ids_and_tags() -> None:
    with Simulator() as sim:
        status, body = add(sim, {"value": "cat", "tag": "cats"}, "dog")
        assert status == 201
        assert body["meta"]["summary"] == {
            "created": 2, "not_created": 0, "valid": 2, "invalid": 0,
        }  # fmt: skip
        _, listed, _ = call(sim, RULES)
        assert listed["data"] == body["data"]
        assert [rule.get("tag") for rule in listed["data"]] == ["cats", None]
        assert listed["meta"]["result_count"] == 2


def test_empty_rule_set_is_listed_without_data() -> None:
    with Simulator() as sim:
        _, listed, _ = call(sim, RULES)
        assert listed.keys() == {"meta"}


def test_good_rules_are_stored_although_others_are_refused() -> None:
    with Simulator() as sim:
        sim.rules.add("cat")
        _, body = add(sim, "cat", "dog", "has:images", '"open', "")
        assert stored(sim) == ["cat", "dog"]
        assert body["meta"]["summary"] == {
            "created": 1, "not_created": 4, "valid": 1, "invalid": 3,
        }  # fmt: skip
        slugs = [error["type"].rsplit("/", 1)[1] for error in body["errors"]]
        assert slugs == ["duplicate-rules"] + ["invalid-rules"] * 3
        assert body["errors"][0]["id"] == sim.rules.all[0].id


def test_dry_run_changes_nothing() -> None:
    with Simulator(Scenario(rules=[{"value": "cat"}])) as sim:
        assert add(sim, "dog", dry_run="true")[1]["meta"]["summary"]["created"] == 1
        call(sim, RULES, {"delete": {"values": ["cat"]}}, dry_run="true")
        call(sim, RULES, {}, delete_all="true", dry_run="true")
        assert stored(sim) == ["cat"]


def test_rules_are_deleted_by_id_by_value_or_all() -> None:
    with Simulator(Scenario(rules=[{"value": v} for v in ("a", "b", "c", "d")])) as sim:
        call(sim, RULES, {"delete": {"ids": [sim.rules.all[0].id]}})
        _, body, _ = call(sim, RULES, {"delete": {"values": ["b", "nothing"]}})
        assert stored(sim) == ["c", "d"]
        assert body["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}
        call(sim, RULES, {}, delete_all="true")
        assert stored(sim) == []


def test_a_deleted_rule_comes_back_with_a_new_id() -> None:
    with Simulator(Scenario(rules=[{"value": "cat"}])) as sim:
        old = sim.rules.all[0].id
        call(sim, RULES, {"delete": {"ids": [old]}})
        assert add(sim, "cat")[1]["data"][0]["id"] != old


def test_listing_goes_page_by_page() -> None:
    with Simulator(Scenario(rules=[{"value": f"word{n}"} for n in range(5)])) as sim:
        pages: list[list[str]] = []
        token = None
        while True:
            query: dict[str, str] = {"pagination_token": token} if token else {}
            _, body, _ = call(sim, RULES, max_results="2", **query)
            pages.append([rule["value"] for rule in body["data"]])
            token = body["meta"].get("next_token")
            if token is None:
                break
            assert len(token) == 16
        assert pages == [["word0", "word1"], ["word2", "word3"], ["word4"]]


def test_listing_can_be_narrowed_to_ids() -> None:
    with Simulator(Scenario(rules=[{"value": "a"}, {"value": "b"}])) as sim:
        _, body, _ = call(sim, RULES, ids=sim.rules.all[1].id)
        assert [rule["value"] for rule in body["data"]] == ["b"]


def test_more_rules_than_the_cap_are_refused() -> None:
    with Simulator(Scenario(rules_cap=2, rules=[{"value": "a"}])) as sim:
        status, body = add(sim, "b", "c")
        assert (status, stored(sim)) == (422, ["a"])
        assert body["type"].endswith("/rule-cap")


def test_counts_show_total_and_cap() -> None:
    with Simulator(Scenario(rules_cap=7, rules=[{"value": "a"}])) as sim:
        _, body, _ = call(sim, f"{RULES}/counts")
        assert body["data"]["cap_per_client_app"] == "7"
        assert body["data"]["project_rules_count"] == "1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"add": []},
        {"add": [{"value": "a"}], "delete": {}},
        {"delete": {"ids": "1"}},
        {"delete": {"values": [["a"]]}},
        {"delete": {"tags": ["a"]}},
    ],
)
def test_a_change_must_be_exactly_one_thing(body: dict[str, Any]) -> None:
    with Simulator() as sim:
        assert call(sim, RULES, body)[0] == 400
