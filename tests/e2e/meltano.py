"""A Meltano project in a folder of its own, made from the repository's meltano.yml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import children
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent.parent
TARGETS = ("target-duckdb", "target-jsonl", "target-postgres")
# A start of Meltano takes 3 s on a quiet machine.
PATIENCE_S = 4 * HANG_S


class Project:
    """What a data engineer has in front of her: the file, the command, and the environment.

    Args:
        folder: Where the project is made.
        target: Gives a tool's command, as the fixture of that name does. The plugins are not
            installed anew: the project uses the environments that the checkout has.
        env: Settings and secrets.
    """

    def __init__(
        self, folder: Path, target: Callable[[str], Path], env: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._meltano = target("meltano")
        text = (
            (ROOT / "meltano.yml").read_text().replace("pip_url: -e .\n", f"pip_url: -e {ROOT}\n")
        )
        commands = {name: str(target(name)) for name in TARGETS}
        commands["tap-twitter-stream"] = str(Path(sys.executable).with_name("tap-twitter-stream"))
        for name, command in commands.items():
            before, after = f"executable: {name}\n", f"executable: {command}\n"
            assert before in text
            text = text.replace(before, after)
        (folder / "meltano.yml").write_text(text)
        (folder / "output").mkdir()  # as the repository has it: target-duckdb does not make it
        self.env = {
            **os.environ,
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
            **(env or {}),
        }

    def command(self, *words: str) -> list[str]:
        """Return the command line of Meltano."""
        return [str(self._meltano), *words]

    def ended(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Meltano to its end, whatever the exit code."""
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def said(self, *words: str, **env: str) -> str:
        """Run Meltano, which must succeed, and return what it printed."""
        ended = self.ended(*words, **env)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start Meltano as a shell does: in a process group of its own."""
        with (self.folder / "meltano.log").open("ab") as log:
            return subprocess.Popen(
                self.command(*words),
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        """Return what the started commands said."""
        return (self.folder / "meltano.log").read_text(errors="replace")

    def state(self, state_id: str) -> dict[str, Any]:
        """Return the STATE that Meltano keeps under a name; empty when there is none."""
        found: dict[str, Any] = json.loads(self.said("state", "get", state_id) or "{}")
        return found


def family(pid: int) -> list[int]:
    """Return a process and all it started that still run, the parents first."""
    return [pid, *(one for child in children(pid) for one in family(child))]
