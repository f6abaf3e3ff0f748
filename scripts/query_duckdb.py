"""Ask a DuckDB file: path and SQL as arguments, rows as one JSON array out.

Runs under the Python of ``.tools/target-duckdb``: the only place with duckdb, in the version that
wrote the file.
"""

from __future__ import annotations

import json
import sys

import duckdb


def main(path: str, sql: str) -> None:
    """Print the rows of one statement; the file is opened read-only."""
    with duckdb.connect(path, read_only=True) as database:
        rows = database.execute(sql).fetchall()
    print(json.dumps(rows, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
