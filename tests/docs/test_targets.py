"""docs/how-to/targets.md: configurations and commands work as they stand, the table is current."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.make_target_checks import END, HEAD, MARK, SETUPS
from tests.docs.pages import page
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.postgres import PostgresServer

PAGE = page("how-to/targets.md")
CONFIGS = dict(re.findall(r"\n## target-(\w+)\n\n```json\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = {
    re.findall(r"-- target-(\w+)", line)[0]: line.removeprefix("$ ")
    for line in re.findall(r"^\$ twitter-stream .*", PAGE, re.MULTILINE)
}
LESS = " check-target --kills 1 --terms 1 --records 100 --seed 5 "


def table() -> list[str]:
    inside = PAGE.partition(MARK)[2].partition(END)[0]
    return inside.strip().splitlines()


def typed(
    name: str, folder: Path, programs: list[Path], **more: str
) -> subprocess.CompletedProcess[str]:
    """Type the command of a target, with fewer kills, where its configuration stands."""
    path = [Path(sys.executable).parent, *programs, os.environ["PATH"]]
    return subprocess.run(
        ["/bin/sh", "-c", COMMANDS[name].replace(" check-target ", LESS)],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(map(str, path)), **more},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("duckdb", "STATE can be trusted"),
        ("csv", "STATE can be trusted, but the target acknowledges only when its input ends"),
        ("jsonl", "STATE can be trusted, but the target acknowledges only when its input ends"),
    ],
)
def test_the_command_for_a_target_works_as_written(
    tmp_path: Path, target: Callable[[str], Path], name: str, sentence: str
) -> None:
    """Takes some 6 s each: the target is started four times."""
    (tmp_path / f"{name}.json").write_text(CONFIGS[name])
    done = typed(name, tmp_path, [target(f"target-{name}").parent])
    assert done.stdout.startswith(sentence), done.stdout + done.stderr
    assert done.returncode == 0


def test_the_command_for_postgres_works_as_written(
    tmp_path: Path, target: Callable[[str], Path], newest_postgres: PostgresServer
) -> None:
    """Takes some 12 s: the target is started four times."""
    own = newest_postgres.database("warehouse")
    config = {**json.loads(CONFIGS["postgres"]), **own.target_config()}
    config["default_target_schema"] = "twitter"
    (tmp_path / "postgres.json").write_text(json.dumps(config))
    place = {"PGHOST": own.host, "PGPORT": str(own.port), "PGUSER": own.user}
    done = typed("postgres", tmp_path, [target("target-postgres").parent, own.programs], **place)
    assert done.stdout.startswith("STATE can be trusted, but"), done.stdout + done.stderr
    assert done.returncode == 0
    assert "replaces rows by their key" in done.stdout


def test_every_target_of_the_page_has_its_configuration_and_its_command() -> None:
    named = set(re.findall(r"target-(\w+)", PAGE.partition("| Rows equal")[0]))
    assert named == set(CONFIGS) == set(COMMANDS)


def test_the_table_has_the_rows_that_its_script_makes() -> None:
    assert table()[:2] == HEAD.splitlines()
    assert [line[2:].partition(" | ")[0] for line in table()[2:]] == list(SETUPS)


def test_the_table_shows_both_traps() -> None:
    lost = {line[2:].partition(" | ")[0]: line.split(" | ")[2] for line in table()[2:]}
    assert {name for name, number in lost.items() if number != "none"} == {
        "target-duckdb, `batch_size_rows` 500",
        "target-csv, `{stream_name}.csv`",
    }
