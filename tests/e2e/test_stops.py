from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.expected import check_books
from tests.e2e.figures import note
from tests.e2e.harness import COMMAND, Tap, capture, config_for, is_running, wait_until
from tests.limits import HANG_S, Slowness
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKETS_S = 1.0  # what a stop may take until the last socket is closed (G6)
END_S = 1.0  # and after the grace
GRACE_S = 3
SIGNALS = [signal.SIGTERM, signal.SIGINT]


def sockets_closed(sim: Simulator) -> bool:
    return not any(connection.is_open for connection in sim.oracle.connections)


def gone(folder: Path, tap: Tap) -> None:
    """Check that the run has left no process and no temporary spool."""
    assert tap.receivers
    assert wait_until(lambda: not any(is_running(pid) for pid in tap.receivers), HANG_S)
    assert list((folder / "temporary").iterdir()) == []


@dataclass(frozen=True)
class Stopped:
    """How a stop went: seconds from the signal, and how much slower than alone all runs."""

    sockets_s: float
    end_s: float
    code: int
    slowness: float

    def note(self, doing: str, how: int) -> None:
        """Keep the figures for docs."""
        facts = {"doing": doing, "signal": how, "sockets_s": self.sockets_s, "end_s": self.end_s}
        note("stop", {**facts, "slowness": self.slowness})

    def in_time(self, grace_s: float) -> bool:
        """Whether both were within what G6 promises, on a machine that may be busy."""
        sockets, end = SOCKETS_S * self.slowness, (grace_s + END_S) * self.slowness
        return self.sockets_s < sockets and self.end_s < end


def stop(tap: Tap, sim: Simulator, how: int) -> Stopped:
    """Ask for a stop and wait for the end."""
    tap.receiver()
    with Slowness() as slow:
        return _stop(tap, sim, how, slow)


def _stop(tap: Tap, sim: Simulator, how: int, slow: Slowness) -> Stopped:
    began_s = time.monotonic()
    tap.process.send_signal(how)
    assert sim.wait_for(lambda: sockets_closed(sim), HANG_S)
    sockets_s = time.monotonic() - began_s
    code = tap.ended()
    return Stopped(sockets_s, time.monotonic() - began_s, code, slow.factor)


STEPS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "streaming": ([], "connected"),
    "silent": ([{"do": "silence"}], "connected"),
    "idle": ([{"do": "idle"}], "connected"),
    "drip-fed": ([{"do": "drip", "posts": 10_000}], "connected"),
    "backing off": ([{"do": "http", "status": 503}], "Reconnecting in"),
}


@pytest.mark.parametrize("how", SIGNALS, ids=["TERM", "INT"])
@pytest.mark.parametrize("doing", STEPS)
def test_a_signal_closes_sockets_within_a_second(tmp_path: Path, doing: str, how: int) -> None:
    steps, words = STEPS[doing]
    scenario = Scenario(connections=[{"steps": steps}], keep_alive_s=0.2)
    config: dict[str, Any] = {"shutdown_grace_seconds": GRACE_S}
    with Simulator(scenario) as sim, Tap(tmp_path, config_for(sim, **config)) as tap:
        tap.says(words)
        stopped = stop(tap, sim, how)
        gone(tmp_path, tap)
    stopped.note(doing, how)
    assert stopped.code == 0, tap.stderr
    assert stopped.in_time(GRACE_S), stopped
    assert tap.window["stop_reason"] == "signal"
    assert tap.messages[-1]["type"] == "STATE"
    check_books(tap.window)


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    """Listen, but never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HANG_S)
        yield listener


@pytest.mark.parametrize("how", SIGNALS, ids=["TERM", "INT"])
def test_a_signal_ends_a_connect_that_gets_no_answer(tmp_path: Path, how: int) -> None:
    with Simulator(Scenario()) as sim, silent_server() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        config = config_for(sim, stream_url=url, shutdown_grace_seconds=GRACE_S)
        with Tap(tmp_path, config) as tap, Slowness() as slow:
            peer, _ = server.accept()
            with peer:
                peer.settimeout(HANG_S)
                assert peer.recv(65536).startswith(b"GET /2/tweets/search/stream")
                tap.receiver()
                began_s = time.monotonic()
                tap.process.send_signal(how)
                assert peer.recv(65536) == b""
                sockets_s = time.monotonic() - began_s
            code = tap.ended()
            stopped = Stopped(sockets_s, time.monotonic() - began_s, code, slow.factor)
            gone(tmp_path, tap)
    stopped.note("connecting", how)
    assert code == 0, tap.stderr
    assert stopped.in_time(GRACE_S), stopped
    assert tap.window["stop_reason"] == "signal"


def blocked(folder: Path, sim: Simulator, **more: object) -> Tap:
    """Start a tap whose output nobody reads, and wait until it can write no more."""
    config = config_for(sim, spool_dir=str(folder / "spool"), state_interval_seconds=0.1, **more)
    tap = Tap(folder, config, reads=False)
    tap.receiver()
    # Some 5 MB, several times what the pipe holds: the tap is behind, and cannot be anything else.
    assert sim.wait_for(lambda: sim.oracle.sent_total >= 1500, HANG_S), tap.stderr
    received_bytes = sim.oracle.connections[0].size_bytes
    spool = folder / "spool"
    assert wait_until(lambda: sum(f.stat().st_size for f in spool.glob("*.log")) > received_bytes)
    return tap


@pytest.mark.parametrize("how", SIGNALS, ids=["TERM", "INT"])
def test_blocked_stdout_ends_with_4_and_loses_nothing(tmp_path: Path, how: int) -> None:
    with Simulator(Scenario(rate_per_s="max", limit_posts=1500)) as sim:
        with blocked(tmp_path, sim, shutdown_grace_seconds=1) as tap:
            stopped = stop(tap, sim, how)
            gone(tmp_path, tap)
            tap.ended()
        stopped.note("blocked", how)
        assert stopped.code == 4, tap.stderr
        assert stopped.in_time(grace_s=1), stopped
        assert all(line.endswith(b"\n") for line in tap.raw)
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        state = tap.states[-1] if tap.states else None
        last = max(index for index, one in enumerate(tap.messages) if one["type"] != "RECORD")
        covered = [
            one["record"]["id"]
            for one in tap.messages[: last if state else 0]
            if one["type"] == "RECORD" and one["stream"] == "tweets"
        ]
        rest = 1500 - len(covered)
        second = capture(tmp_path, config, rest, state=state)
    assert [*covered, *second.ids()] == sim.oracle.sent_ids()


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with (
        Simulator(Scenario(rate_per_s="max", limit_posts=1500)) as sim,
        blocked(tmp_path, sim, shutdown_grace_seconds=60) as tap,
    ):
        began_s = time.monotonic()
        tap.process.send_signal(signal.SIGTERM)
        # Two signals within a second are one request, as runners send both.
        assert wait_until(lambda: time.monotonic() - began_s > 1.2, HANG_S)
        assert tap.process.poll() is None
        tap.process.send_signal(signal.SIGTERM)
        assert tap.process.wait(HANG_S) == 128 + signal.SIGTERM
        assert time.monotonic() - began_s < 60, "the grace was not waited for"
        gone(tmp_path, tap)


def test_two_signals_of_one_ctrl_c_are_one_request(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim, Tap(tmp_path, config_for(sim)) as tap:
        tap.has(5)
        tap.receiver()
        tap.process.send_signal(signal.SIGINT)
        tap.process.send_signal(signal.SIGTERM)
        assert tap.ended() == 0, tap.stderr
        gone(tmp_path, tap)
    assert tap.window["stop_reason"] == "signal"


def test_killed_tap_without_spool_dir_leaves_only_its_temporary_folder(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim, Tap(tmp_path, config_for(sim)) as tap:
        tap.has(5)
        receiver = tap.receiver()
        os.kill(tap.process.pid, signal.SIGKILL)
        assert wait_until(lambda: not is_running(receiver), HANG_S)
        assert sim.wait_for(lambda: sockets_closed(sim), HANG_S)


def default_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let children end by SIGHUP although these tests may run under nohup, which is inherited."""
    monkeypatch.setattr("tests.e2e.harness.COMMAND", ("env", "--default-signal=HUP", *COMMAND))


@pytest.mark.parametrize("both", [True, False], ids=["group", "tap"])
def test_a_terminal_that_is_closed_stops_the_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, both: bool
) -> None:
    default_hang_up(monkeypatch)
    with Simulator(Scenario()) as sim, Tap(tmp_path, config_for(sim)) as tap:
        tap.has(5)
        receiver = tap.receiver()
        if both:
            os.kill(receiver, signal.SIGHUP)
        assert tap.stop(signal.SIGHUP) == 0, tap.stderr
        assert tap.window["stop_reason"] == "signal"
        assert tap.messages[-1]["type"] == "STATE"
        gone(tmp_path, tap)


def test_ctrl_c_while_the_receiver_starts_ends_cleanly(tmp_path: Path) -> None:
    """A terminal signals the whole group, so the receiver gets it while it still imports."""
    with Simulator(Scenario()) as sim, Tap(tmp_path, config_for(sim)) as tap:
        os.kill(tap.receiver(), signal.SIGINT)
        code = tap.stop(signal.SIGINT)
        assert code == 0, tap.stderr
        assert "Traceback" not in tap.stderr
        gone(tmp_path, tap)


def test_ctrl_c_while_the_tap_is_loading_leaves_no_traceback(tmp_path: Path) -> None:
    with Simulator(Scenario()) as sim, Tap(tmp_path, config_for(sim)) as tap:
        maps = Path(f"/proc/{tap.process.pid}/maps")
        assert wait_until(lambda: "_ssl." in maps.read_text())  # one of the first imports
        code = tap.stop(signal.SIGINT)
        assert code in {130, 0}, tap.stderr
        assert "Traceback" not in tap.stderr
