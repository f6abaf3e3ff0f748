"""The two-minute demo of the README, shortened: it is what a newcomer sees first."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def demo(output: Path) -> str:
    """Run it for three seconds; a failure shows what it said."""
    command = [sys.executable, "-m", "scripts.demo", "--seconds", "3", "--rate", "50"]
    ended = subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def posts(said: str) -> tuple[int, int]:
    """Return the rows of ``tweets`` before and after a run, from the table it printed."""
    found = re.search(r"^tweets +([\d,]+) +([\d,]+)$", said, re.MULTILINE)
    assert found is not None, said
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def test_second_demo_continues_the_first(tmp_path: Path, target: Callable[[str], Path]) -> None:
    """Takes some 12 s: two runs of three seconds, each starting four processes."""
    target("target-duckdb")
    first, second = demo(tmp_path), demo(tmp_path)
    assert "continuing from" not in first
    assert "continuing from" in second
    assert posts(first)[0] == 0 < posts(first)[1] == posts(second)[0] < posts(second)[1]
    (command,) = re.findall(r"^  (\S+ -c \".+\")$", first, re.MULTILINE)
    asked = subprocess.run(
        shlex.split(command), cwd=ROOT, check=False, capture_output=True, text=True, timeout=HANG_S
    )
    assert asked.returncode == 0, asked.stderr
    assert "created_at" in asked.stdout
    assert ": equal" in first
    assert ": equal" in second
    assert "SIMULATED-BEARER-TOKEN" not in "".join(
        path.read_text() for path in tmp_path.glob("*.json*")
    )
