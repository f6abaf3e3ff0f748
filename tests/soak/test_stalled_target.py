"""A target that stands still while the stream runs fast. ``TAP_SOAK=1``: ten minutes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

from tests.e2e.figures import note
from tests.e2e.harness import config_for, wait_until
from tests.e2e.pipeline import Pipeline
from tests.soak.test_endurance import LONG, every, memory_mb, rounded
from twitter_stream_simulator import Scenario, Simulator

STALL_S, RATE_PER_S = (600.0, 5000) if LONG else (4.0, 500)
AFTER_S = 120.0 if LONG else 2.0  # how long posts go on coming while the target catches up
LEFT_POSTS = RATE_PER_S  # a second behind is as good as caught up
SPOOL_BYTES = 24 << 30
LONGEST_S = 1800.0


def test_a_target_that_stands_still_costs_no_post_and_no_memory(tmp_path: Path) -> None:
    """5,000 posts/s while the target is stopped for ten minutes (short form: 500/s, 4 s: takes 7).

    The connection lives on, memory stays flat, and afterwards all is emitted, each post once.
    """
    posts = int(RATE_PER_S * (STALL_S + AFTER_S))
    scenario = Scenario(
        rate_per_s=RATE_PER_S,
        connections=[{"steps": [{"do": "send", "posts": posts}, {"do": "idle"}]}],
    )
    command = [sys.executable, str(Path(__file__).with_name("counting_target.py"))]
    samples, pause = [], threading.Event()
    with Simulator(scenario) as sim:
        spool = tmp_path / "spool"
        config = config_for(
            sim,
            spool_dir=str(spool),
            spool_max_bytes=SPOOL_BYTES,
            state_interval_seconds=1,
            shutdown_grace_seconds=60,
        )
        with Pipeline(tmp_path, config, command) as line:
            receiver = line.find_receiver()
            behind = partial(_behind, line, sim)
            assert wait_until(lambda: sim.oracle.sent_total > RATE_PER_S)
            os.kill(line.target.pid, signal.SIGSTOP)
            for _ in every(0.5, STALL_S):
                samples.append(memory_mb(line.tap.pid, receiver))
                pause.wait(0.5)
            waiting = behind()
            spooled = sum(path.stat().st_size for path in spool.rglob("*") if path.is_file())
            os.kill(line.target.pid, signal.SIGCONT)
            sent_then = sim.oracle.sent_total
            began_s = time.monotonic()
            assert wait_until(lambda: behind() < LEFT_POSTS, LONGEST_S), line.said()
            caught_up_s = time.monotonic() - began_s
            came_since = sim.oracle.sent_total - sent_then
            assert wait_until(lambda: sim.oracle.sent_total >= posts and not behind(), LONGEST_S)
            ((connection),) = sim.oracle.connections  # X never saw a slow reader
            assert connection.is_open
            line.tap.terminate()
            assert line.ended(60) == (0, 0), line.said()
        sent = [int(one) for one in sim.oracle.sent_ids()]
    assert line.acknowledged() == {"posts": len(sent), "ids": sum(sent)}
    assert len(sent) == posts
    warm = samples[len(samples) // 4 :]
    assert max(warm) < warm[0] + 15
    note(
        f"target stopped at {RATE_PER_S} posts/s",
        {
            "seconds": STALL_S,
            "posts_waiting": waiting,
            "posts": posts,
            "spool_mb": round(spooled / 1e6),
            "memory_mb": rounded(samples),
            "seconds_to_catch_up": round(caught_up_s, 1),
            "posts_a_second": round((waiting + came_since) / caught_up_s),
        },
    )


def _behind(line: Pipeline, sim: Simulator) -> int:
    """Return how many of the posts sent the target has not counted yet."""
    counted = line.acknowledged()
    return sim.oracle.sent_total - (counted["posts"] if counted else 0)
