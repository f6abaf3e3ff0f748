"""The stall timer on a real socket. Its setting starts at 21 s, so the receiver runs by itself."""

from __future__ import annotations

import itertools
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.api.stream import StreamRequest
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.policy.governor import Governor
from tap_twitter_stream.receive.connect_budget import BudgetFile
from tap_twitter_stream.receive.endpoint_loop import Receiver, Target
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.spool.writer import LogWriter
from tests.e2e.harness import config_for
from tests.limits import HANG_S, Slowness
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

STALL_S = 1.0


def receive(sim: Simulator, folder: Path, connections: int) -> list[dict[str, Any]]:
    """Receive until the simulator has seen that many connections; return how each one ended."""
    settings = parse_settings(config_for(sim))
    clock = Clock()
    wake, wake_end = os.pipe()
    log = LogWriter(folder, max_bytes=1 << 30, durable=False, clock=clock, ring=lambda: None)
    url = sim.url + "/2/tweets/sample/stream"
    request = StreamRequest(url, {}, {}, connect_timeout_s=5.0, answer_timeout_s=5.0)
    numbers = itertools.count(1)
    receiver = Receiver(
        Target("sample", 0, request, STALL_S),
        session=partial(make_session, settings.network, sim.bearer_token),
        log=log,
        budget=BudgetFile(None, "app", "sample", limit=50, period_s=900.0),
        governor=Governor(),
        clock=clock,
        next_id=lambda: str(next(numbers)),
        wake_handle=wake,
    )
    thread = threading.Thread(target=receiver.run)
    thread.start()
    seen = sim.wait_for(lambda: len(sim.oracle.connections) >= connections, HANG_S)
    clock.stop()
    os.write(wake_end, b"x")
    thread.join(HANG_S)
    log.close()
    os.close(wake)
    os.close(wake_end)
    assert seen
    reader = LogReader(folder, 0, verify_before=1 << 62)
    frames = reader.read()
    reader.close()
    return [frame.json() for frame in frames if frame.kind is Kind.CLOSED]


def test_a_silent_stream_is_reconnected_at_once(tmp_path: Path) -> None:
    steps = [{"do": "send", "posts": 3, "rate_per_s": "max"}, {"do": "silence"}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim, Slowness() as slow:
        stalled, stopped = receive(sim, tmp_path, connections=2)
    assert stalled["ending"]["kind"] == "stalled"
    assert STALL_S <= stalled["ending"]["silent_s"] < STALL_S + 0.5 * slow.factor
    assert stalled["wait_s"] < 0.5 * slow.factor
    assert stopped["ending"]["kind"] == "stopped_by_us"


def test_keep_alives_count_as_life(tmp_path: Path) -> None:
    steps = [{"do": "idle", "seconds": 2 * STALL_S}, {"do": "close"}]
    scenario = Scenario(connections=[{"steps": steps}], keep_alive_s=STALL_S / 20)
    with Simulator(scenario) as sim:
        first, _ = receive(sim, tmp_path, connections=2)
    assert first["ending"] == {"kind": "closed_by_server", "clean": True}


def test_a_dripping_stream_is_alive(tmp_path: Path) -> None:
    """One byte at a time completes no line for long, but each is a sign of life."""
    with Simulator(Scenario(connections=[{"steps": [{"do": "drip"}, {"do": "cut"}]}])) as sim:
        first, _ = receive(sim, tmp_path, connections=2)
    assert first["ending"] == {"kind": "closed_by_server", "clean": False}
