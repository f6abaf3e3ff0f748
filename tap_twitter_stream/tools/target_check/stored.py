"""Read which rows a target has stored: a way to ask goes in, ids with their number come out."""

from __future__ import annotations

import csv
import glob
import json
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tap_twitter_stream.errors import TargetCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_QUERY_LIMIT_S = 300.0
# Runs under the Python of the target: it has DuckDB in the version that wrote the file.
_ASK_DUCKDB = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as db:
    for (one,) in db.execute(sys.argv[2]).fetchall():
        print(one)
"""


class Stored(Protocol):
    """Something that can tell what a target has stored."""

    def ids(self, keys: Mapping[str, str]) -> Counter[str]:
        """Return each stored id and how often it is there.

        Args:
            keys: Key property of each stream.

        Raises:
            TargetCheckError: What is stored cannot be read.
        """
        ...


class Query:
    """Asks with a command that prints one id a line.

    Args:
        command: As typed into a shell; ``{stream}`` and ``{key}`` stand for table and key, and it
            then runs once to a stream.
    """

    def __init__(self, command: str) -> None:
        self._parts = shlex.split(command)
        if not self._parts:
            message = "--query is empty: give the command that prints the stored ids."
            raise TargetCheckError(message)

    def ids(self, keys: Mapping[str, str]) -> Counter[str]:
        """Run the command, once to a stream when it names one."""
        found: Counter[str] = Counter()
        commands = {tuple(self._filled(stream, key)) for stream, key in keys.items()}
        for command in sorted(commands):
            found.update(line.strip().strip('"') for line in _said(command).splitlines())
        return found

    def _filled(self, stream: str, key: str) -> list[str]:
        return [part.replace("{stream}", stream).replace("{key}", key) for part in self._parts]


class DuckDb:
    """Asks a DuckDB file with the Python that the target runs under.

    Args:
        path: The file that the target writes.
        target: The target's command.
        schema: Schema of its tables.
    """

    def __init__(self, path: Path, target: Sequence[str], schema: str) -> None:
        program = Path(shutil.which(target[0]) or target[0])
        beside = program.with_name("python")
        self._python = str(beside if beside.exists() else sys.executable)
        self._path = str(path)
        self._schema = schema

    def ids(self, keys: Mapping[str, str]) -> Counter[str]:
        """Run one query to a stream."""
        found: Counter[str] = Counter()
        for stream, key in keys.items():
            sql = f'SELECT "{key}" FROM "{self._schema}"."{stream}"'  # noqa: S608 - our own names
            found.update(_said([self._python, "-c", _ASK_DUCKDB, self._path, sql]).splitlines())
        return found


class Files:
    """Reads JSON lines (``.jsonl``, ``.json``, ``.ndjson``) and CSV files.

    Args:
        pattern: Which files, for example ``out/*.jsonl``.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def ids(self, keys: Mapping[str, str]) -> Counter[str]:
        """Read every file that fits the pattern; a line that is torn holds no row."""
        names = sorted(set(keys.values()))
        found: Counter[str] = Counter()
        for name in sorted(glob.glob(str(Path(self._pattern).expanduser()), recursive=True)):  # noqa: PTH207 - a pattern may begin at the root
            for row in _rows(Path(name)):
                found.update(str(row[key]) for key in names if row.get(key) is not None)
        return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".csv":
        csv.field_size_limit(1 << 24)
        with path.open(newline="", encoding="utf-8", errors="replace") as lines:
            yield from csv.DictReader(lines)
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def _said(command: Sequence[str]) -> str:
    """Run a command and return its stdout."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_QUERY_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"The query cannot be run ({error}): correct it and check again."
        raise TargetCheckError(message) from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        message = (
            f"The query failed with exit code {done.returncode} ({''.join(last)[:300]}): "
            "correct it and check again."
        )
        raise TargetCheckError(message)
    return done.stdout.decode(errors="replace")
