from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.expected import INCLUDES, Expected
from tests.e2e.harness import capture, config_for, run
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

POSTS = 450  # has two of every awkward character that the simulator makes


def scenario(**more: object) -> Scenario:
    return Scenario.from_json(
        {
            "limit_posts": POSTS,
            "rate_per_s": "max",
            "largest_id_every": 100,
            "record_messages": True,
            **more,
        }
    )


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("fast_path", ["auto", "off"])
def test_every_stream_holds_what_was_sent(tmp_path: Path, fast_path: str, *, gzip: bool) -> None:
    with Simulator(scenario(gzip=gzip)) as sim:
        config = config_for(sim, fast_path=fast_path, spool_dir=str(tmp_path / "spool"))
        tap = capture(tmp_path, config, POSTS)
        expected = Expected(sim)
    assert tap.ids() == sim.oracle.sent_ids()
    assert {record["id"]: record["text"] for record in tap.records("tweets")} == expected.texts
    rows = {(row["tweet_id"], row["rule_id"]) for row in tap.records("tweet_rules")}
    assert rows == expected.tweet_rules
    for stream, key in INCLUDES.values():
        found = sorted(record[key] for record in tap.records(stream))
        assert found == expected.includes()[stream], stream
    assert len(tap.records("errors")) == expected.partial_errors()
    assert len(tap.records("rules")) == 2


def test_64k_chunks_carry_the_same_posts(tmp_path: Path) -> None:
    with Simulator(scenario(chunking="64k")) as sim:
        tap = capture(tmp_path, config_for(sim), POSTS)
    assert tap.ids() == sim.oracle.sent_ids()


def test_two_endpoints_fill_one_table(tmp_path: Path) -> None:
    with Simulator(scenario()) as sim:
        config = config_for(sim, endpoints=["filtered", "sample"])
        tap = capture(tmp_path, config, 2 * POSTS)
        sent = sim.oracle.sent_ids()
    assert Counter(tap.ids()) == Counter(sent)
    assert {record["_endpoint"] for record in tap.records("tweets")} == {"filtered", "sample"}
    assert tap.window["connections_total"] == 2


def test_certificate_agrees_with_the_oracle(tmp_path: Path) -> None:
    with Simulator(scenario()) as sim:
        tap = capture(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool")), POSTS)
        (connection,) = sim.oracle.connections
    (row,) = tap.records("capture_connections")
    assert row["messages"] == tap.window["messages"] == connection.messages == POSTS
    assert row["bytes_received"] == tap.window["bytes_received"] == connection.size_bytes
    assert row["keep_alives"] == connection.keep_alives
    assert (row["first_id"], row["last_id"]) == (tap.ids()[0], tap.ids()[-1])
    assert tap.window["stop_reason"] == "signal"
    assert tap.window["durable"] is True


def test_a_second_run_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    with Simulator(Scenario(rate_per_s=200.0, record_messages=True)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), state_interval_seconds=0.1)
        first = capture(tmp_path, config, 50)
        second = capture(tmp_path, config, 50, state=first.states[-1])
        sent = sim.oracle.sent_ids()
    got = [*first.ids(), *second.ids()]
    assert len(got) == len(set(got))
    assert set(got) <= set(sent)
    assert got == [one for one in sent if one in set(got)]
    assert second.window["lines_reread"] == 0


def test_a_run_without_state_replays_the_spool(tmp_path: Path) -> None:
    with Simulator(scenario()) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        first = capture(tmp_path, config, POSTS)
        second = capture(tmp_path, config, POSTS)
        third_code, third = run(
            tmp_path, {**config, "spool_without_state": "discard", "max_run_seconds": 1}
        )
    assert first.ids() == second.ids() == sim.oracle.sent_ids()
    assert (third_code, third.ids()) == (0, [])
    assert "sent again" in second.stderr
    assert second.window["lines_reread"] == POSTS


def test_keys_of_every_record_are_there_and_states_are_small(tmp_path: Path) -> None:
    with Simulator(scenario()) as sim:
        tap = capture(tmp_path, config_for(sim, state_interval_seconds=0.1), POSTS)
    keys = {m["stream"]: m["key_properties"] for m in tap.messages if m["type"] == "SCHEMA"}
    for message in tap.messages:
        if message["type"] == "RECORD":
            assert all(message["record"][key] for key in keys[message["stream"]])
            assert message["record"]["_captured_at"].endswith("Z")
    assert max(len(json.dumps(state)) for state in tap.states) < 10_000
