"""The files around the code: what must never stand in them, and what must stay in step."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement

from scripts.make_meltano_yml import with_settings
from scripts.mutants import MUTANTS, Mutant
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MADE_FOLDERS = {"__pycache__", "build", "demo-output", "dist", "output"}
# One bracket in each keeps this file from finding itself.
FORBIDDEN = {
    "a path of somebody's machine": r"/(?:roo[t]|wor[k]|Use[r]s|hom[e]/\w+)/|/tm[p]/",
    "the address of a package registry": r"pyp[i]\.org|pythonhoste[d]|npmj[s]\.|index-ur[l]",
    "a bearer token of X": r"A{1[8]}|AAAAAAAAAAAAAAAAA[A]",
}


def files() -> Iterator[Path]:
    """Yield every file of the checkout that belongs in it, without asking git."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in MADE_FOLDERS and (name == ".ci" or not name.startswith("."))
        ]
        made = (".git", ".pyc", ".duckdb")  # in a second work tree of git, `.git` is a file
        yield from (Path(folder, name) for name in names if not name.endswith(made))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in files())
    hits = {str(path.relative_to(ROOT)) for path, text in texts if pattern.search(text)}
    assert hits == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.promise} {one.what}")
def test_every_mutant_finds_the_line_it_changes(mutant: Mutant) -> None:
    text = (ROOT / "tap_twitter_stream" / mutant.path).read_text(encoding="utf-8")
    assert text.count(mutant.before) == 1
    assert any((ROOT / name).exists() for name in mutant.tests)


def test_every_make_target_is_explained_and_phony() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    phony = set(text.partition(".PHONY:")[2].partition("\n")[0].split())
    listed = subprocess.check_output(["make", "-C", ROOT, "help"], text=True)  # noqa: S607
    assert phony == targets
    assert set(re.findall(r"make ([a-z]+) +\w", listed)) == targets


@pytest.mark.parametrize("name", ["scripts/setup", "scripts/constraints", ".ci/run"])
def test_shell_scripts_parse_and_can_be_run(name: str) -> None:
    shell = "bash" if name == ".ci/run" else "sh"
    subprocess.run([shell, "-n", ROOT / name], check=True)
    assert os.access(ROOT / name, os.X_OK)


def test_changelog_has_room_for_the_next_change() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_every_direct_dependency_is_pinned() -> None:
    # Read as text: Python 3.10 has no TOML reader. What comes before the tools is all about needs.
    text = (ROOT / "pyproject.toml").read_text().partition("\n[tool.")[0]
    wanted = re.findall(r'^  "([\w-]+)(?:\[\w+\])?(?:[~<>=]=[^"]+)?",$', text, re.MULTILINE)
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert {"singer-sdk", "pytest", "ruff"} <= set(wanted)
    assert {name.lower() for name in wanted} <= set(pinned)


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("*.in")), ids=lambda p: p.stem)
def test_every_target_has_its_pins(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", path.with_suffix(".txt").read_text(), re.MULTILINE))
    assert all(pins[need.name] in need.specifier for need in map(Requirement, lines))


def test_pins_carry_no_address_and_no_hash() -> None:
    for path in [ROOT / "constraints.txt", *(ROOT / "constraints").glob("*.txt")]:
        assert not re.search(r"://|--|@", path.read_text()), path.name


def test_meltano_lists_the_settings_of_the_tap() -> None:
    text = (ROOT / "meltano.yml").read_text()
    extractors = yaml.safe_load(text)["plugins"]["extractors"]
    assert with_settings(text) == text
    for extractor in extractors:
        assert extractor["config"].keys() <= SETTINGS_SCHEMA["properties"].keys()


def test_meltano_pins_the_targets_like_everything_else_here() -> None:
    loaders = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["loaders"]
    for loader in loaders:
        source = (ROOT / "constraints" / f"{loader['name']}.in").read_text().splitlines()
        assert loader["pip_url"].split() == [line for line in source if not line.startswith("#")]
