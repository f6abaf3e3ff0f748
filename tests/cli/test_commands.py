"""The tap's command as a shell sees it: options, exit codes, one sentence for each mistake."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import command, config_for, written
from tests.limits import HANG_S, Slowness
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

STREAM = "/2/tweets/search/stream"


def connects(sim: Simulator) -> list[int]:
    """Return the statuses of all tries to connect."""
    return [one["status"] for one in sim.oracle.requests if one["path"] == STREAM]


def try_out(folder: Path, config: dict[str, Any]) -> tuple[int, str, str]:
    return command(folder, "--config", written(folder / "config.json", config), "--test")


def scripted(*steps: dict[str, Any]) -> Simulator:
    """Return a simulator with a rule of somebody else's, so that a connect is possible."""
    scenario = Scenario(connections=[{"steps": steps}], rules=[{"value": "cat", "tag": "theirs"}])
    return Simulator(scenario)


def sentence(said: str) -> str:
    """Return the one critical line of a failed command."""
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if "| CRITICAL" in line]
    assert len(lines) == 1, said
    return lines[0]


def test_test_connects_once_and_changes_nothing(tmp_path: Path) -> None:
    with scripted({"do": "silence"}) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        with Slowness() as slow:
            began_s = time.monotonic()
            code, out, said = try_out(tmp_path, config)
            took_s = time.monotonic() - began_s
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
    assert code == 0, said
    assert took_s < 10 * slow.factor
    assert connects(sim) == [200]
    assert [one["method"] for one in sim.oracle.requests] == ["GET"]
    assert '"RECORD"' not in out
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("status", [401, 403, 409, 429, 503])
def test_test_fails_with_one_sentence(tmp_path: Path, status: int) -> None:
    with scripted({"do": "http", "status": status}) as sim:
        code, out, said = try_out(tmp_path, config_for(sim, rules=None))
    assert code == 1, said
    assert f"HTTP {status}" in sentence(said)
    assert connects(sim) == [status]
    assert "max_retries" not in said
    assert '"RECORD"' not in out


def test_test_names_the_address_when_nobody_answers(tmp_path: Path) -> None:
    with Simulator() as sim:
        config = config_for(sim)
    code, _, said = try_out(tmp_path, config)
    assert code == 1
    assert "`api_url`" in sentence(said)


def test_test_passes_before_the_first_run_has_added_the_rules(tmp_path: Path) -> None:
    with Simulator() as sim:
        code, _, said = try_out(tmp_path, config_for(sim))
        assert len(sim.rules) == 0
    assert code == 0, said
    assert connects(sim) == [409]
    assert "no rules yet" in said


def test_test_tells_that_nobody_answers(tmp_path: Path) -> None:
    with Simulator() as sim:
        config = config_for(sim)
    code, _, said = try_out(tmp_path, config)
    assert code == 1
    assert "refused" in sentence(said)


def test_discover_needs_no_config_and_is_quick(tmp_path: Path) -> None:
    with Slowness() as slow:
        began_s = time.monotonic()
        code, out, _ = command(tmp_path, "--discover")
        took_s = time.monotonic() - began_s
    assert took_s < 10 * slow.factor  # a second or so on an idle machine, with all files cached
    assert code == 0
    catalog = json.loads(out)
    names = {stream["tap_stream_id"] for stream in catalog["streams"]}
    assert {"tweets", "users", "dead_letters", "capture_windows", "raw_messages"} <= names
    assert all(stream["key_properties"] for stream in catalog["streams"])


def test_about_shows_every_setting_and_no_secret(tmp_path: Path) -> None:
    token = {"TAP_TWITTER_STREAM_BEARER_TOKEN": "CANARY-TOKEN"}
    code, out, _ = command(tmp_path, "--about", "--format", "json", env=token)
    about = json.loads(out)
    assert code == 0
    assert about["name"] == "tap-twitter-stream"
    assert {"bearer_token", "rules", "spool_dir"} <= about["settings"]["properties"].keys()
    assert "CANARY" not in out


def test_about_reads_as_markdown(tmp_path: Path) -> None:
    code, out, _ = command(tmp_path, "--about", "--format", "markdown")
    assert code == 0
    assert "# `tap-twitter-stream`" in out
    assert "| bearer_token |" in out


def test_version_is_one_line(tmp_path: Path) -> None:
    code, out, _ = command(tmp_path, "--version")
    assert code == 0
    assert out.startswith("tap-twitter-stream v")


def test_a_run_without_config_says_what_is_missing(tmp_path: Path) -> None:
    code, _, said = command(tmp_path)
    assert code == 1
    assert "--config=ENV" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("options", [(), ("--test",)], ids=["run", "test"])
def test_every_wrong_setting_is_named_at_once(tmp_path: Path, options: tuple[str, ...]) -> None:
    config = {
        "bearer_token": "t",
        "endpoints": ["nonsense"],
        "max_records": 0,
        "stop_at": "soon",
        "rules": [{"tag": "x"}],
    }
    path = written(tmp_path / "config.json", config)
    code, _, said = command(tmp_path, "--config", path, *options)
    assert code == 1
    assert "Traceback" not in said
    assert all(name in said for name in ("endpoints", "max_records", "stop_at", "rules"))


def test_fractions_in_a_config_file_are_numbers(tmp_path: Path) -> None:
    config = {"bearer_token": "t", "max_run_seconds": 1.5, "state_interval_seconds": 0.5}
    path = written(tmp_path / "config.json", config)
    code, _, said = command(tmp_path, "--config", path, "--discover")
    assert code == 0, said
