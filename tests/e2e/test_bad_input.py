from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import (
    Tap,
    arguments,
    capture,
    children,
    config_for,
    environment,
    is_running,
    one_sentence,
    run,
    wait_until,
)
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARY-9f3e-TOKEN"


def no_canary(folder: Path, tap: Tap, canary: str = CANARY) -> None:
    """Check that the token is nowhere but in the config file."""
    assert canary not in tap.stderr
    assert canary.encode() not in b"".join(tap.raw)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "config.json":
            assert canary.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("status", "words"), [(403, "HTTP 403"), (402, "HTTP 402"), (400, "HTTP 400")]
)
def test_a_refusal_ends_the_run_with_one_sentence(tmp_path: Path, status: int, words: str) -> None:
    steps = [{"do": "http", "status": status}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool")))
    assert code == 1
    one_sentence(tap, words)
    assert tap.window["stop_reason"] == "fatal"
    assert tap.window["exit_code"] == 1
    assert tap.messages[-1]["type"] == "STATE"


NOT_ENROLLED = {
    "client_id": "10000001",
    "detail": "Use keys of an App that is attached to a Project.",
    "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
    "title": "Client Forbidden",
    "required_enrollment": "Appropriate Level of API Access",
    "reason": "client-not-enrolled",
    "type": "https://api.twitter.com/2/problems/client-forbidden",
}


def test_a_refusal_in_the_middle_of_a_run_keeps_what_came_before(tmp_path: Path) -> None:
    """An app that loses its access while it streams: the reconnect is refused for good."""
    sent = {"steps": [{"do": "send", "posts": 20, "rate_per_s": "max"}, {"do": "close"}]}
    refused = {"steps": [{"do": "http", "status": 403, "body": NOT_ENROLLED}]}
    with Simulator(Scenario.from_json({"connections": [sent, refused]})) as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool")))
    assert code == 1
    one_sentence(tap, "HTTP 403", "attached to a Project", "belongs to a project")
    assert tap.ids() == sim.oracle.sent_ids()
    assert [row.get("problem_slug") for row in tap.records("capture_connections")] == [
        None,
        "client-forbidden",
    ]
    (error,) = (one for one in tap.records("errors") if one["kind"] == "http")
    assert error["title"] == "Client Forbidden"
    assert tap.messages[-1]["type"] == "STATE"


def test_a_wrong_token_is_said_without_showing_it(tmp_path: Path) -> None:
    """The rules are asked for first, and their refusal is final."""
    with Simulator() as sim:
        config = config_for(sim, bearer_token=CANARY, spool_dir=str(tmp_path / "spool"))
        code, tap = run(tmp_path, config)
    assert code == 1
    one_sentence(tap, "401")
    no_canary(tmp_path, tap)


def test_a_good_token_is_nowhere_after_a_capture(tmp_path: Path) -> None:
    with Simulator(Scenario(bearer_tokens=[CANARY])) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), max_records=20)
        code, tap = run(tmp_path, config)
    assert code == 0, tap.stderr
    no_canary(tmp_path, tap)


def test_a_bought_token_and_its_price_are_nowhere(tmp_path: Path) -> None:
    scenario = Scenario(
        bearer_tokens=[CANARY], consumer_key="CANARY-KEY", consumer_secret="CANARY-SECRET"
    )
    with Simulator(scenario) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), max_records=20)
        del config["bearer_token"]
        config |= {"consumer_key": "CANARY-KEY", "consumer_secret": "CANARY-SECRET"}
        code, tap = run(tmp_path, config)
    assert code == 0, tap.stderr
    no_canary(tmp_path, tap, "CANARY")


def test_an_app_without_rules_is_told_so(tmp_path: Path) -> None:
    with Simulator() as sim:
        config = config_for(sim)
        del config["rules"]
        code, tap = run(tmp_path, config)
    assert code == 1
    one_sentence(tap, "no rules", "`rules`")
    assert not sim.oracle.connections


def test_two_taps_cannot_share_a_spool(tmp_path: Path) -> None:
    with Simulator(Scenario(max_connections=None)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        with Tap(tmp_path, config) as first:
            first.has(5)
            code, second = run(tmp_path, config)
            assert first.stop() == 0
    assert code == 1
    one_sentence(second, "in use by another run")
    assert len(sim.oracle.connections) == 1


def test_a_run_right_after_a_kill_gets_the_spool(tmp_path: Path) -> None:
    """A killed tap's receiver needs a moment to go; a runner that starts at once must not fail."""
    with Simulator(Scenario(max_connections=None)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        for _ in range(2):
            with Tap(tmp_path, config) as first:
                first.has(5)
                first.process.kill()
                with Tap(tmp_path, {**config, "max_records": 10}) as second:
                    assert second.ended() == 0, second.stderr
                first.process.wait()


def test_an_unwritable_spool_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Simulator() as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(tmp_path / "file" / "spool")))
    assert code == 1
    one_sentence(tap, "spool")
    assert not sim.oracle.connections


def test_a_spool_of_another_format_is_left_alone(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "spool.json").write_text('{"format": 99, "spool_id": "x"}')
    with Simulator() as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(spool)))
    assert code == 1
    one_sentence(tap, "format 99")


def test_a_target_that_goes_away_ends_the_tap(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s="max")) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        with (
            (tmp_path / "said.log").open("wb") as said,
            subprocess.Popen(
                arguments(tmp_path, config),
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment(tmp_path),
            ) as tap,
        ):
            assert tap.stdout is not None
            assert tap.stdout.readline()
            assert wait_until(lambda: bool(children(tap.pid)))
            receivers = children(tap.pid)
            tap.stdout.close()
            assert tap.wait(10) == 1
        assert not any(is_running(pid) for pid in receivers)
        text = (tmp_path / "said.log").read_text()
    assert "Traceback" not in text
    assert text.count("| CRITICAL") == 1
    assert "has closed it" in text


@pytest.mark.parametrize(
    "state",
    [
        {"bookmarks": {"capture_windows": {"capture": {"version": 99}}}},
        {"bookmarks": {"capture_windows": {"capture": {"version": 1, "position": "x"}}}},
        {"bookmarks": {"capture_windows": {"capture": "nonsense"}}},
    ],
)
def test_a_state_that_cannot_be_read_is_told_and_left(
    tmp_path: Path, state: dict[str, Any]
) -> None:
    with Simulator() as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), max_records=5)
        code, tap = run(tmp_path, config, state=state)
    assert code == 0, tap.stderr
    assert "STATE" in "".join(line for line in tap.stderr.splitlines() if "WARNING" in line)
    assert len(tap.ids()) == 5


def test_a_damaged_spool_gives_what_it_still_holds(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s="max", limit_posts=100)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        first = capture(tmp_path, config, 100)
        (segment,) = (tmp_path / "spool").glob("*.log")
        handle = os.open(segment, os.O_WRONLY)
        os.pwrite(handle, b"\0\0\0\0", segment.stat().st_size // 2)
        os.close(handle)
        code, second = run(tmp_path, {**config, "max_run_seconds": 1})
    assert code == 0, second.stderr
    assert set(second.ids()) < set(first.ids())
    assert "corrupt_frame" in {letter["reason"] for letter in second.records("dead_letters")}
