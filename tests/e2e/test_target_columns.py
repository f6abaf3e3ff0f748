"""What targets make of values that nest, and of a field that X adds after the tap was released."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import Expected
from tests.e2e.harness import catalog_for, config_for, run, written
from tests.e2e.pipeline import Pipeline, duckdb_command
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.e2e.postgres import PostgresServer

POSTS = 200
NEW = {"data": {"id": "7", "text": "new", "hologram": {"layers": 3}, "warmth": 21}}


def captured(folder: Path, command: Sequence[str], **more: object) -> Expected:
    """Capture posts, and one with fields that no schema knows, into a target."""
    new = json.dumps(NEW)
    steps: list[dict[str, Any]] = [
        {"do": "raw", "text": new + "\r\n"},
        {"do": "send", "posts": POSTS, "rate_per_s": "max"},
        {"do": "silence"},
    ]
    scenario = Scenario(connections=[{"steps": steps}], record_messages=True)
    with Simulator(scenario) as sim:
        config = config_for(sim, spool_dir=str(folder / "spool"), max_records=POSTS + 1, **more)
        with Pipeline(folder, config, command) as line:
            assert line.ended() == (0, 0), line.said()
            assert line.acknowledged()
        return Expected(sim)


def csv_command(folder: Path, target: Callable[[str], Path]) -> list[str]:
    config = {"output_path": str(folder / "out"), "file_naming_scheme": "{stream_name}.csv"}
    (folder / "out").mkdir()
    return [str(target("target-csv")), "--config", written(folder / "target.json", config)]


def csv_rows(folder: Path, stream: str) -> list[dict[str, str]]:
    with (folder / "out" / f"{stream}.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("fast_path", ["auto", "off"])
def test_csv_holds_json_text_that_reads_back(
    tmp_path: Path, target: Callable[[str], Path], fast_path: str
) -> None:
    command = csv_command(tmp_path, target)
    sent = captured(tmp_path, command, nested_values="text", fast_path=fast_path)
    rows = {row["id"]: row for row in csv_rows(tmp_path, "tweets")}
    assert json.loads(rows.pop("7")["_unknown_fields"]) == {
        name: NEW["data"][name] for name in ("hologram", "warmth")
    }
    assert {key: row["text"] for key, row in rows.items()} == sent.texts
    for envelope in sent.envelopes:
        post = envelope["data"]
        row = rows[post["id"]]
        for name in ("entities", "public_metrics", "edit_history_tweet_ids", "referenced_tweets"):
            assert (json.loads(row[name]) if row[name] else None) == post.get(name), name
    (window,) = csv_rows(tmp_path, "capture_windows")
    assert {one["stream"] for one in json.loads(window["streams"])} > {"tweets", "users"}
    assert csv_rows(tmp_path, "users")


def test_text_columns_need_no_other_catalog(tmp_path: Path) -> None:
    catalog = catalog_for(tmp_path)  # as --discover writes it without any settings
    with Simulator(Scenario(rate_per_s="max")) as sim:
        config = config_for(sim, max_records=20, nested_values="text")
        code, tap = run(tmp_path, config, catalog=catalog)
    assert code == 0, tap.stderr
    assert "_unknown_fields" in tap.schemas["tweets"]["properties"]
    posts = tap.records("tweets")
    assert len(posts) == 20
    assert all(isinstance(row["edit_history_tweet_ids"], str) for row in posts)


def test_sql_targets_drop_a_field_without_a_column_unless_it_is_text(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 8 s: two captures. The field is in raw_messages in any case."""
    for mode, wanted in (("keep", None), ("text", {"hologram": {"layers": 3}, "warmth": 21})):
        folder = tmp_path / mode
        folder.mkdir()
        database = postgres.database()
        config = written(folder / "target.json", database.target_config())
        command = [str(target("target-postgres")), "--config", config]
        captured(folder, command, nested_values=mode, raw_messages=True)
        ((row,),) = database.rows("SELECT to_jsonb(t) FROM x.tweets AS t WHERE id = '7'")
        assert row["text"] == "new"
        assert "hologram" not in row
        found = row.get("_unknown_fields")
        assert (json.loads(found) if found else None) == wanted
        ((total,),) = database.rows(
            "SELECT count(*) FROM x.raw_messages AS r WHERE to_jsonb(r)::text LIKE '%hologram%'"
        )
        assert total == 1


def test_duckdb_takes_a_post_with_a_field_without_a_column(
    tmp_path: Path,
    target: Callable[[str], Path],
    query_duckdb: Callable[[Path, str], list[list[Any]]],
) -> None:
    captured(tmp_path, duckdb_command(target("target-duckdb"), tmp_path))
    database = tmp_path / "out.duckdb"
    assert query_duckdb(database, "SELECT text FROM tweets WHERE id = '7'") == [["new"]]
    assert query_duckdb(database, "SELECT count(*) FROM tweets") == [[POSTS + 1]]
