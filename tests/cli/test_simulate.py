"""The command runs in a process of its own, as scripts and people use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_twitter_stream.cli.simulate import simulate
from tests.limits import HANG_S
from twitter_stream_simulator import read_oracle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-c", "from tap_twitter_stream.cli.simulate import simulate; simulate()")


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def get(facts: dict[str, Any], path: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {facts['bearer_token']}"}
    request = urllib.request.Request(facts["url"] + path, headers=headers)
    with urllib.request.urlopen(request, timeout=HANG_S) as answer:
        body: dict[str, Any] = json.load(answer)
        return body


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_announces_itself_and_ends_cleanly_on_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    path = tmp_path / "oracle.jsonl"
    with running("--oracle", str(path), "--rule", "fog|weather", "--rule", "tea") as (
        process,
        facts,
    ):
        signing = {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}
        assert facts.keys() == {"url", "bearer_token"} | signing
        rules = get(facts, "/2/tweets/search/stream/rules")["data"]
        assert [(r["value"], r.get("tag")) for r in rules] == [("fog", "weather"), ("tea", None)]
        process.send_signal(number)
        out, err = process.communicate(timeout=HANG_S)
        assert (process.returncode, out) == (0, "")
        assert facts["url"] in err
    assert len(read_oracle(path).of_kind("summary")) == 1


def test_it_ends_by_itself_after_max_seconds() -> None:
    with running("--max-seconds", "0.1") as (process, _):
        assert process.wait(timeout=HANG_S) == 0


def test_it_ends_when_its_stop_page_is_called() -> None:
    with running() as (process, facts):
        get(facts, "/simulator/stop")
        assert process.wait(timeout=HANG_S) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "not a loopback address"),  # noqa: S104 - that is what must fail
        (["--rate", "fast"], "use a number of posts per second, or max"),
        (["--rate", "-3"], "'rate_per_s' must be a number of at least 0"),
        (["--rule", ""], "A rule must be an object with 'value'"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_sentence(options: list[str], sentence: str) -> None:
    result = CliRunner().invoke(simulate, options)
    assert result.exit_code != 0
    assert sentence in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("text", ["{", "[]", '{"speed": 3}'])
def test_broken_scenario_file_ends_the_command(text: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(simulate, ["--scenario", str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
