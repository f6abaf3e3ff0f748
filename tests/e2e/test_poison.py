"""A message that kills whoever takes it is set aside, and everything else gets past it.

Mutations: never set aside (the chain of runs does not end); set aside at the second start; count
runs that ended as they should.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Tap, capture, config_for
from tests.e2e.pipeline import Pipeline
from twitter_stream_simulator import Scenario, Simulator

POSTS = 30
TARGET = Path(__file__).with_name("dying_target.py")
Json = dict[str, Any]


def spooled(folder: Path, sim: Simulator) -> Json:
    """Fill a spool whose posts nobody has acknowledged; return the settings."""
    config = config_for(sim, spool_dir=str(folder / "spool"), max_run_seconds=20)
    capture(folder, config, POSTS)
    return config


def start(folder: Path, config: Json, killer: str, state: Json | None) -> tuple[bool, Json | None]:
    """Run once; return whether the target lived, and the STATE it acknowledged last."""
    target = [sys.executable, str(TARGET), str(folder / "records.jsonl"), killer]
    with Pipeline(folder, config, target, state=state) as line:
        line.find_receiver()
        tap, code = line.ended()
    assert (tap == 0) == (code == 0), line.said()
    return code == 0, line.acknowledged() or state


def stored(folder: Path, stream: str) -> list[Json]:
    lines = (folder / "records.jsonl").read_bytes().splitlines()
    records = (json.loads(line) for line in lines)
    return [one["record"] for one in records if one["stream"] == stream]


def sending_simulator() -> Simulator:
    """Send posts once; whoever connects later hears keep-alives only."""
    idle: list[Json] = [{"do": "idle"}]
    first = [{"do": "send", "posts": POSTS, "rate_per_s": "max"}, *idle]
    return Simulator(Scenario(connections=[{"steps": first}, *[{"steps": idle}] * 10]))


@pytest.mark.parametrize(("place", "starts"), [(0, 4), (17, 5)], ids=["first", "in the middle"])
def test_a_message_that_kills_its_target_is_set_aside(
    tmp_path: Path, place: int, starts: int
) -> None:
    """Takes some 3 s a start. In the middle, two of the starts find out which message it is."""
    with sending_simulator() as sim:
        config = {**spooled(tmp_path, sim), "max_run_seconds": 1.5, "state_interval_seconds": 30}
        killer = sim.oracle.sent_ids()[place]
        state, lived, count = None, False, 0
        while not lived and count < 8:
            lived, state = start(tmp_path, config, killer, state)
            count += 1
    assert (lived, count) == (True, starts)
    sent = sim.oracle.sent_ids()
    assert len(sent) == POSTS
    assert {one["id"] for one in stored(tmp_path, "tweets")} == set(sent) - {killer}
    (letter,) = stored(tmp_path, "dead_letters")
    assert letter["reason"] == "poison"
    assert json.loads(base64.b64decode(letter["raw_base64"]))["data"]["id"] == killer
    assert "raw_text" not in letter
    assert not (tmp_path / "spool" / "starts.json").exists()


def test_runs_that_end_as_they_should_are_not_counted(tmp_path: Path) -> None:
    """The same old STATE again and again, on purpose, or no target at all, costs no message."""
    with sending_simulator() as sim:
        config = spooled(tmp_path, sim)
        for _ in range(5):
            with Tap(tmp_path, config) as tap:
                tap.has(POSTS)
                assert tap.stop() == 0, tap.stderr
            assert tap.ids() == sim.oracle.sent_ids()
            assert not tap.records("dead_letters")
