"""What an operator reads: one line for each change of a connection's state, and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import capture, config_for
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

SEND: dict[str, Any] = {"do": "send", "posts": 5, "rate_per_s": "max"}
CONNECTIONS = [
    [SEND, {"do": "cut"}],
    [SEND, {"do": "disconnect", "disconnect_type": "OperationalDisconnect"}],
    [SEND, {"do": "bad_line"}, {"do": "rst"}],
    [SEND, {"do": "idle"}],
]
# Level and words of each line, run by run alike; what differs is blotted out below.
STORY = """\
INFO     | Capturing filtered. What is received is on disk within N ms (SPOOL) and survives a crash.
INFO     | filtered: connected (ID-1).
INFO     | filtered: X closed the connection in the middle of the stream. Reconnecting in N s.
INFO     | filtered: connected (ID-2).
INFO     | filtered: X announced a disconnect (OperationalDisconnect): This stream has been \
disconnected for operational reasons. Reconnecting in N s.
INFO     | filtered: connected (ID-3).
INFO     | filtered: The network failed (read): Connection reset by peer. Reconnecting in N s.
INFO     | filtered: connected (ID-4).
INFO     | Stopping: asked to by a signal.
INFO     | Captured N posts: N s covered, N s lost, N connections, N dead letter."""
STORIES = ["closed_by_server", "disconnect_notice", "network_failed", "stopped_by_us"]


def words(log: str) -> list[str]:
    """Return level and message of each line without what differs from run to run."""
    lines = [line.split(" | ", 3) for line in log.splitlines()]
    kept = [f"{level.strip():8} | {said}" for _, level, _, said in lines if "METRIC" not in said]
    text = "\n".join(kept)
    text = re.sub(r"\(\d{8}T\d{6}-[0-9a-f]{6}-", "(ID-", text)
    text = re.sub(r"\(/\S+\)", "(SPOOL)", text)
    text = re.sub(r"\bv\d+\.\d+\.\d+", "vX", text)
    text = re.sub(
        r"(?<![-.\d])\d+(\.\d+)?(?= (ms|s|posts|connections|dead|added|dele|oth|act))", "N", text
    )
    return text.splitlines()


def test_the_log_of_an_eventful_run_reads_like_its_story(tmp_path: Path) -> None:
    connections = [{"steps": steps} for steps in CONNECTIONS]
    with Simulator(Scenario.from_json({"connections": connections})) as sim:
        tap = capture(tmp_path, config_for(sim, spool_dir=str(tmp_path / "spool")), 20)
    said, story = words(tap.stderr), STORY.splitlines()
    start = said.index(story[1])
    assert [story[0], *said[start:]] == story
    assert story[0] in said[:start]
    assert start <= 8, "the SDK's four, the fields, the start, the streams left empty, the rules"
    rows = tap.records("capture_connections")
    assert [row["ending"] for row in rows] == STORIES
    for row, connection in zip(rows, sim.oracle.connections, strict=True):
        sent = sim.oracle.sent_ids(connection=connection.number)
        assert (row["first_id"], row["last_id"], row["messages"] >= 5) == (sent[0], sent[-1], True)
        assert row["closed_at"] > row["opened_at"]
        assert row["bytes_received"] > row["wire_bytes"] > 0, "it comes compressed"
        assert row["max_lag_seconds"] >= 0
        assert row["http_status"] == 200
    assert [row["dead_letters"] for row in rows] == [0, 0, 1, 0]
    assert [row.get("reconnect_wait_seconds") is None for row in rows] == [False] * 3 + [True]
