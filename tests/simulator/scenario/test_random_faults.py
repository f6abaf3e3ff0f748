from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tap_twitter_stream.cli.simulate import simulate
from tests.cli.test_simulate import running
from tests.simulator.reader import connect, read_reply
from twitter_stream_simulator import Scenario, ScenarioError, Simulator, read_oracle
from twitter_stream_simulator.scenario.random_faults import KINDS, RandomFaults
from twitter_stream_simulator.scenario.steps import Cut, Http, Refuse, Send, Silence

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "simulator.md"
ATTEMPTS = 200


def test_the_same_seed_draws_the_same_faults_and_another_one_does_not() -> None:
    one, same, other = RandomFaults(5), RandomFaults(5), RandomFaults(6)
    scripts = [one.script("firehose/3", attempt) for attempt in range(20)]
    assert scripts == [same.script("firehose/3", attempt) for attempt in range(20)]
    assert scripts != [other.script("firehose/3", attempt) for attempt in range(20)]


def test_partitions_fail_independently() -> None:
    faults = RandomFaults(5, kinds=("cut",))
    assert len({faults.script(f"firehose/{number}", 0) for number in range(20)}) == 20


def test_every_kind_is_drawn() -> None:
    for kind in KINDS:
        scripts = [RandomFaults(1, kinds=(kind,)).script("sample/0", n) for n in range(10)]
        assert any(set(map(type, script)) - {Send} for script in scripts), kind
        assert f"`{kind}`" in DOCS.read_text(encoding="utf-8")


def test_no_two_connects_in_a_row_are_refused() -> None:
    faults = RandomFaults(1, kinds=("refuse", "http_429", "cut"))
    refused = [isinstance(faults.script("sample/0", n)[0], (Http, Refuse)) for n in range(ATTEMPTS)]
    assert any(refused)
    assert not any(one and next_ for one, next_ in pairwise(refused))


def test_faults_come_as_often_as_asked_for_on_an_endpoint_with_many_partitions() -> None:
    scenario = Scenario(random_faults={"seed": 2, "every_s": 36, "kinds": ["cut"]})
    for endpoint, partitions in (("sample", [None]), ("firehose", list(range(1, 21)))):
        lasted_s = [
            step.seconds or 0
            for partition in partitions
            for attempt in range(ATTEMPTS)
            for step in scenario.script(endpoint, attempt, partition)
            if isinstance(step, Send)
        ]
        mean_s = sum(lasted_s) / len(lasted_s) / len(partitions)
        assert 0.7 * 36 < mean_s < 1.3 * 36
        assert min(lasted_s) >= 9 * len(partitions)


def test_some_recoveries_are_cut_short_and_the_next_one_is_not() -> None:
    faults = RandomFaults(1)
    scripts = [faults.recovery("sample10/1", attempt) for attempt in range(6)]
    assert [bool(script) for script in scripts] == [True, False, False] * 2
    assert not any(isinstance(step, Silence) for script in scripts for step in script)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "needs a whole number as 'seed'"),
        ({"seed": 1, "often": 2}, "Unknown key 'often'"),
        ({"seed": 1, "kinds": ["flood"]}, "Unknown kind 'flood'"),
        ({"seed": 1, "kinds": "cut"}, "'kinds' must be a list"),
        ({"seed": 1, "every_s": 20}, "'every_s' of 'random_faults' must be at least 36"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Scenario(random_faults=values)


def test_the_script_of_a_scenario_comes_first() -> None:
    scenario = Scenario(connections=[{"steps": [{"do": "cut"}]}], random_faults={"seed": 1})
    assert scenario.script("sample", 0) == (Cut(),)
    assert scenario.script("sample", 1)


def test_a_reader_that_comes_back_meets_loss_and_the_oracle_tells_what_was_drawn(
    tmp_path: Path,
) -> None:
    path = tmp_path / "oracle.jsonl"
    kinds = ["cut", "cut_line", "rst", "close", "refuse", "disconnect"]
    faults = {"seed": 3, "every_s": 0.05, "kinds": kinds}
    scenario = Scenario(rate_per_s=500, random_faults=faults, connect_limit=None)
    got: list[str] = []
    with Simulator(scenario, oracle_path=path) as sim:
        statuses: Counter[int] = Counter()
        for _ in range(20):
            reply = read_reply(connect(sim))
            statuses[reply.status] += 1
            got += reply.ids
        assert sim.oracle.sent_ids() == got
        assert sim.oracle.lost_ids()
        assert statuses[200] > 10
        assert statuses.total() > statuses[200]
    drawn = read_oracle(path).of_kind("script")
    assert [entry["attempt"] for entry in drawn] == list(range(20))


def test_the_command_prints_its_seed() -> None:
    with running("--random-faults", "77") as (_, facts):
        assert facts["random_faults_seed"] == 77
    assert "whole number" in CliRunner().invoke(simulate, ["--random-faults", "x"]).output
    done = CliRunner().invoke(simulate, ["--max-seconds", "0.01", "--random-faults"])
    assert '"random_faults_seed": ' in done.output
