"""A database with a target before it; the page's commands are typed as they stand."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tap_twitter_stream.schema import load_schema
from tests.docs.compliance_rows import KEYS
from tests.e2e.harness import written
from tests.e2e.pipeline import duckdb_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.docs.compliance_rows import Row
    from tests.e2e.postgres import Database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "compliance.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)


class Warehouse(Protocol):
    """A database with a target before it."""

    def load(self, rows: Iterable[Row]) -> None: ...

    def execute(self, sql: str) -> None: ...

    def rows(self, sql: str) -> list[list[Any]]: ...


def feed(command: list[str], rows: Iterable[Row]) -> None:
    """Give a target the SCHEMAs and some rows."""
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": name, "schema": load_schema(name), "key_properties": keys}
        for name, keys in KEYS.items()
    ]
    messages += [{"type": "RECORD", "stream": name, "record": row} for name, row in rows]
    lines = "".join(json.dumps(one) + "\n" for one in messages)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


class Duck:
    """A DuckDB file."""

    dialect = "duckdb"

    def __init__(self, folder: Path, binary: Path, query: Callable[[Path, str], Any]) -> None:
        self._command = duckdb_command(binary, folder)
        self._folder = folder
        self._python = binary.with_name("python")
        self._query = query
        (folder / "twitter.duckdb").symlink_to(folder / "out.duckdb")

    def load(self, rows: Iterable[Row]) -> None:
        feed(self._command, rows)

    def execute(self, sql: str) -> None:
        """Type the page's own command."""
        (self._folder / "compliance.sql").write_text(sql)
        (command,) = (one for one in COMMANDS if one.startswith("python "))
        typed = command.replace("python", str(self._python), 1)
        subprocess.run(["/bin/sh", "-c", typed], check=True, cwd=self._folder)

    def rows(self, sql: str) -> list[list[Any]]:
        found: list[list[Any]] = self._query(self._folder / "out.duckdb", sql)
        return found


class Postgres:
    """A database of a PostgreSQL server."""

    dialect = "postgres"

    def __init__(self, folder: Path, binary: Path, database: Database) -> None:
        config = database.target_config()
        self._command = [str(binary), "--config", written(folder / "target.json", config)]
        self._folder = folder
        self._database = database

    def load(self, rows: Iterable[Row]) -> None:
        feed(self._command, rows)

    def execute(self, sql: str) -> None:
        """Type the page's own command."""
        (self._folder / "compliance.sql").write_text(sql)
        (command,) = (one for one in COMMANDS if one.startswith("psql "))
        place = {"PGHOST": self._database.host, "PGPORT": str(self._database.port)}
        env = {**place, "PGUSER": self._database.user, "PGOPTIONS": "-c search_path=x"}
        typed = command.replace("warehouse", self._database.name)
        typed = typed.replace("psql", str(self._database.programs / "psql"), 1)
        subprocess.run(["/bin/sh", "-c", typed], check=True, cwd=self._folder, env=env)

    def rows(self, sql: str) -> list[list[Any]]:
        return self._database.rows(re.sub(r"\b(from|join) (?=\w)", r"\1 x.", sql))
