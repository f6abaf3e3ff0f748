"""The last two tweepies with v1.1 streams read the simulator: their agreement is the test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).parent / "tweepy_classic.py"
OLD, LAST = "tweepy-4.12", "tweepy-4.13"
NOTICES = ("delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "warning")
STEPS = [
    {"do": "send", "posts": 200},
    *({"do": "notice", "kind": kind} for kind in NOTICES),
    {"do": "send", "posts": 60},
    {"do": "notice", "kind": "limit", "undelivered": 16},
    {"do": "idle", "seconds": 0.05},
    {"do": "disconnect", "code": 12},
]
SCENARIO = Scenario(
    rate_per_s="max",
    keep_alive_s=0.02,
    record_messages=True,
    connections=[{"steps": STEPS}],
)
TRACK = {"track": ["paper moon", "été", "灯台"], "follow": [77, "2000000015"]}

Calls = list[tuple[str, Any]]


def calls_of(
    sim: Simulator, python: Path, method: str, arguments: dict[str, Any], **changes: str
) -> Calls:
    keys = {
        "consumer_key": sim.consumer_key,
        "consumer_secret": sim.consumer_secret,
        "access_token": sim.access_token,
        "access_token_secret": sim.access_token_secret,
    } | changes
    order = {"url": sim.url, "keys": [*keys.values()], "method": method, "arguments": arguments}
    done = subprocess.run(
        [str(python), str(SCRIPT), json.dumps(order)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = map(json.loads, done.stdout.splitlines())
    return [(line["callback"], line["values"]) for line in lines]


def sent_statuses(sim: Simulator) -> list[dict[str, Any]]:
    return [json.loads(sim.oracle.messages[post_id]) for post_id in sim.oracle.sent_ids()]


def understood(calls: Calls) -> list[dict[str, Any]]:
    return [values[0] for name, values in calls if name == "on_status"]


@pytest.fixture
def python(tool: Callable[[str], Path]) -> Callable[[str], Path]:
    return lambda name: tool(name) / "bin" / "python"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("sample", {}), ("filter", {**TRACK, "locations": [1, 2, 3, 4], "stall_warnings": True})],
)
def test_tweepy_412_understands_every_message(
    python: Callable[[str], Path], method: str, arguments: dict[str, Any]
) -> None:
    with Simulator(SCENARIO) as sim:
        calls = calls_of(sim, python(OLD), method, arguments)
        assert understood(calls) == sent_statuses(sim)
        assert len(understood(calls)) == 260
        notices = [json.loads(line) for line in sim.oracle.notices]
    said = [call for call in calls if call[0] not in {"on_status", "on_keep_alive"}]
    about = notices[0]["delete"]["status"]
    assert said == [
        ("on_connect", []),
        ("on_delete", [about["id"], about["user_id"]]),
        ("on_limit", [1]),
        ("on_scrub_geo", [notices[2]["scrub_geo"]]),
        ("on_status_withheld", [notices[3]["status_withheld"]]),
        ("on_user_withheld", [notices[4]["user_withheld"]]),
        ("on_warning", [notices[5]["warning"]]),
        ("on_limit", [17]),
        ("on_disconnect_message", [notices[7]["disconnect"]]),
        ("on_closed", ["Response"]),
    ]
    assert understood(calls)[199]["id"] == about["id"]
    assert understood(calls)[199]["user"]["id"] == about["user_id"]
    assert ("on_keep_alive", []) in calls


def test_tweepy_413_filters(python: Callable[[str], Path]) -> None:
    with Simulator(SCENARIO) as sim:
        calls = calls_of(sim, python(LAST), "filter", {**TRACK, "languages": ["pt", "ja"]})
        assert understood(calls) == sent_statuses(sim)
        assert {status["lang"] for status in understood(calls)} == {"pt", "ja"}


def test_tweepy_meets_the_refusals(python: Callable[[str], Path]) -> None:
    """Three processes, each with a refusal of its own, in about two seconds."""
    problem = {"steps": [{"do": "http", "problem": "calm-down"}]}
    with Simulator(Scenario(connections=[problem])) as sim:
        refusals = [
            calls_of(sim, python(OLD), "sample", {}, access_token_secret="wrong"),
            calls_of(sim, python(OLD), "filter", {}),
            calls_of(sim, python(OLD), "sample", {}),
        ]
    assert refusals == [[("on_request_error", [status])] for status in (401, 406, 420)]
