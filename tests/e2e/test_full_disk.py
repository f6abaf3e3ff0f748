"""A disk that is really full: a small file system that the test mounts, and a file that fills it.

Unlike the bounds of ``test_bad_disk.py`` it stops all that is written there, the ids and the budget
as well as the log, and has borders of its own. Where no disk can be mounted the tests say so.
"""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.harness import Tap, capture, config_for, one_sentence, run, wait_until
from tests.e2e.small_disk import SmallDisk, small_disk
from tests.limits import HANG_S
from tests.soak.test_random_faults import happened_s, instant
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
SEND: dict[str, Any] = {"do": "send", "posts": 40, "rate_per_s": "max"}
IDLE: dict[str, Any] = {"do": "idle"}
LAG_S = 2.0  # as X does, the simulator sends some posts 1.5 s after their ids say they were made


@pytest.fixture(params=["ext4", "tmpfs"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path, request.param, 64 * MIB) as mounted:
        mounted.fill(leave_bytes=8 * MIB)  # so that the rest is filled in no time
        yield mounted


@pytest.fixture(params=["ext4", "tmpfs"])
def tiny_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path, request.param, 8 * MIB) as mounted:
        yield mounted


def spool_of(disk: SmallDisk, **more: object) -> dict[str, Any]:
    return {"spool_dir": str(disk.root / "spool"), "state_interval_seconds": 0.2, **more}


def fill_beside(tap: Tap, disk: SmallDisk) -> None:
    """Fill the disk until the tap has noticed.

    It stands still meanwhile, as what it writes could leave some room; and that is done twice, as
    a write that fails makes some on tmpfs.
    """
    pids = (tap.process.pid, tap.receiver())
    for _ in range(2):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            assert wait_until(partial(stands_still, pid))
        disk.fill()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        tap.says("Reading has stopped meanwhile")


def stands_still(pid: int) -> bool:
    """Whether every thread of a process has been stopped."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def check_ledger(sim: Simulator, *taps: Tap) -> set[str]:
    """Return what was lost before the last run's end; each post of it must lie in a gap."""
    sim.catch_up()
    lost = {*sim.oracle.sent_ids(), *sim.oracle.lost_ids()}
    lost -= {one for tap in taps for one in tap.ids()}
    rows = [row for tap in taps for row in tap.records("capture_gaps")]
    ended_s = instant(taps[-1].window["ended_at"])
    lost = {one for one in lost if happened_s(one) < ended_s - LAG_S}
    for post_id in lost:
        at_s = happened_s(post_id)
        assert any(
            instant(row["started_at"]) - LAG_S <= at_s <= instant(row["ended_at"]) + LAG_S
            for row in rows
        ), (post_id, at_s, sorted(map(str, rows)))
    return lost


def test_a_disk_full_for_longer_than_x_waits_costs_what_the_ledger_names(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """X holds what the kernel's buffers do not, then drops the connection: some ten seconds.

    Mutation: begin the gap when the end of the connection was found out.
    """
    patience = {"seconds": 0.5, "notice": False}
    with Simulator(Scenario(rate_per_s=1000, slow_reader=patience)) as sim:
        with Tap(tmp_path, config_for(sim, **spool_of(disk))) as tap:
            tap.has(500)
            fill_beside(tap, disk)
            assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
            # The tap cannot know of that before there is room.
            assert wait_until(lambda: time.time() > (sim.oracle.connections[0].closed_s or 0) + 3)
            disk.free()
            assert sim.wait_for(lambda: len(sim.oracle.connections) == 2, HANG_S)
            tap.has(len(sim.oracle.sent_ids()) + 2000)
            assert tap.stop() == 0, tap.stderr
        assert sim.oracle.connections[0].ending == "slow_reader"
        assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
    assert "the spool can be written again" in tap.stderr
    check_books(tap.window)
    assert check_ledger(sim, tap)
    assert len(set(tap.ids())) == len(tap.ids())


def test_a_run_that_ends_on_a_full_disk_hands_over_to_the_next(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """The end of the connection cannot be noted either: the next run finds out, and says so."""
    with Simulator(Scenario(rate_per_s=1000)) as sim:
        config = config_for(sim, **spool_of(disk))
        with Tap(tmp_path, config) as first:
            first.has(500)
            fill_beside(first, disk)
            assert first.stop() == 1, first.stderr
        one_sentence(first, "No space left on device", "Free disk space")
        disk.free()
        second = capture(tmp_path, config, 3000, state=first.states[-1])
    assert check_ledger(sim, first, second)
    ids = first.ids() + second.ids()
    assert len(set(ids)) == len(ids)


def test_a_start_on_a_full_disk_leaves_the_spool_to_a_later_one(
    disk: SmallDisk, tmp_path: Path
) -> None:
    script = {"steps": [SEND, IDLE]}
    with Simulator(Scenario(connections=[script] * 2)) as sim:
        config = config_for(sim, **spool_of(disk))
        with Tap(tmp_path, config) as killed:
            killed.has(40)
            killed.receiver()
        disk.fill()
        code, refused = run(tmp_path, config)
        assert code == 1
        one_sentence(refused, "No space left on device", "Free disk space")
        assert not refused.records("tweets")
        assert len(sim.oracle.connections) == 1
        disk.free()
        last = capture(tmp_path, config, 80)
        assert last.ids() == sim.oracle.sent_ids()


def test_rules_wait_for_room(disk: SmallDisk, tmp_path: Path) -> None:
    words = " OR ".join(f"word{number}" for number in range(40))
    rules = [{"value": f"{words} OR other{number}"} for number in range(100)]
    with Simulator(Scenario(connections=[{"steps": [SEND, IDLE]}])) as sim:
        config = config_for(sim, **spool_of(disk))
        (disk.root / "spool").mkdir()
        disk.fill(leave_bytes=24 << 10)  # room for the run's first frames, but not for all that
        with Tap(tmp_path, {**config, "rules": rules}) as tap:
            tap.says("rules: The spool cannot be written (No space left on device)")
            assert not sim.oracle.connections
            disk.free()
            tap.has(40)
            assert tap.stop() == 0, tap.stderr
    assert len(tap.records("rules")) >= len(rules)


def test_a_spool_that_fills_its_disk_makes_room_of_what_was_emitted(
    tiny_disk: SmallDisk, tmp_path: Path
) -> None:
    """Mutation: wait for room. Nobody else takes any here, so it would never come."""
    posts = 7000  # of 3.5 KB, on 8 MiB
    steps = [{"do": "send", "posts": posts, "rate_per_s": "max"}, IDLE]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        config = config_for(sim, **spool_of(tiny_disk, spool_max_bytes=12 * MIB))
        tap = capture(tmp_path, config, posts)
        assert tap.ids() == sim.oracle.sent_ids()
    assert "The disk of the spool is full: what was emitted longest ago is dropped" in tap.stderr
