"""``tap | target > states``: what a runner starts, with every end of it in the test's hands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import IO, TYPE_CHECKING

from tests.e2e.harness import (
    Json,
    arguments,
    children,
    environment,
    is_running,
    wait_until,
    written,
)
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typing_extensions import Self


def duckdb_command(binary: Path, folder: Path) -> list[str]:
    """Return the command of target-duckdb that writes ``folder / "out.duckdb"``."""
    config = {
        "path": str(folder / "out.duckdb"),
        "default_target_schema": "main",
        # Without it the target hands back a STATE that covers rows it still holds in memory.
        "flush_all_streams": True,
    }
    return [str(binary), "--config", written(folder / "target.json", config)]


class Pipeline:
    """A tap, its receiver and a target. What still runs when the block ends is killed."""

    def __init__(
        self,
        folder: Path,
        config: object,
        target: Sequence[str],
        *,
        state: object = None,
        catalog: object = None,
    ) -> None:
        self._states = folder / "acknowledged.jsonl"
        self._logs = [folder / "tap.log", folder / "target.log"]
        with self._opened(self._logs[0]) as tap_log, self._opened(self._logs[1]) as target_log:
            self.tap = subprocess.Popen(
                arguments(folder, config, state=state, catalog=catalog),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=tap_log,
                env=environment(folder),
            )
            with self._states.open("wb") as states:
                self.target = subprocess.Popen(
                    target,
                    stdin=self.tap.stdout,
                    stdout=states,
                    stderr=target_log,
                    env={**os.environ, "PYTHONUTF8": "1"},
                )
        assert self.tap.stdout is not None
        self.tap.stdout.close()  # the target's end is the only one left
        self.receiver = 0

    @staticmethod
    def _opened(path: Path) -> IO[bytes]:
        return path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in (self.receiver, *children(self.tap.pid), self.tap.pid, self.target.pid):
            if pid and is_running(pid):
                os.kill(pid, signal.SIGKILL)
        self.tap.wait()
        self.target.wait()

    def find_receiver(self) -> int:
        """Wait for the receiver process and return its id."""
        assert wait_until(lambda: bool(children(self.tap.pid))), self.said()
        self.receiver = children(self.tap.pid)[0]
        return self.receiver

    def ended(self, timeout_s: float = HANG_S) -> tuple[int, int]:
        """Wait for both ends, and for the receiver's; return the exit codes."""
        codes = self.tap.wait(timeout_s), self.target.wait(timeout_s)
        assert not self.receiver or wait_until(lambda: not is_running(self.receiver), HANG_S)
        return codes

    def stop(self) -> tuple[int, int]:
        """Stop as a runner does, and return the exit codes."""
        self.tap.terminate()
        return self.ended()

    def acknowledged(self) -> Json | None:
        """Return the last whole STATE that the target printed, None when there is none."""
        lines = self._states.read_text().split("\n")[:-1]
        return json.loads(lines[-1]) if lines else None

    def said(self) -> str:
        """Return the end of both logs."""
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in self._logs)
