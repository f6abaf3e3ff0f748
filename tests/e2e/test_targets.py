from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.expected import INCLUDES, Expected
from tests.e2e.harness import config_for, written
from tests.e2e.pipeline import Pipeline, duckdb_command
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Query = Callable[[Path, str], list[list[Any]]]

POSTS = 450  # has two of every awkward character that the simulator makes


def piped(folder: Path, command: Sequence[str]) -> tuple[Simulator, Expected, dict[str, Any]]:
    """Capture into a target; return what was sent and the last STATE the target printed."""
    scenario = Scenario(
        limit_posts=POSTS, rate_per_s="max", largest_id_every=100, record_messages=True
    )
    with Simulator(scenario) as sim:
        config = config_for(sim, spool_dir=str(folder / "spool"), max_records=POSTS)
        with Pipeline(folder, config, command) as pipeline:
            assert pipeline.ended() == (0, 0), pipeline.said()
            state = pipeline.acknowledged()
    assert state is not None
    assert len(sim.oracle.sent_ids()) == POSTS
    assert any(int(one) > 2**63 - 10 for one in sim.oracle.sent_ids())
    return sim, Expected(sim), state


def test_duckdb_holds_every_post_and_its_text(
    tmp_path: Path, target: Callable[[str], Path], query_duckdb: Query
) -> None:
    """Takes some 6 s: target-duckdb makes fifteen tables."""
    command = duckdb_command(target("target-duckdb"), tmp_path)
    sim, expected, state = piped(tmp_path, command)
    database = tmp_path / "out.duckdb"
    rows = dict(query_duckdb(database, "SELECT id, text FROM tweets"))
    assert rows == expected.texts
    assert sorted(rows) == sorted(sim.oracle.sent_ids())
    pairs = query_duckdb(database, "SELECT tweet_id, rule_id FROM tweet_rules")
    assert {(one, other) for one, other in pairs} == expected.tweet_rules
    assert len(pairs) == len(expected.tweet_rules)
    for stream, key in INCLUDES.values():
        found = query_duckdb(database, f"SELECT {key} FROM {stream} ORDER BY 1")  # noqa: S608
        assert [one for (one,) in found] == sorted(set(expected.includes()[stream])), stream
    ((position,),) = query_duckdb(database, "SELECT end_position FROM capture_windows")
    assert state["bookmarks"]["capture_windows"]["capture"]["position"] == position


def test_jsonl_holds_every_post_and_its_text(tmp_path: Path, target: Callable[[str], Path]) -> None:
    config = {"destination_path": str(tmp_path), "do_timestamp_file": False}
    command = [str(target("target-jsonl")), "--config", written(tmp_path / "target.json", config)]
    sim, expected, _ = piped(tmp_path, command)

    def rows(stream: str) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in (tmp_path / f"{stream}.jsonl").read_bytes().splitlines()
        ]

    assert [row["id"] for row in rows("tweets")] == sim.oracle.sent_ids()
    assert {row["id"]: row["text"] for row in rows("tweets")} == expected.texts
    assert {
        (row["tweet_id"], row["rule_id"]) for row in rows("tweet_rules")
    } == expected.tweet_rules
    for stream, key in INCLUDES.values():
        assert sorted(row[key] for row in rows(stream)) == expected.includes()[stream], stream
