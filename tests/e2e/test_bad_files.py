"""Config, catalog and state files that cannot be used, and streams that are not there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.harness import arguments, command, config_for, environment, written
from tests.limits import HANG_S
from twitter_stream_simulator import Scenario, Simulator

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "troubleshooting.md"
FILES = [
    ("--config", None, "cannot be read (No such file or directory)"),
    ("--config", b"", "is empty"),
    ("--config", b'{"api_url": 1,\n "b": }', "is no JSON (Expecting value at line 2 column 7)"),
    ("--config", b"[1]", "holds no JSON object"),
    ("--config", '{"progress": "off"}'.encode("utf-16"), "is not UTF-8 text"),
    ("--state", None, "cannot be read (No such file or directory)"),
    ("--state", b'{"bookmarks":', "is no JSON (Expecting value at line 1 column 14)"),
    ("--state", b'{"bookmarks": []}', "is no STATE (its bookmarks are no objects)"),
    ("--catalog", b'{"streams": "x"}', "is no Singer catalog"),
    ("--catalog", b'{"streams": []}', "names no stream of this tap"),
]
HANDLES = [
    (">&-", "Stdout is closed."),
    (">/dev/full", "Stdout cannot be written (No space left on device)."),
    ("| true", "Whatever read the tap's output has closed it."),
]


def said(command: list[str], folder: Path) -> tuple[int, bytes, list[str]]:
    """Run a command; return its code, what it wrote, and its lines of failure."""
    ended = subprocess.run(
        command, check=False, capture_output=True, timeout=HANG_S, env=environment(folder)
    )
    text = ended.stderr.decode()
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if "| CRITICAL" in line or "| ERROR" in line]
    return ended.returncode, ended.stdout, lines


@pytest.mark.parametrize(("option", "content", "words"), FILES)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, option: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / "given.json"
    if content is not None:
        path.write_bytes(content)
    with Simulator() as sim:
        command = [*arguments(tmp_path, config_for(sim)), option, str(path)]
        code, out, lines = said(command, tmp_path)
        assert not sim.oracle.connections
    assert (code, out) == (1, b"")
    (line,) = lines
    assert f"{option} {path} {words}: " in line


@pytest.mark.parametrize(("handles", "words"), HANDLES)
def test_a_stdout_that_takes_nothing_is_named(tmp_path: Path, handles: str, words: str) -> None:
    with Simulator() as sim:
        command = " ".join(arguments(tmp_path, config_for(sim, max_records=3)))
        _, _, lines = said(["sh", "-c", f"{command} {handles}"], tmp_path)
    (line,) = lines
    assert words in line


@pytest.mark.parametrize("handles", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_tap_without_stdin_or_stderr_captures(tmp_path: Path, handles: str) -> None:
    with Simulator() as sim:
        command = " ".join(arguments(tmp_path, config_for(sim, max_records=3)))
        code, out, _ = said(["sh", "-c", f"{command} {handles}"], tmp_path)
    messages = [json.loads(line) for line in out.strip().split(b"\n")]
    assert code == 0
    assert sum(one.get("stream") == "tweets" for one in messages if one["type"] == "RECORD") == 3
    assert messages[-1]["type"] == "STATE"


def test_a_locale_without_utf8_changes_nothing(tmp_path: Path) -> None:
    with Simulator() as sim:
        config = config_for(sim, max_records=3, rules=[{"value": "猫"}])
        plain = ["LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]
        code, _, lines = said(["env", *plain, *arguments(tmp_path, config)], tmp_path)
    assert (code, lines) == (0, [])


def test_the_troubleshooting_page_quotes_what_these_tests_see() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    quoted = {row.split("`")[1] for row in rows}
    seen = {words for _, _, words in FILES} | {words for _, words in HANDLES}
    assert quoted == seen | {
        "The spool cannot be written",
        "Reading has stopped meanwhile",
        "The spool cannot be forced to disk",
        "so it goes to dead_letters as",
        "bytes of a half-written frame were cut off",
    }


@pytest.mark.parametrize("content", ["", "null\n"])
def test_an_empty_state_is_a_first_run(tmp_path: Path, content: str) -> None:
    """As ``… | tail -1 > state.json`` leaves it when the first run wrote no STATE."""
    state = tmp_path / "empty.json"
    state.write_text(content)
    with Simulator(Scenario(rate_per_s="max")) as sim:
        config = written(tmp_path / "config.json", config_for(sim, max_records=5))
        code, said, log = command(tmp_path, "--config", config, "--state", str(state))
    assert code == 0, log
    assert said.count('"stream":"tweets","record"') == 5
    assert "is empty: this run starts without a STATE" in log
