"""How often each client connects when the server ends every response at once, cleanly."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import peer, tap_config
from bench.generator import serving
from bench.measure import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.generator import Source

CLIENTS = ("tap", "tweepy", "twarc2")


def connects(client: str, seconds: float) -> int:
    """Count the connects of one client within so many seconds of its first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        oracle = folder / "oracle.jsonl"
        with serving({"connections": [{"steps": [{"do": "close"}]}]}, oracle) as source:
            _run_for(_command(client, source, folder), seconds + 2.0)
        entries = [json.loads(line) for line in oracle.read_text().splitlines()]
    opened_s = [entry["t"] for entry in entries if entry["kind"] == "opened"]
    return sum(at_s - opened_s[0] <= seconds for at_s in opened_s) if opened_s else 0


def _command(client: str, source: Source, folder: Path) -> Sequence[str]:
    return tap_config(source, folder) if client == "tap" else peer(client)(source, folder, False)  # noqa: FBT003


def _run_for(command: Sequence[str], seconds: float) -> None:
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    for name in sys.argv[1:] or CLIENTS:
        print(name, connects(name, 10.0))
