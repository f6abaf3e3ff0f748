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
from tap_twitter_stream.errors import SettingsError
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text(encoding="utf-8")
# Run by the suite itself, by tests/docs/test_demo.py and by tests/repository/test_packaging.py.
RUN_ELSEWHERE = {"make test", "make demo"}


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Return every command line that the README shows."""
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


INSTALL = [one for one in commands() if "venv" in one or one.startswith("export ")]
USE = [one for one in commands() if one.startswith(("tap-twitter-stream", "tail "))]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Stand in for X."""
    with Simulator(Scenario(rate_per_s=200)) as running:
        yield running


def test_the_tables_are_those_of_the_code() -> None:
    assert filled(README) == README


def test_the_example_configuration_is_valid() -> None:
    (text,) = blocks("json")
    config = json.loads(text)
    with pytest.raises(SettingsError, match="put your own"):
        parse_settings(config)
    assert parse_settings({**config, "bearer_token": "AAAA"}).warnings == ()


def test_the_meltano_example_only_uses_settings_that_exist() -> None:
    (text,) = blocks("yaml")
    (extractor,) = yaml.safe_load(text)["plugins"]["extractors"]
    assert set(extractor["config"]) <= set(SETTINGS_SCHEMA["properties"])


def test_every_command_is_run_by_a_test() -> None:
    (simulate,) = (one for one in commands() if one.startswith("twitter-stream"))
    assert set(commands()) == {*INSTALL, *USE, simulate} | RUN_ELSEWHERE


def test_the_way_from_installing_to_the_second_run_works_as_written(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Takes about a minute: it installs the tap and a target, and runs the tap three times."""
    (text,) = blocks("json")
    config: dict[str, Any] = json.loads(text)
    config |= {
        "api_url": simulator.url,
        "bearer_token": simulator.bearer_token,
        "max_run_seconds": 2,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    steps = [f"cd {REPO}", *INSTALL, f"cd {tmp_path}", *USE]
    done = run("set -e\n" + "\n".join(steps), tmp_path)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "singer/spool").iterdir())
    tweets = next(tmp_path.glob("tweets*.jsonl")).read_text().splitlines()
    found = [json.loads(line)["id"] for line in tweets]
    assert set(found) <= set(simulator.oracle.sent_ids())
    assert len(found) == len(set(found)) > 100


def test_the_simulator_command_works_as_written(tmp_path: Path) -> None:
    """Takes 5 s: the command asks for that."""
    (command,) = (one for one in commands() if one.startswith("twitter-stream"))
    done = run(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["url"].startswith("http://127.0.0.1:")


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type commands into a shell of a user whose home is the folder."""
    path = [str(Path(sys.executable).parent), os.environ["PATH"]]
    places = {"PIP_CONFIG_FILE": ".config/pip/pip.conf", "PIP_CACHE_DIR": ".cache/pip"}
    known = {
        name: str(Path.home() / place)
        for name, place in places.items()
        if (Path.home() / place).exists()
    }
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**known, **os.environ, "HOME": str(folder), "PATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
