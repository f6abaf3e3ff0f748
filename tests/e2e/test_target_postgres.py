from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.e2e.expected import INCLUDES, Expected
from tests.e2e.harness import Json, config_for, written
from tests.e2e.pipeline import Pipeline
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.postgres import Database, PostgresServer

POSTS = 450  # has two of every awkward character that the simulator makes
KEYS = {
    "tweets": {"id"},
    "users": {"id"},
    "media": {"media_key"},
    "tweet_rules": {"tweet_id", "rule_id"},
    "capture_windows": {"window_id"},
}
TYPES = {
    ("tweets", "id"): "text",
    ("tweets", "created_at"): "timestamp",
    ("tweets", "entities"): "jsonb",
    ("tweets", "edit_history_tweet_ids"): "_text",
    ("tweets", "referenced_tweets"): "_jsonb",
    ("tweets", "possibly_sensitive"): "bool",
    ("tweets", "_captured_at"): "timestamp",
    ("capture_windows", "messages"): "int8",
    ("capture_windows", "covered_seconds"): "numeric",
}


def loader(
    folder: Path, database: Database, target: Callable[[str], Path], **more: object
) -> list[str]:
    """Return the command that loads into a database."""
    config = database.target_config(**more)
    return [str(target("target-postgres")), "--config", written(folder / "target.json", config)]


def capture_into(
    folder: Path, command: list[str], state: Json | None = None
) -> tuple[Expected, Json]:
    """Run one window into a database; return what was sent and the STATE that came back."""
    scenario = Scenario(
        limit_posts=POSTS, rate_per_s="max", largest_id_every=100, record_messages=True
    )
    with Simulator(scenario) as sim:
        # The largest ids of two simulators are the same, and ids are remembered over restarts.
        config = config_for(
            sim, spool_dir=str(folder / "spool"), max_records=POSTS, dedupe_window_seconds=0
        )
        with Pipeline(folder, config, command, state=state) as pipeline:
            assert pipeline.ended() == (0, 0), pipeline.said()
            acknowledged = pipeline.acknowledged()
            assert acknowledged is not None
            return Expected(sim), acknowledged


def keys_of(database: Database, table: str) -> set[str]:
    return {
        name
        for (name,) in database.rows(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a "  # noqa: S608 - our own names
            "ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
            f"WHERE i.indrelid = 'x.{table}'::regclass AND i.indisprimary"
        )
    }


def types_of(database: Database) -> dict[tuple[str, str], str]:
    sql = (
        "SELECT table_name, column_name, udt_name FROM information_schema.columns "
        "WHERE table_schema = 'x'"
    )
    return {(table, column): kind for table, column, kind in database.rows(sql)}


def check_rows(database: Database, sent: list[Expected]) -> None:
    """Check that the tables hold what was sent, all of it, once."""
    texts = {key: text for one in sent for key, text in one.texts.items()}
    rows = database.rows("SELECT id, text FROM x.tweets")
    assert len(rows) == len(texts)
    assert {key: text for key, text in rows} == texts  # noqa: C416 - typed as lists
    pairs = database.rows("SELECT tweet_id, rule_id FROM x.tweet_rules")
    assert Counter((a, b) for a, b in pairs) == Counter(
        {pair for one in sent for pair in one.tweet_rules}
    )
    for stream, key in INCLUDES.values():
        wanted = {item for one in sent for item in one.includes()[stream]}
        found = database.rows(f"SELECT {key} FROM x.{stream}")  # noqa: S608 - our own names
        assert Counter(one for (one,) in found) == Counter(wanted), stream


def test_two_windows_hold_every_post_once_and_authors_are_upserted(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 10 s: target-postgres makes fifteen tables, and the second run reads them."""
    database = postgres.database()
    command = loader(tmp_path, database, target)
    first, state = capture_into(tmp_path, command)
    second, state = capture_into(tmp_path, command, state)
    check_rows(database, [first, second])
    assert sum(len(one.includes()["users"]) for one in (first, second)) > len(
        database.rows("SELECT id FROM x.users")
    )
    for table, keys in KEYS.items():
        assert keys_of(database, table) == keys
    types = types_of(database)
    assert {column: types[column] for column in TYPES} == TYPES
    ends = database.rows("SELECT end_position FROM x.capture_windows ORDER BY started_at")
    assert len(ends) == 2
    assert state["bookmarks"]["capture_windows"]["capture"]["position"] == ends[-1][0]


def test_nested_values_come_back_as_json(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    database = postgres.database()
    sent, _ = capture_into(tmp_path, loader(tmp_path, database, target, use_copy=True))
    metrics = {
        one["data"]["id"]: one["data"]["public_metrics"]
        for one in sent.envelopes
        if "public_metrics" in one["data"]
    }
    found = database.rows(
        "SELECT id, public_metrics FROM x.tweets WHERE public_metrics IS NOT NULL"
    )
    assert metrics
    assert {key: {k: v for k, v in value.items() if v is not None} for key, value in found} == {
        key: {k: v for k, v in value.items() if v is not None} for key, value in metrics.items()
    }
