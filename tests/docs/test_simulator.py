"""What docs/reference/simulator.md shows can be used as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import page
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, read_oracle
from twitter_stream_simulator.rules.language import parse_rule
from twitter_stream_simulator.rules.operators import OPERATORS, RuleError
from twitter_stream_simulator.scenario.answers import PROBLEMS
from twitter_stream_simulator.scenario.rest_faults import REST_NAMES
from twitter_stream_simulator.scenario.step_parser import parse_step

PAGE = page("reference/simulator.md")
ARGUMENTS: dict[str, dict[str, object]] = {
    "bad_line": {"text": "x"},
    "raw": {"text": "x"},
    "disconnect": {"disconnect_type": "OperationalDisconnect"},
    "http": {"status": 503},
    "send": {"posts": 1},
    "idle": {"seconds": 1},
    "drip": {"posts": 1},
    "duplicate": {"posts": 1},
}


def block(language: str, holding: str = "") -> str:
    """Return the one block in a language that holds a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (text,) = (one for one in blocks if holding in one)
    return str(text)


def test_every_step_of_the_table_exists() -> None:
    steps = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert len(steps) == 20
    for step in steps:
        parse_step({"do": step, **ARGUMENTS.get(step, {})})


def test_every_fault_of_the_table_can_be_scripted() -> None:
    rows = re.findall(r"^\| [^`|]+ \| (.*) \|$", PAGE, re.MULTILINE)
    scripts = [re.findall(r"\{\"do\": .*?\}+(?=[`,])", row) for row in rows if '"do"' in row]
    assert len(scripts) == 12
    for script in scripts:
        for step in script:
            parse_step(json.loads(step))


def test_every_problem_is_named() -> None:
    for problem in PROBLEMS:
        assert f"`{problem}`" in PAGE


def test_the_scenario_loads_and_the_command_runs(tmp_path: Path) -> None:
    scenario = json.loads(block("json", "connections"))
    assert Scenario.from_json(scenario).rules == scenario["rules"]
    (tmp_path / "outage.json").write_text(json.dumps(scenario))
    command = block("console").removeprefix("$ ").strip().replace("60", "0.5")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "twitter-stream"), *command.split()[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "url" in json.loads(done.stdout.splitlines()[0])
    assert read_oracle(tmp_path / "oracle.jsonl").all_ids() == []


def test_faults_of_single_calls_load_and_every_endpoint_of_them_is_named() -> None:
    Scenario.from_json(json.loads(block("json", "rest_faults")))
    for name in REST_NAMES:
        assert f"`{name}`" in PAGE


def test_every_operator_is_named_and_what_is_lacking_is_refused() -> None:
    for name in OPERATORS.keys() - {"keyword", "is", "has", "#", "$", "@"}:
        assert f"`{name}:`" in PAGE
    lacking = re.findall(r"`(\w+):`", PAGE.partition("that the simulator lacks:")[2][:200])
    assert len(lacking) == 5
    for name in lacking:
        with pytest.raises(RuleError, match="not available"):
            parse_rule(f"{name}:x")


def test_the_python_example_runs() -> None:
    exec(compile(block("python"), "docs/reference/simulator.md", "exec"), {})  # noqa: S102 - our own page
