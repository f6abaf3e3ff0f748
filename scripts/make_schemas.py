"""Write ``schemas/*.json``: X's OpenAPI documents and our tables go in, Draft 7 files come out.

Development time only. Run it from the top of the checkout, newest document first::

    python -m scripts.make_schemas OPENAPI.json [OLDER.json ...] [--check]

Two ways lead to a file, one per stream:

* derived: tweets, referenced_tweets, users, media, places and polls take their properties from the
  union of the documents (``openapi.py``) and their words from ``words*.py``, else from X;
* by hand: all other streams are what ``tables.py``, ``event_tables.py``,
  ``classic_tables.py`` and ``ledger_tables.py`` say.

Without a document only the hand-made files are written or checked. With one, the property names X
uses are also kept in ``tests/data/openapi_names.json``, for a test that misses none of them.
``--check`` writes nothing: it prints a diff and exits 1 where a file differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from scripts.schema_source import (
    classic_tables,
    derived,
    event_tables,
    ledger_tables,
    openapi,
    tables,
)
from scripts.schema_source.render import Node, nodes_of, render

_ROOT = Path(__file__).resolve().parent.parent
_NAMES_FILE = _ROOT / "tests" / "data" / "openapi_names.json"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files and return the exit code."""
    options = _parser().parse_args(arguments)
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in options.documents]
    files = hand_made_files()
    if documents:
        files |= derived_files(documents)
        files[_NAMES_FILE] = _json(openapi.property_names(documents))
    if options.check:
        return _check(files)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def hand_made_files() -> dict[Path, str]:
    """Return path and text of the files that need no OpenAPI document."""
    made = {**tables.TABLES, **event_tables.TABLES, **ledger_tables.TABLES, **classic_tables.TABLES}
    return {
        _schema_path(stream): _json(render(stream, table, nodes_of(table.members)))
        for stream, table in made.items()
    }


def derived_files(documents: list[Node]) -> dict[Path, str]:
    """Return path and text of the files that follow X's documents, newest document first."""
    made = derived.members(documents)
    return {
        _schema_path(stream): _json(render(stream, derived.TABLES[stream], made[stream]))
        for stream in derived.TABLES
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Write or check schemas/*.json.")
    parser.add_argument("documents", nargs="*", type=Path, help="OpenAPI documents, newest first")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit 1 on a difference"
    )
    return parser


def _check(files: dict[Path, str]) -> int:
    differs = False
    for path, text in files.items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        name = path.relative_to(_ROOT).as_posix()
        lines = list(_diff(old, text, name))
        sys.stdout.writelines(lines)
        differs = differs or bool(lines)
    return 1 if differs else 0


def _diff(old: str, new: str, name: str) -> list[str]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return list(difflib.unified_diff(before, after, f"{name} (on disk)", f"{name} (made now)"))


def _schema_path(stream: str) -> Path:
    return _ROOT / "schemas" / f"{stream}.json"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
