"""A disk that is full: at the start, in mid-run, for good or for a while.

A bound on the size of the receiver's files stands in for a full disk: it needs no rights, hits a
running process, and can be lifted again.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tap_twitter_stream.spool.folder import in_memory
from tests.e2e.harness import Tap, capture, config_for, one_sentence, run
from twitter_stream_simulator import Scenario, Simulator

SEND: dict[str, Any] = {"do": "send", "posts": 40, "rate_per_s": "max"}
IDLE: dict[str, Any] = {"do": "idle"}


def fill_disk(tap: Tap, spool: Path) -> int:
    """Let the receiver's log grow no further; return the receiver's process."""
    receiver = tap.receiver()
    (segment,) = spool.glob("*.log")
    size = segment.stat().st_size
    resource.prlimit(receiver, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return receiver


def free_disk(receiver: int) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(receiver, resource.RLIMIT_FSIZE, unlimited)


def test_a_disk_full_at_the_start_is_named(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / ".spool.json.new").symlink_to("/dev/full")
    with Simulator() as sim:
        code, tap = run(tmp_path, config_for(sim, spool_dir=str(spool)))
    assert code == 1
    one_sentence(tap, "No space left on device", "Free disk space")
    assert not sim.oracle.connections


def test_a_full_disk_at_a_connections_end_waits_for_room(tmp_path: Path) -> None:
    """Its end cannot be noted, so nothing new is connected; with room again all goes on."""
    steps = [SEND, {"do": "silence", "seconds": 1.5}, {"do": "close"}]
    spool = tmp_path / "spool"
    with Simulator(Scenario(connections=[{"steps": steps}, {"steps": [SEND, IDLE]}])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(spool))) as tap:
            tap.has(40)
            receiver = fill_disk(tap, spool)
            tap.says("Reading has stopped meanwhile")
            assert len(sim.oracle.connections) == 1
            free_disk(receiver)
            tap.has(80)
            assert tap.stop() == 0, tap.stderr
        assert "the spool can be written again" in tap.stderr
        assert tap.ids() == sim.oracle.sent_ids()
    closed = [row for row in tap.records("capture_connections") if row.get("closed_at")]
    assert [row["messages"] for row in closed] == [40, 40]


def test_a_disk_that_stays_full_is_told_at_the_stop(tmp_path: Path) -> None:
    """What could not be stored is lost; what was stored is out, and the reason is said once."""
    steps = [SEND, {"do": "silence", "seconds": 1.5}, SEND, IDLE]
    spool = tmp_path / "spool"
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(spool))) as tap:
            tap.has(40)
            fill_disk(tap, spool)
            tap.says("Reading has stopped meanwhile")
            assert tap.stop() == 1
        one_sentence(tap, "The spool cannot be written", "Free disk space")
        assert tap.ids() == sim.oracle.sent_ids()[:40]


def test_a_disk_with_room_again_loses_nothing(tmp_path: Path) -> None:
    steps = [SEND, {"do": "silence", "seconds": 1.5}, SEND, IDLE]
    spool = tmp_path / "spool"
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(spool))) as tap:
            tap.has(40)
            receiver = fill_disk(tap, spool)
            tap.says("Reading has stopped meanwhile")
            free_disk(receiver)
            tap.has(80)
            assert tap.stop() == 0, tap.stderr
        assert tap.ids() == sim.oracle.sent_ids()


def test_a_spool_in_memory_is_warned_about(tmp_path: Path) -> None:
    """The start line says that it survives a crash, and in memory it does not survive much else."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of our own below it
    if not in_memory(shared):
        pytest.skip("no /dev/shm in memory here")
    with (
        tempfile.TemporaryDirectory(dir=shared) as folder,
        Simulator(Scenario(connections=[{"steps": [SEND, IDLE]}])) as sim,
    ):
        in_shared = capture(tmp_path, config_for(sim, spool_dir=f"{folder}/spool"), 40)
    assert f"spool_dir {folder}/spool is in memory" in in_shared.stderr


def test_a_state_ahead_of_the_spool_hides_nothing(tmp_path: Path) -> None:
    """As after a power cut that took the log's tail: what comes next is emitted all the same."""
    steps = {"steps": [SEND, IDLE]}
    with Simulator(Scenario(connections=[steps] * 3)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        first = capture(tmp_path, config, 40)
        state = first.states[-1]
        state["bookmarks"]["capture_windows"]["capture"]["position"] += 10_000_000
        second = capture(tmp_path, config, 40, state=state)
        assert (
            second.window["start_position"]
            == state["bookmarks"]["capture_windows"]["capture"]["position"]
        )
        third = capture(tmp_path, config, 40, state=second.states[-1])
    assert "STATE is ahead of the spool" in second.stderr
    assert "ahead of the spool" not in third.stderr
    assert first.ids() + second.ids() + third.ids() == sim.oracle.sent_ids()


def test_room_that_comes_with_the_stop_is_used(tmp_path: Path) -> None:
    steps = [SEND, {"do": "silence", "seconds": 1.5}, SEND, IDLE]
    spool = tmp_path / "spool"
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(spool))) as tap:
            tap.has(40)
            receiver = fill_disk(tap, spool)
            tap.says("Reading has stopped meanwhile")
            free_disk(receiver)
            assert tap.stop() == 0, tap.stderr
        assert len(tap.ids()) > 40
        assert tap.ids() == sim.oracle.sent_ids()[: len(tap.ids())]
