"""Which file may import which: read from the source, so that lazy and typing imports count too."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
TAP, SIMULATOR = "tap_twitter_stream", "twitter_stream_simulator"

# The rooms of each package (a folder, or a file of the package's root), lowest first: a file may
# import its own room and lower ones. Rooms that do not exist yet keep their place.
ORDER = {
    TAP: (
        *("errors", "clock", "instants", "disk", "schema", "state"),  # ground
        "monitoring",
        *("speedups", "wire", "coverage", "policy", "columns"),  # pure
        *("rule_language", "reconcile", "billing"),
        "settings",
        *("api", "spool"),  # input and output
        *("receive", "service"),  # the walk of a byte: socket to log
        *("emit", "replay", "archive", "capture"),  # log to output
        "tools",
        *("streams", "tap", "airflow_provider", "cli", "__main__"),  # the edge
    ),
    SIMULATOR: (
        *("clock", "protocol", "material", "rules", "generation"),
        *("scenario", "oracle", "sending", "rest", "server", "simulator", "__init__"),
    ),
}
PURE = ("wire", "coverage", "policy", "columns", "rule_language", "reconcile", "billing")
IMPURE = {
    "asyncio", "http", "httpx", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
    "random", "requests", "secrets", "select", "selectors", "shutil", "signal", "singer_sdk",
    "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib3", "uuid",
}  # fmt: skip
# What the order would allow and the design does not.
NEVER = {
    "coverage": {"wire"},
    "policy": {"wire", "coverage"},
    "columns": {"wire", "coverage", "policy"},
    "spool": {"api"},  # the log knows no network, the network no log
    "receive": {"monitoring"},
    "emit": {"api", "spool", "receive"},
    "replay": {"api", "receive", "settings", "columns"},  # a record is a function of log frames
    "archive": {"api", "receive"},
    "streams": {"api", "spool", "receive", "replay", "archive", "capture", "tools"},
}
MAY_IMPORT_SINGER = {"tap", "streams", "emit", "monitoring"}
MAY_IMPORT_TIME = {"clock"}
MOST_ROOT_FILES = 10


@cache
def modules() -> Mapping[str, Path]:
    """Return every file of both packages by its dotted name; a package stands for its __init__."""
    found = {}
    for package in ORDER:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """Return the absolute dotted names that a file imports, relative ones resolved."""
    path = modules()[module]
    package = path.relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join((*base, *(node.module or "").split("."))).strip(".")
            found |= {f"{start}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def arrows(module: str) -> frozenset[str]:
    """Return the files of the two packages that a file imports."""
    known = modules()
    found = {name if name in known else name.rpartition(".")[0] for name in imports(module)}
    return frozenset((found & known.keys()) - {module})


def room(module: str) -> str:
    """Return the first name below the package: ``wire`` for wire.lines, ``tap`` for tap."""
    return module.split(".")[1] if "." in module else "__init__"


def rooms_used(module: str) -> set[str]:
    """Return the rooms of its own package that a file reaches into, its own left out."""
    package = module.partition(".")[0]
    inner = {name for name in arrows(module) if name.partition(".")[0] == package}
    return {room(name) for name in inner} - {room(module)}


def outside(module: str) -> set[str]:
    """Return the top names of everything else that a file imports."""
    return {name.partition(".")[0] for name in imports(module)} - ORDER.keys()


def of(package: str) -> list[str]:
    """Return the files of a package."""
    return [name for name in modules() if name.partition(".")[0] == package]


TAP_FILES, SIMULATOR_FILES = of(TAP), of(SIMULATOR)


@pytest.mark.parametrize("module", [*TAP_FILES[1:], *SIMULATOR_FILES])
def test_imports_point_downwards(module: str) -> None:
    order = ORDER[module.partition(".")[0]]
    assert room(module) in order, f"give {room(module)} its place in {Path(__file__).name}"
    height = order.index(room(module))
    assert {name for name in rooms_used(module) if order.index(name) > height} == set()


def test_no_files_import_each_other_in_a_circle() -> None:
    """Take away what imports nothing that is left, until nothing is left: else name the rest."""
    left = {module: set(arrows(module)) for module in modules()}
    while ready := {module for module, used in left.items() if not used & left.keys()}:
        for module in ready:
            del left[module]
    assert left == {}


@pytest.mark.parametrize("module", [name for name in TAP_FILES if room(name) in PURE])
def test_pure_rooms_reach_nothing_outside(module: str) -> None:
    assert outside(module) & IMPURE == set()


@pytest.mark.parametrize("module", [name for name in TAP_FILES if room(name) in NEVER])
def test_rooms_that_have_no_business_with_each_other(module: str) -> None:
    assert rooms_used(module) & NEVER[room(module)] == set()


@pytest.mark.parametrize("module", TAP_FILES)
def test_few_rooms_know_the_sdk_and_the_clock(module: str) -> None:
    assert "singer_sdk" not in outside(module) or room(module) in MAY_IMPORT_SINGER
    assert "time" not in outside(module) or room(module) in MAY_IMPORT_TIME


def test_only_one_command_opens_the_simulators_door() -> None:
    users = {name: arrows(name) & set(SIMULATOR_FILES) for name in TAP_FILES}
    assert {name: used for name, used in users.items() if used} == {
        f"{TAP}.cli.simulate": {SIMULATOR}
    }


@pytest.mark.parametrize("module", SIMULATOR_FILES)
def test_the_simulator_imports_nothing_of_the_tap(module: str) -> None:
    """One misreading of X's documents would hide in both."""
    assert TAP not in {name.partition(".")[0] for name in imports(module)}


@pytest.mark.parametrize("package", ORDER)
def test_a_packages_root_stays_small(package: str) -> None:
    assert len([path for path in (ROOT / package).iterdir() if path.is_file()]) <= MOST_ROOT_FILES


@pytest.mark.parametrize("module", [*TAP_FILES, *SIMULATOR_FILES])
def test_every_file_says_what_it_is(module: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[module].read_bytes()))
