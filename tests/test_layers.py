"""Which module may import what: read from the source, so that a lazy import counts too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tap_twitter_stream"
NAME = PACKAGE.name
MODULES = sorted(PACKAGE.rglob("*.py"))
SIMULATOR = sorted((ROOT / "twitter_stream_simulator").rglob("*.py"))

# A room may import rooms of its own height or lower. A new module gets its height here.
HEIGHT = {
    "errors": 0, "clock": 0, "disk": 0, "instants": 0, "schema": 0, "state": 0,
    "wire": 1, "policy": 1, "coverage": 1, "columns": 1,
    "settings": 2, "connection": 2,
    "spool": 3, "api": 3, "emit": 3,
    "capture": 4, "receive": 4, "replay": 4,
    "open_connections": 4, "connection_frames": 4, "delivery": 4, "records": 4, "replay_options": 4,
    "archive": 4, "source": 4, "capture_books": 4, "certificate": 4, "metrics": 4, "progress": 4,
    "sealing": 4, "receiving": 4, "starts": 4, "redrive": 4,
    "tools": 4, "run": 5, "streams": 5, "tap": 5, "cli": 5,
    "__init__": 5, "__main__": 5,
}  # fmt: skip
PURE = {"wire", "policy", "coverage", "columns"}
IMPURE = {
    "asyncio", "http", "httpx", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
    "random", "requests", "secrets", "select", "selectors", "shutil", "signal", "singer_sdk",
    "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib3", "uuid",
}  # fmt: skip
MAY_IMPORT_SINGER = {"tap", "streams", "emit", "metrics"}
MAY_IMPORT_TIME = {"clock"}


def room(module: Path) -> str:
    """Return the first name below the package: ``wire`` for wire/lines.py, ``tap`` for tap.py."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(module: Path) -> set[str]:
    """Return the absolute dotted names a file imports, relative ones resolved."""
    package = module.relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join((*base, *(node.module or "").split("."))).strip(".")
            found |= {f"{start}.{alias.name}" for alias in node.names}
    return found


def rooms_used(module: Path) -> set[str]:
    """Return the rooms of the product that a file reaches into, its own left out."""
    parts = (name.split(".") for name in imports(module))
    inner = {part[1] for part in parts if part[0] == NAME and len(part) > 1}
    return {name for name in inner if not name.startswith("__")} - {room(module)}


def outside(module: Path) -> set[str]:
    """Return the top names of everything else a file imports."""
    return {name.split(".")[0] for name in imports(module)} - {NAME}


def ids(module: Path) -> str:
    """Name a case after the file it reads."""
    return str(module.relative_to(PACKAGE))


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_imports_point_downwards(module: Path) -> None:
    used = rooms_used(module) & HEIGHT.keys()
    assert room(module) in HEIGHT, f"give {room(module)} its height in {Path(__file__).name}"
    assert {name for name in used if HEIGHT[name] > HEIGHT[room(module)]} == set()


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) in PURE], ids=ids)
def test_pure_rooms_touch_neither_the_world_nor_each_other(module: Path) -> None:
    assert outside(module) & IMPURE == set()
    assert rooms_used(module) & PURE == set()


@pytest.mark.parametrize("module", SIMULATOR, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_simulator_imports_nothing_of_the_product(module: Path) -> None:
    assert NAME not in {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_few_rooms_know_the_sdk_and_the_clock(module: Path) -> None:
    found = outside(module)
    assert "singer_sdk" not in found or room(module) in MAY_IMPORT_SINGER
    assert "time" not in found or room(module) in MAY_IMPORT_TIME
