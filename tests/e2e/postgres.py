"""A real PostgreSQL server that a test starts for itself: no root, no port that anybody knows."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self

USER = "loader"
# fsync off: a test's database need not survive the machine.
_OPTIONS = ("fsync=off", "listen_addresses=127.0.0.1", "max_connections=50")


def debian_programs() -> Path | None:
    """Return the newest server of the Debian package, None when there is none."""
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return max(found, key=lambda path: int(path.parent.name), default=None)


@dataclass(frozen=True)
class Database:
    """One database of a server, with what a client needs to reach it."""

    programs: Path
    host: str
    port: int
    name: str
    user: str = USER

    def rows(self, sql: str) -> list[list[Any]]:
        """Return a query's rows, each value as JSON gives it."""
        wrapped = f"SELECT coalesce(json_agg(to_json(q)), '[]') FROM ({sql}) AS q"  # noqa: S608 - the test's own words
        said = self.psql(wrapped)
        return [list(row.values()) for row in json.loads(said)]

    def psql(self, sql: str) -> str:
        """Run one statement and return what it printed."""
        place = ["-h", self.host, "-p", str(self.port), "-U", self.user, "-d", self.name]
        quiet = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
        return subprocess.check_output([self.programs / "psql", *place, *quiet], text=True)

    def tables(self, schema: str = "x") -> set[str]:
        """Return the names of the tables in a schema."""
        sql = f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"  # noqa: S608 - the same
        return {name for (name,) in self.rows(sql)}

    def target_config(self, **more: object) -> dict[str, Any]:
        """Return the settings of target-postgres that load into the schema ``x``."""
        place = {"host": self.host, "port": self.port, "user": self.user, "password": "unused"}
        return {**place, "database": self.name, "default_target_schema": "x", **more}


class PostgresServer:
    """A server over a folder of its own; it is gone when the ``with`` block ends.

    Args:
        programs: Folder of ``initdb``, ``postgres`` and ``psql``.
    """

    def __init__(self, programs: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._numbers = itertools.count(1)
        # The server refuses to run as root, so root lends it an account that owns nothing else.
        self._account = "nobody" if os.geteuid() == 0 else None
        self.programs = self._reachable(programs)
        self.host, self.port = "127.0.0.1", _free_port()
        self.version = self._said("postgres", "--version").split()[2]
        self._process: subprocess.Popen[bytes] | None = None

    def _reachable(self, programs: Path) -> Path:
        """Return programs the account may run: a virtual environment may be hidden from it."""
        if self._account is None or programs.is_relative_to("/usr"):
            return programs
        shutil.chown(self._folder, self._account)
        package = programs.parent.parent
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(name), self._folder / name)
        return self._folder / package.name / programs.relative_to(package)

    def _said(self, program: str, *options: str) -> str:
        return subprocess.check_output(
            [self.programs / program, *options], text=True, cwd=self._folder, user=self._account
        )

    def __enter__(self) -> Self:
        if self._account:
            shutil.chown(self._folder, self._account)
        data = str(self._folder / "data")
        locale = ("-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._said("initdb", "-D", data, "-U", USER, "--auth=trust", *locale)
        command = [str(self.programs / "postgres"), "-D", data, "-p", str(self.port)]
        command += ["-k", str(self._folder)]
        command += [part for option in _OPTIONS for part in ("-c", option)]
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._account,
            )
        assert wait_until(self._answers), (self._folder / "server.log").read_text()
        return self

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "server.log").read_text()
        try:
            socket.create_connection((self.host, self.port), 1).close()
        except OSError:
            return False
        place = ["-h", self.host, "-p", str(self.port), "-U", USER, "-d", "postgres"]
        asked = [str(self.programs / "psql"), *place, "-X", "-q", "-c", "SELECT 1"]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The server's first process."""
        assert self._process is not None
        return self._process.pid

    def database(self, name: str = "") -> Database:
        """Make an empty database."""
        name = name or f"db{next(self._numbers)}"
        Database(self.programs, self.host, self.port, "postgres").psql(f"CREATE DATABASE {name}")
        return Database(self.programs, self.host, self.port, name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
