"""README says what the code does, and its commands work as written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.make_readme_tables import filled
from tap_twitter_stream.settings import parse_settings
from tap_twitter_stream.settings_schema import SETTINGS_SCHEMA
from tap_twitter_stream.simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPO = Path(__file__).parent.parent
README = (REPO / "README.md").read_text(encoding="utf-8")
# Run by the suite itself, by tests/test_demo.py and by tests/test_packaging.py.
RUN_ELSEWHERE = {"make test", "make demo", "pip install ."}


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Return every command line that the README shows."""
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Stand in for X."""
    with Simulator(Scenario(rate_per_s=200)) as running:
        yield running


def test_the_tables_are_those_of_the_code() -> None:
    assert filled(README) == README


def test_the_example_configuration_is_valid() -> None:
    (text,) = blocks("json")
    assert parse_settings(json.loads(text)).warnings == ()


def test_the_meltano_example_only_uses_settings_that_exist() -> None:
    (text,) = blocks("yaml")
    (extractor,) = yaml.safe_load(text)["plugins"]["extractors"]
    assert set(extractor["config"]) <= set(SETTINGS_SCHEMA["properties"])


def test_every_command_is_run_by_a_test() -> None:
    run_here = {
        one for one in commands() if one.startswith(("tap-twitter-stream", "twitter-stream"))
    }
    assert set(commands()) == run_here | RUN_ELSEWHERE
    assert len(run_here) == 4


def test_the_tap_commands_work_as_written(
    simulator: Simulator, tmp_path: Path, target: Callable[[str], Path]
) -> None:
    """Takes about 6 s: it types the three commands of "Use it", one after the other."""
    (text,) = blocks("json")
    config: dict[str, Any] = json.loads(text)
    config |= {
        "api_url": simulator.url,
        "bearer_token": simulator.bearer_token,
        "spool_dir": str(tmp_path / "spool"),
        "max_run_seconds": 2,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "state.json").write_text("{}")
    for command in commands():
        if command.startswith("tap-twitter-stream"):
            done = run(command, tmp_path, target("target-jsonl").parent)
            assert done.returncode == 0, done.stderr
    tweets = next(tmp_path.glob("tweets*.jsonl")).read_text().splitlines()
    assert {json.loads(line)["id"] for line in tweets} <= set(simulator.oracle.sent_ids())
    assert len(tweets) > 100


def test_the_simulator_command_works_as_written(tmp_path: Path) -> None:
    """Takes 5 s: the command asks for that."""
    (command,) = (one for one in commands() if one.startswith("twitter-stream"))
    done = run(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["url"].startswith("http://127.0.0.1:")


def run(command: str, folder: Path, *more_path: Path) -> subprocess.CompletedProcess[str]:
    """Type a command into a shell that finds the tap and the targets."""
    path = [str(Path(sys.executable).parent), *map(str, more_path), os.environ["PATH"]]
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
