"""What docs/how-to/parquet.md shows works on a dataset as the tap writes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tap_twitter_stream.settings.parse import parse_settings
from tests.docs.pages import page
from tests.e2e.datasets import manifests
from tests.e2e.harness import arguments, config_for, environment
from twitter_stream_simulator import Scenario, Simulator

PAGE = page("how-to/parquet.md")
POSTS = 400
ODD = {"data": {"id": "2100000000000000001", "text": "x", "brand_new": 1}}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def settings() -> dict[str, Any]:
    (text,) = blocks("json")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the page's commands in a folder of their own."""
    made = tmp_path_factory.mktemp("page")
    steps: list[dict[str, Any]] = [
        {"do": "raw", "text": json.dumps(ODD) + "\r\n"},
        {"do": "send", "posts": 2 * POSTS, "rate_per_s": "max"},
        {"do": "idle"},
    ]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        config = config_for(sim, **settings(), max_records=POSTS)
        config["spool_dir"] = str(made / "spool")
        arguments(made, config)
        (first, *_) = (one for one in blocks("console") if "state" in one)
        bin_folder = str(Path(sys.executable).parent)
        paths = {**environment(made), "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        for line in first.strip().splitlines():
            subprocess.run(line.removeprefix("$ "), shell=True, check=True, cwd=made, env=paths)  # noqa: S602 - the page's own words
    return made


def test_its_settings_are_sound() -> None:
    files = parse_settings({**settings(), "bearer_token": "t"}).files
    assert files is not None
    assert files.root == "captures"


def test_its_commands_go_on_where_they_were(folder: Path) -> None:
    """Takes some 10 s: two runs and a command."""
    first, second = manifests(folder / "captures")
    assert first["end"] == second["start"]
    last = (folder / "messages.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == {"type": "STATE", "value": second["state"]}


def test_its_bounds_are_the_defaults() -> None:
    files = parse_settings({**settings(), "bearer_token": "t"}).files
    assert files is not None
    assert f"`parquet_buffer_bytes`, {files.buffer_bytes >> 20} MiB" in PAGE
    assert f"`parquet_file_bytes` ({files.most_bytes >> 20} MiB)" in PAGE
    assert f"`parquet_seal_seconds` after the last one ({files.seal_s:g})" in PAGE
    assert f"`batch_size` rows ({files.most_rows:,})" in PAGE


def test_its_sql_runs_and_finds_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    views, *queries = blocks("sql")
    database.execute(views)
    assert len(queries) == 8
    for query in queries:
        rows = database.execute(query).fetchall()
        assert rows, query
        if "FILTER" in query:
            assert {row[0] for row in rows} == {"cats", "dogs"}
        if "json_keys" in query:
            assert [row[:2] for row in rows] == [("brand_new", 1)]
        if "hr, count(*)" in query:
            assert sum(row[2] for row in rows) == 2 * POSTS - 1  # one is older


def test_its_polars_runs_and_finds_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (code,) = blocks("python")
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - the page's own words
    for name in ("by_language", "top", "hashtags", "latest_users", "loudest", "minute"):
        assert found[name].height, name
    assert found["by_language"]["posts"].sum() == 2 * POSTS
    assert found["top"]["likes"][0] == found["top"]["likes"].max()
