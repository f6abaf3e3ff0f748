"""What docs/explanation/gaps.md shows works as it stands, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.settings.parse import parse_settings
from tests.docs.pages import page
from tests.e2e.harness import catalog_for, config_for, written
from tests.e2e.pipeline import Pipeline, duckdb_command
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.e2e.postgres import PostgresServer

PAGE = page("explanation/gaps.md")
KEPT = ("tweets", "capture_gaps")
FAULT = [{"steps": [{"do": "send", "posts": 5}, {"do": "cut"}]}]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_settings_are_valid() -> None:
    (text,) = blocks("json")
    settings = parse_settings(json.loads(text), require_auth=False)
    assert [one.value for one in settings.gap_fill.methods] == ["backfill", "recovery", "search"]


def with_a_gap(folder: Path, command: Sequence[str]) -> None:
    """Capture over a fault, into the tables that the page asks."""
    every = {one["stream"] for one in catalog_for(folder)["streams"]}
    catalog = catalog_for(folder, deselected=sorted(every - {*KEPT}))
    with Simulator(Scenario(connections=FAULT)) as sim:
        config = config_for(sim, max_records=10)
        with Pipeline(folder, config, command, catalog=catalog) as line:
            assert line.ended() == (0, 0), line.said()


def check(answers: list[list[Any]]) -> None:
    """Check what the page's two questions bring: one lost gap, and an hour that is almost whole."""
    ((_, cause, gaps, seconds, _),), ((endpoint, share),) = answers
    assert (cause, gaps, endpoint) == ("closed_by_server", 1, "filtered")
    assert float(seconds) > 0
    assert float(share) == pytest.approx(1 - float(seconds) / 3600)


def test_the_questions_are_answered_by_duckdb(
    tmp_path: Path,
    target: Callable[[str], Path],
    query_duckdb: Callable[[Path, str], list[list[Any]]],
) -> None:
    with_a_gap(tmp_path, duckdb_command(target("target-duckdb"), tmp_path))
    check([query_duckdb(tmp_path / "out.duckdb", sql) for sql in blocks("sql")])


def test_the_questions_are_answered_by_postgres(
    tmp_path: Path, target: Callable[[str], Path], newest_postgres: PostgresServer
) -> None:
    """Takes some 6 s: a database and a target have to start."""
    database = newest_postgres.database()
    config = written(tmp_path / "t.json", database.target_config())
    with_a_gap(tmp_path, [str(target("target-postgres")), "--config", config])
    queries = [
        sql.replace("capture_gaps", "x.capture_gaps").rstrip("; \n") for sql in blocks("sql")
    ]
    check([database.rows(sql) for sql in queries])
