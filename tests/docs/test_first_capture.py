"""docs/tutorial/first-capture.md works as written, from the first command to the last."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import blocks, page
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = "8021"


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


class Shell:
    """Runs the commands of a page in one folder; what it put into the background ends with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._env = {**os.environ, "PATH": path}
        self._background: list[subprocess.Popen[bytes]] = []

    def run(self, command: str) -> str:
        """Return what a command prints; it must succeed."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def begin(self, command: str) -> None:
        """Start a command that goes on."""
        shell = ["/bin/sh", "-c", f"exec {command}"]
        self._background.append(subprocess.Popen(shell, cwd=self._folder, env=self._env))

    def close(self) -> None:
        for process in self._background:
            process.kill()
            process.wait()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    yield opened
    opened.close()


def ids(path: Path) -> list[str]:
    # Not splitlines(): texts hold other line ends, U+2028 for one.
    messages = [json.loads(line) for line in path.read_text().split("\n") if line]
    tweets = [one for one in messages if one["type"] == "RECORD" and one["stream"] == "tweets"]
    return [one["record"]["id"] for one in tweets]


def test_the_tutorial_works_as_written(tmp_path: Path, shell: Shell) -> None:
    """Takes some 20 s: it has two runs of eight seconds."""
    text = page("tutorial/first-capture.md").replace(PORT, free_port())
    for name, content in zip(("outage.json", "config.json"), blocks(text, "json"), strict=True):
        (tmp_path / name).write_text(content)
    commands = [
        line.removeprefix("$ ") for one in blocks(text, "console") for line in one.splitlines()
    ]
    printed = {}
    for command in commands:
        if command.endswith(" &"):
            shell.begin(command.removesuffix(" &"))
            shell.run("until grep -q url simulator.json; do sleep 0.1; done")
        else:
            printed[command] = shell.run(command)
    found = [out for command, out in printed.items() if command.startswith("grep")]
    total, gap, window = found[0], json.loads(found[1]), json.loads(found[2])
    first, second = ids(tmp_path / "first.jsonl"), ids(tmp_path / "second.jsonl")
    assert int(total) == len(first) > 40
    assert gap["record"]["cause"] == "closed_by_server"
    assert (window["record"]["stop_reason"], window["record"]["connections_total"]) == (
        "max_run",
        2,
    )
    assert second
    assert not {*first} & {*second}
