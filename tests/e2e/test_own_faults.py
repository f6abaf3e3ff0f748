"""A disk that cannot be forced, and books that do not balance: what the user, and STATE, get."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import Tap, capture, config_for, one_sentence
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    import pytest

FAULTS = Path(__file__).with_name("own_faults")
SEND: dict[str, Any] = {"do": "send", "posts": 40, "rate_per_s": "max"}
IDLE: dict[str, Any] = {"do": "idle"}


def put_in(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAULTS))
    monkeypatch.setenv("OWN_FAULT", fault)


def test_a_disk_that_cannot_be_forced_ends_the_run_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutation: let the receiver go on; the run then captures what is on no disk (G0)."""
    broken = tmp_path / "broken"
    put_in(monkeypatch, "fsync")
    monkeypatch.setenv("BROKEN_DISK", str(broken))
    steps = [SEND, {"do": "silence", "seconds": 1.5}, SEND, IDLE]
    scenario = Scenario(connections=[{"steps": steps}, {"steps": [SEND, IDLE]}])
    with Simulator(scenario) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"))
        with Tap(tmp_path, config) as tap:
            tap.has(40)
            broken.touch()
            assert tap.ended() == 1
        one_sentence(tap, "The spool cannot be forced to disk (Input/output error)")
        assert tap.window["stop_reason"] == "fatal"
        assert tap.messages[-1]["type"] == "STATE"
        broken.unlink()
        second = capture(tmp_path, config, 40, state=tap.states[-1])
    ids = tap.ids() + second.ids()
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(sim.oracle.sent_ids())
    assert set(ids) >= {*sim.oracle.sent_ids()[:40], *sim.oracle.sent_ids()[-40:]}


def test_no_state_covers_what_could_not_be_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutation: write STATE without an fsync before it (G2)."""
    put_in(monkeypatch, "fsync_of_tap")
    monkeypatch.setenv("BROKEN_DISK", str(tmp_path))
    with Simulator(Scenario(connections=[{"steps": [SEND, IDLE]}])) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), state_interval_seconds=1)
        with Tap(tmp_path, config) as tap:
            assert tap.ended() == 1
        one_sentence(tap, "The spool cannot be forced to disk")
        assert tap.ids() == sim.oracle.sent_ids()[: len(tap.ids())]
        assert tap.states == []


def test_books_that_do_not_balance_end_with_their_code_behind_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutation: leave before the final STATE is written, or with 0 (G5)."""
    put_in(monkeypatch, "miscount")
    with Simulator(Scenario(connections=[{"steps": [SEND, IDLE]}])) as sim:
        with Tap(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool"))) as tap:
            tap.has(40)
            assert tap.stop() == 3
        one_sentence(tap, "The books of this run do not balance (tweets)", "report it")
        assert tap.window["exit_code"] == 3
        (row,) = [one for one in tap.window["streams"] if one["stream"] == "tweets"]
        assert (row["routed"], row["emitted"]) == (80, 40)
        last = tap.messages[-1]
        assert last["type"] == "STATE"
        position = last["value"]["bookmarks"]["capture_windows"]["capture"]["position"]
        assert position == tap.window["end_position"]
        assert tap.ids() == sim.oracle.sent_ids()
