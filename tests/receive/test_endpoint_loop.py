"""One endpoint's loop against the simulator: what it asks for, how long it waits, when it ends."""

from __future__ import annotations

import itertools
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.api.stream import StreamRequest
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.policy.governor import Governor
from tap_twitter_stream.receive.attempts_file import BudgetFile
from tap_twitter_stream.receive.endpoint_loop import Receiver, Target
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.spool.entries import Closed, End, read
from tap_twitter_stream.spool.frames import Frame, Kind
from tests.e2e.harness import config_for
from tests.fakes import Dice, FakeClock
from tests.limits import HANG_S, Slowness
from tests.spool.logs import frames_from, writer
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

STALL_S = 1.0
MINUTE_US = 60_000_000


class Loop:
    """A receiver of the filtered stream with a log of its own, and no process around it."""

    def __init__(  # noqa: PLR0913 - what a test may want to choose
        self,
        sim: Simulator,
        folder: Path,
        clock: Clock,
        *,
        endpoint: str = "filtered",
        connects: int = 50,
        backfills: bool = False,
        missing_since_us: int | None = None,
    ) -> None:
        settings = parse_settings(config_for(sim))
        path = {"filtered": "search", "sample": "sample"}[endpoint]
        url = f"{sim.url}/2/tweets/{path}/stream"
        request = StreamRequest(url, {}, {}, connect_timeout_s=HANG_S, answer_timeout_s=HANG_S)
        self._folder = folder
        self._clock = clock
        self._wake, self._wake_end = os.pipe()
        self._log = writer(folder, clock=clock)
        numbers = itertools.count(1)
        self.receiver = Receiver(
            Target(endpoint, 0, request, STALL_S, backfills=backfills),
            session=partial(make_session, settings.network, sim.bearer_token),
            log=self._log,
            budget=BudgetFile(None, "app", endpoint, limit=connects, period_s=900.0),
            governor=Governor(),
            clock=clock,
            next_id=lambda: str(next(numbers)),
            wake_handle=self._wake,
            missing_since_us=missing_since_us,
            chance=Dice(),
        )

    def stop(self) -> None:
        """Ask for a stop, as the process does."""
        self._clock.stop()
        os.write(self._wake_end, b"x")

    def close(self) -> list[Frame]:
        """Close the log and return its frames."""
        self._log.close()
        os.close(self._wake)
        os.close(self._wake_end)
        return frames_from(self._folder)


def ends(frames: list[Frame]) -> list[Closed]:
    return [read(frame, Closed) for frame in frames if frame.kind is Kind.CLOSED]


def receive(sim: Simulator, folder: Path, connections: int) -> list[Closed]:
    """Receive in real time until the simulator has seen that many connections."""
    loop = Loop(sim, folder, Clock(), endpoint="sample")
    thread = threading.Thread(target=loop.receiver.run)
    thread.start()
    seen = sim.wait_for(lambda: len(sim.oracle.connections) >= connections, HANG_S)
    loop.stop()
    thread.join(HANG_S)
    frames = loop.close()
    assert seen
    return ends(frames)


def test_a_silent_stream_is_reconnected_at_once(tmp_path: Path) -> None:
    steps = [{"do": "send", "posts": 3, "rate_per_s": "max"}, {"do": "silence"}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim, Slowness() as slow:
        stalled, stopped = receive(sim, tmp_path, connections=2)
    assert stalled.ending.kind == "stalled"
    assert STALL_S <= (stalled.ending.silent_s or 0) < STALL_S + 0.5 * slow.factor
    assert stalled.wait_s == 0
    assert stopped.ending.kind == "stopped_by_us"


def test_keep_alives_count_as_life(tmp_path: Path) -> None:
    steps = [{"do": "idle", "seconds": 2 * STALL_S}, {"do": "close"}]
    scenario = Scenario(connections=[{"steps": steps}], keep_alive_s=STALL_S / 20)
    with Simulator(scenario) as sim:
        first, _ = receive(sim, tmp_path, connections=2)
    assert first.ending == End(kind="closed_by_server", clean=True)


def test_a_dripping_stream_is_alive(tmp_path: Path) -> None:
    """One byte at a time completes no line for long, but each is a sign of life."""
    with Simulator(Scenario(connections=[{"steps": [{"do": "drip"}, {"do": "cut"}]}])) as sim:
        first, _ = receive(sim, tmp_path, connections=2)
    assert first.ending == End(kind="closed_by_server", clean=False)


def scripted(*connections: list[dict[str, Any]], **more: Any) -> Simulator:  # noqa: ANN401 - passed on
    steps = [{"steps": one} for one in connections]
    return Simulator(Scenario(rules=[{"value": "cat"}], connections=steps, **more))


def refused(status: int) -> list[dict[str, Any]]:
    return [{"do": "http", "status": status}]


def test_refusals_are_waited_out_until_one_is_for_good(tmp_path: Path) -> None:
    """Mutation: connect at once, or go on after 403."""
    clock = FakeClock()
    with scripted(refused(503), refused(503), refused(403)) as sim:
        loop = Loop(sim, tmp_path, clock)
        loop.receiver.run()
        rows = ends(loop.close())
    assert clock.waits == [5.0, 10.0]
    assert loop.receiver.fatal is not None
    assert [(row.attempt, row.http_status, row.wait_s) for row in rows] == [
        (1, 503, 5.0),
        (2, 503, 10.0),
        (3, 403, None),
    ]


def test_every_byte_is_between_the_beginning_and_the_end_of_its_connection(tmp_path: Path) -> None:
    send: dict[str, Any] = {"do": "send", "posts": 20, "rate_per_s": "max"}
    with scripted([send, {"do": "close"}], refused(403)) as sim:
        loop = Loop(sim, tmp_path, FakeClock())
        loop.receiver.run()
        frames = loop.close()
        sent = sim.oracle.sent_ids()
    kinds = [frame.kind for frame in frames if frame.kind is not Kind.CONTEXT]
    assert (kinds[0], kinds[-2:]) == (Kind.OPENED, [Kind.CLOSED, Kind.CLOSED])
    assert {*kinds[1:-2]} == {Kind.BYTES}
    opened, *rest = (frame for frame in frames if frame.kind is not Kind.CONTEXT)
    assert {frame.connection for frame in rest[:-1]} == {opened.position}
    payload = b"".join(frame.payload for frame in rest if frame.kind is Kind.BYTES)
    assert payload.count(b"\r\n") == len(sent) == 20


def test_an_attempt_waits_for_the_budget(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Mutation: record the attempt after it is made; the third one is a connect too many."""
    clock = FakeClock()
    with scripted(refused(503), refused(503), refused(403)) as sim:
        loop = Loop(sim, tmp_path, clock, connects=2)
        loop.receiver.run()
        loop.close()
        assert len(sim.oracle.requests) == 3
    assert sum(clock.waits) >= 900, "X's window, from the first attempt on"
    assert "X allows no more connection attempts" in caplog.text


@pytest.mark.parametrize(("minutes_ago", "asked"), [(0.5, "2"), (2.5, "4"), (30, "5")])
def test_what_an_earlier_run_missed_is_asked_for(
    tmp_path: Path, minutes_ago: float, asked: str
) -> None:
    clock = FakeClock()
    since_us = clock.now_us() - int(minutes_ago * MINUTE_US)
    with scripted(refused(403)) as sim:
        loop = Loop(sim, tmp_path, clock, backfills=True, missing_since_us=since_us)
        loop.receiver.attempt()
        loop.close()
        (request,) = sim.oracle.requests
    assert request["query"]["backfill_minutes"] == asked


def test_a_plan_without_backfill_is_connected_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    with scripted(refused(403), access="self_serve") as sim:
        loop = Loop(
            sim, tmp_path, clock, backfills=True, missing_since_us=clock.now_us() - MINUTE_US
        )
        loop.receiver.run()
        loop.close()
        asked = [request["query"].get("backfill_minutes") for request in sim.oracle.requests]
    assert asked == ["2", None]
    assert clock.waits == [5.0]
    assert "Trying without backfill" in caplog.text


def test_a_stop_during_a_wait_ends_the_loop(tmp_path: Path) -> None:
    clock = FakeClock(stop_after_waits=1)
    with scripted(refused(503), refused(503)) as sim:
        loop = Loop(sim, tmp_path, clock)
        loop.receiver.run()
        loop.close()
        assert len(sim.oracle.requests) == 1
    assert loop.receiver.fatal is None
