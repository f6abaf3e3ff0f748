"""Spools, STATEs and datasets of earlier versions are read as they were written (G12)."""

from __future__ import annotations

import json
import lzma
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_twitter_stream.cli.state import state as state_command
from tap_twitter_stream.coverage.gaps import GapPolicy
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.spool.folder import identity, segments
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.state import CaptureState, from_bookmark
from tests.docs.pages import ROOT
from tests.e2e import datasets
from tests.e2e.harness import capture, config_for, run
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ROOT / "tests/data/formats"
VERSIONS = sorted(path.name for path in FORMATS.iterdir() if path.is_dir())
STREAMS = sorted(path.stem for path in (ROOT / "schemas").glob("*.json"))
STATES = 5  # none, and four of the two runs


def unpacked(version: str, name: str, folder: Path) -> Path:
    with tarfile.open(FORMATS / version / name) as archive:
        for member in archive.getmembers():
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            file = archive.extractfile(member)
            assert file
            path.write_bytes(file.read())
    return folder


def recorded(version: str, number: int) -> dict[str, Any]:
    with lzma.open(FORMATS / version / "replays.json.xz") as file:
        found: dict[str, Any] = json.load(file)[number]
    return found


def replayed(folder: Path, state: CaptureState | None) -> tuple[list[list[Any]], dict[str, Any]]:
    """Replay a log; return its rows with their streams, and the last STATE's bookmark."""
    output = Output()
    emitter = Emitter(output, {name: RawLane(name) for name in STREAMS})
    policy = GapPolicy({"filtered"})
    options = ReplayOptions(identity(folder), 65_536, tag_prefix="e2e:", gaps=policy)
    replay = Replay(options, emitter, Dedupe(3600.0, 10_000), state)
    start = max(state.read_from if state else 0, segments(folder)[0].base)
    reader = LogReader(folder, start, verify_before=1 << 62)
    while frames := reader.read():
        for frame in frames:
            replay.handle(frame)
    reader.close()
    lines = b"".join(bytes(part) for part in output.parts).split(b"\n")
    messages = [json.loads(line) for line in lines if line]
    rows = [[one["stream"], one["record"]] for one in messages]
    return rows, json.loads(json.dumps(replay.export().to_bookmark()))


@pytest.mark.parametrize("number", range(STATES))
@pytest.mark.parametrize("version", VERSIONS)
def test_a_log_replays_to_the_rows_that_its_own_version_made_of_it(
    tmp_path: Path, version: str, number: int
) -> None:
    folder, then = unpacked(version, "spool.tar.xz", tmp_path), recorded(version, number)
    state = None
    if then["state"]:
        state, complaint = from_bookmark(then["state"]["bookmarks"]["capture_windows"]["capture"])
        assert (state is not None, complaint) == (True, "")
    rows, last = replayed(folder, state)
    assert rows == then["rows"]
    assert last == then["last"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_logs_have_something_of_everything(version: str) -> None:
    streams = {stream for stream, _ in recorded(version, 0)["rows"]}
    assert streams >= {
        *("tweets", "tweet_rules", "rules", "errors", "notices", "dead_letters"),
        *("capture_connections", "capture_gaps", "capture_windows"),
    }
    assert recorded(version, STATES - 1)["rows"] == [], "the last STATE covers the whole log"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_goes_on_from_a_spool(tmp_path: Path, version: str) -> None:
    spool = unpacked(version, "spool.tar.xz", tmp_path / "spool")
    then = recorded(version, 1)
    with Simulator(Scenario()) as sim:
        tap = capture(
            tmp_path, config_for(sim, spool_dir=str(spool)), len(then["rows"]), state=then["state"]
        )
        new = set(sim.oracle.sent_ids())
    assert live(tap.records("tweets"), new) == live(tweets(then["rows"]), new)


def tweets(rows: list[list[Any]]) -> list[dict[str, Any]]:
    return [record for stream, record in rows if stream == "tweets"]


def live(records: list[dict[str, Any]], new: set[str]) -> list[str]:
    """Return the ids that streams brought; what search found again depends on remembered ids."""
    return [one["id"] for one in records if one["_delivery"] == "live" and one["id"] not in new]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_goes_on_from_a_dataset(tmp_path: Path, version: str) -> None:
    folder = unpacked(version, "dataset.tar.xz", tmp_path)
    then = json.loads((FORMATS / version / "dataset.json").read_text())
    captures = folder / "captures"
    ended = CliRunner().invoke(state_command, [str(captures)])
    assert (ended.exit_code, json.loads(ended.output)) == (0, then["state"])
    with Simulator(Scenario()) as sim:
        more = {"batch_config": datasets.settings(captures), "max_records": 50}
        config = config_for(sim, spool_dir=str(folder / "spool"), **more)
        code, tap = run(tmp_path, config, state=then["state"])
        assert code == 0, tap.stderr
        new = sim.oracle.sent_ids()[:50]
    assert sorted(datasets.ids(captures)) == sorted([*then["ids"], *new])
