from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from twitter_stream_simulator import Scenario, ScenarioError
from twitter_stream_simulator.scenario.step_parser import parse_step
from twitter_stream_simulator.scenario.steps import Close, Http, Send, Silence

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": 5}, "Unknown scenario key 'rate'"),
        ({"rate_per_s": "fast"}, "'rate_per_s' must be a number"),
        ({"rate_per_s": -1}, "'rate_per_s' must be a number of at least 0"),
        ({"keep_alive_s": None}, "'keep_alive_s' must be a number"),
        ({"seed": 1.5}, "'seed' must be a whole number"),
        ({"gzip": "yes"}, "'gzip' must be true or false"),
        ({"chunking": "line"}, "'chunking' must be one of message, 64k"),
        ({"after": "stop"}, "'after' must be one of steady, repeat_last"),
        ({"max_connections": 0}, "'max_connections' must be a whole number of at least 1"),
        ({"bearer_tokens": "one"}, "'bearer_tokens' must be a list"),
        ({"rules": [{"tag": "x"}]}, "A rule must be an object with 'value'"),
        ({"connections": [[]]}, "There must be a JSON object"),
        ({"connections": [{"steps": [{"do": "explode"}]}]}, "Unknown step 'explode'"),
        ({"connections": [{"endpoint": "fire"}]}, "Unknown endpoint 'fire'"),
        ({"connections": 5}, "'connections' must be a list"),
        ({"rules": "cat"}, "'rules' must be a list"),
        ({"keep_alive_s": {"sample": 0}}, "'sample' must be a number of at least 0.001"),
        ({"keep_alive_s": {"simple": 1}}, "Unknown endpoint 'simple'"),
        ({"access": "none"}, "'access' must be one of enterprise, self_serve"),
        ({"keep_alive_s": 0}, "'keep_alive_s' must be a number of at least 0.001"),
        ({"rate_per_s": float("inf")}, "'rate_per_s' must be a number"),
        ({"connections": [{"steps": [{"do": "cut"}, {"do": "send"}]}]}, "cannot be done"),
        ({"connections": [{"steps": [{"do": "send"}, {"do": "refuse"}]}]}, "the only one"),
        ({"rules": [{"value": "has:images"}]}, "The rule 'has:images' is none that X takes"),
        ({"search": {"limits": 5}}, "Unknown key 'limits' of 'search'"),
        ({"search": {"matching": "loosely"}}, "'matching' must be one of as_stream, as_x"),
        ({"search": {"limit": -1}}, "'limit' must be a whole number of at least 0"),
        ({"rest_faults": [5]}, "There must be a JSON object"),
        ([], "A scenario must be a JSON object"),
    ],
)
def test_what_does_not_fit_is_named_in_one_sentence(values: object, sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_json(values)
    assert sentence in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ("send", "must be an object"),
        ({"do": "send", "post": 3}, "Unknown key 'post' in step 'send'"),
        ({"do": "close", "seconds": 3}, "its keys are none"),
        ({"do": "send", "posts": 1.5}, "'posts' must be a whole number"),
        ({"do": "http"}, "needs a .problem., or a .status. from 200"),
        ({"do": "raw"}, "exactly one of text, hex, base64"),
        ({"do": "bad_line", "hex": "xy"}, "cannot be decoded"),
        ({"do": "disconnect", "disconnect_type": "Bored"}, "'disconnect_type' must be one of"),
        ({"do": "cut_line", "end": "bang"}, "'end' must be one of fin, rst"),
    ],
)
def test_step_that_does_not_fit_is_named_in_one_sentence(step: object, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        parse_step(step)


def test_steps_become_values() -> None:
    assert parse_step({"do": "send", "posts": 3}) == Send(posts=3)
    assert parse_step({"do": "silence"}) == Silence(None)
    assert parse_step({"do": "http", "status": 503, "body": {"a": 1}}) == Http(503, b'{"a": 1}')


def test_attempts_beyond_the_script_send_steadily_or_repeat_the_last() -> None:
    connections: list[dict[str, Any]] = [{"steps": []}, {"steps": [{"do": "close"}]}]
    steady = Scenario(connections=connections)
    again = Scenario(connections=connections, after="repeat_last")
    assert [steady.script("sample", n) for n in range(3)] == [(), (Close(),), ()]
    assert again.script("sample", 9) == (Close(),)


def test_scenario_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"rate_per_s": "max", "limit_posts": 3}), encoding="utf-8")
    assert Scenario.load(path) == Scenario(rate_per_s="max", limit_posts=3)


def test_broken_scenario_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario\.json cannot be read"):
        Scenario.load(path)
