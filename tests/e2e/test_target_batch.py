"""BATCH messages into PostgreSQL: the same rows as from RECORD messages of the same log."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.e2e.datasets import settings
from tests.e2e.harness import Json, config_for, written
from tests.e2e.pipeline import Pipeline
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.postgres import Database, PostgresServer

POSTS = 300
TABLES = ("tweets", "referenced_tweets", "users", "media", "places", "polls", "tweet_rules")


def load(folder: Path, config: Json, database: Database, target: Path) -> None:
    """Run the tap into a database."""
    path = written(folder / "target.json", database.target_config())
    with Pipeline(folder, config, [str(target), "--config", path]) as line:
        assert line.ended() == (0, 0), line.said()
        assert line.acknowledged() is not None


def rows(database: Database, table: str) -> list[Json]:
    """Return a table's rows, sorted, without nulls and what loading adds."""
    found = database.rows(f"SELECT to_jsonb(t) FROM x.{table} t")  # noqa: S608 - our own names
    return sorted(
        ({k: v for k, v in bare(row).items() if not k.startswith("_sdc")} for (row,) in found),
        key=str,
    )


def bare(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without null members, of which a struct has all, and with JSON text read."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with contextlib.suppress(ValueError):
            return json.loads(value)
    if isinstance(value, dict):
        return {k: one for k, v in value.items() if (one := bare(v)) is not None}
    return [bare(one) for one in value] if isinstance(value, list) else value


def test_batches_load_the_rows_that_records_do(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 20 s: target-postgres makes fifteen tables, twice."""
    with Simulator(Scenario(limit_posts=POSTS, rate_per_s="max")) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), max_records=POSTS)
        plain, batched = postgres.database(), postgres.database()
        load(tmp_path, config, plain, target("target-postgres"))
        config = {**config, "batch_config": settings(tmp_path / "data")}
        load(tmp_path, config, batched, target("target-postgres-batch"))
    for table in TABLES:
        wanted, found = rows(plain, table), rows(batched, table)
        assert len(found) == len(wanted) > 0, table
        assert found == wanted, table
    (window,) = rows(batched, "capture_windows")
    assert window["messages"] == POSTS
