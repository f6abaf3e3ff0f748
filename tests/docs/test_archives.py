"""What docs/how-to/archives.md shows works as it stands, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.archive import corpus
from tests.docs.pages import page
from tests.e2e.harness import environment, run, written
from tests.e2e.pipeline import Pipeline
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.e2e.postgres import PostgresServer

PAGE = page("how-to/archives.md")
STREAMS = ("users", "dead_letters", "capture_connections")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def archive(folder: Path, name: str, lines: Iterable[bytes]) -> Path:
    """Make a folder with one file."""
    (folder / name).mkdir()
    (folder / name / "1.jsonl").write_bytes(corpus.text([*lines]))
    return folder / name


def test_the_commands_run_as_they_stand(tmp_path: Path, target: Callable[[str], Path]) -> None:
    """Takes some 8 s: three starts of the tap."""
    (settings,) = blocks("json")
    (commands,) = blocks("console")
    (tmp_path / "config.json").write_text(settings)
    archive(tmp_path, "archive", corpus.stream_lines()[:20])
    archive(tmp_path, "more", ())
    (tmp_path / "more" / "2.jsonl.gz").write_bytes(b"")
    lines = [line.removeprefix("$ ") for line in commands.splitlines()]
    homes = (Path(sys.executable).parent, target("target-jsonl").parent)
    path = os.pathsep.join([*map(str, homes), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-ec", "set -o pipefail\n" + "\n".join(lines)],  # noqa: S607 - the system's
        cwd=tmp_path,
        check=True,
        timeout=HANG_S,
        env={**environment(tmp_path), "PATH": path},
    )
    (tweets,) = tmp_path.rglob("tweets-*.jsonl")
    assert len(tweets.read_bytes().splitlines()) == 20
    assert json.loads((tmp_path / "state.json").read_text())


def aged(lines: Iterable[bytes], name: str, retrieved_at: str) -> list[bytes]:
    """Return lines as twarc2 keeps them, each author renamed."""
    made = []
    for line in lines:
        envelope = json.loads(line)
        envelope["__twarc"] = {**corpus.MARK, "retrieved_at": retrieved_at}
        for user in envelope["includes"]["users"]:
            user["name"] = name
        made.append(json.dumps(envelope).encode())
    return made


def load_both(folder: Path, command: Callable[[str], Sequence[str]]) -> None:
    """Load two archives into the schemas of the page: of some users one is newer, or the other."""
    lines = corpus.stream_lines()
    old = [*aged(lines[:20], "old", "2021-01-01T00:00:00+00:00"), b"nothing"]
    new = aged(lines[10:30], "new", "2024-01-01T00:00:00+00:00")
    for schema, made in (("live", new), ("archived", old)):
        config = {
            "endpoints": ["archive"],
            "archive_paths": [str(archive(folder, schema, made))],
        }
        with Pipeline(folder, config, command(schema)) as pipeline:
            assert pipeline.ended(60) == (0, 0), pipeline.said()


def users_of(lines: Iterable[bytes]) -> set[str]:
    return {user["id"] for line in lines for user in json.loads(line)["includes"]["users"]}


def check(rows: list[list[Any]]) -> None:
    """Check that each user is there once, as he was last."""
    lines = corpus.stream_lines()
    new = users_of(lines[10:30])
    expected = dict.fromkeys(users_of(lines[:20]) - new, "old") | dict.fromkeys(new, "new")
    assert sorted(rows) == sorted([one, name] for one, name in expected.items())
    assert set(expected.values()) == {"old", "new"}


def statements() -> tuple[str, str, str]:
    """Return the view and the two questions."""
    letters, view, damaged = blocks("sql")
    assert view.startswith("create view newest_users as\n")
    return view, letters, damaged


def test_the_sql_runs_in_duckdb(
    tmp_path: Path,
    target: Callable[[str], Path],
    query_duckdb: Callable[[Path, str], list[list[Any]]],
) -> None:
    """Takes some 8 s: two runs of tap and target."""

    def command(schema: str) -> list[str]:
        config = {
            "path": str(tmp_path / "out.duckdb"),
            "default_target_schema": schema,
            "flush_all_streams": True,
        }
        return [str(target("target-duckdb")), "--config", written(tmp_path / "t.json", config)]

    load_both(tmp_path, command)
    view, letters, damaged = statements()
    select = view.partition("as\n")[2].rstrip().rstrip(";")
    database = tmp_path / "out.duckdb"
    check(query_duckdb(database, f"select id, name from ({select})"))  # noqa: S608 - the page's
    rows = query_duckdb(database, f"set schema = 'archived'; {letters}")
    ((source, _, reason, text),) = rows
    assert (reason, text) == ("not_json", "nothing")
    assert source.endswith("archived/1.jsonl")
    assert query_duckdb(database, f"set schema = 'archived'; {damaged}") == []


@pytest.mark.parametrize("postgres", ["wheel"], indirect=True)
def test_the_sql_runs_in_postgres(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 8 s: two runs of tap and target."""
    database = postgres.database()

    def command(schema: str) -> list[str]:
        config = database.target_config(default_target_schema=schema)
        return [str(target("target-postgres")), "--config", written(tmp_path / "t.json", config)]

    load_both(tmp_path, command)
    view, letters, damaged = statements()
    database.psql(view)
    check(database.rows("select id, name from newest_users"))
    letters = letters.replace("from ", "from archived.", 1).replace("join ", "join archived.", 1)
    assert len(database.rows(letters.rstrip().rstrip(";"))) == 1
    damaged = damaged.replace("from ", "from archived.", 1)
    assert database.rows(damaged.rstrip().rstrip(";")) == []


def test_every_setting_and_column_of_the_page_exists(tmp_path: Path) -> None:
    _, tap = run(
        tmp_path,
        {
            "endpoints": ["archive"],
            "archive_paths": [str(archive(tmp_path, "a", corpus.stream_lines()[:5]))],
            "stream_maps": {"users": {"__alias__": "users_archived"}},
        },
    )
    assert tap.records("users_archived")
    assert not tap.records("users")
    assert "puts them over newer ones" not in tap.stderr
