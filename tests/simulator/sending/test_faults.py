from __future__ import annotations

import json
from typing import Any

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import EVERYTHING, SAMPLE, Reply, connect, read_reply
from twitter_stream_simulator import Scenario, Simulator

SEND_3: dict[str, Any] = {"do": "send", "posts": 3, "rate_per_s": "max"}


def played(
    *steps: dict[str, Any],
    gzip: bool = False,
    chunking: str = "message",
    keep_alive_s: float = 20.0,
) -> tuple[Reply, Simulator]:
    """Play one connection to its end; the simulator returned is closed."""
    scenario = Scenario(
        connections=[{"steps": steps}], chunking=chunking, keep_alive_s=keep_alive_s
    )
    with Simulator(scenario) as sim:
        reply = read_reply(connect(sim, gzip=gzip))
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
    return reply, sim


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("chunking", ["message", "64k"])
def test_close_ends_properly_after_every_post(chunking: str, gzip: bool) -> None:  # noqa: FBT001
    reply, sim = played(
        {"do": "send", "posts": 300, "rate_per_s": "max"},
        {"do": "close"},
        gzip=gzip,
        chunking=chunking,
    )
    assert (reply.complete, reply.rest[:1]) == (True, b"0")
    assert reply.ids == sim.oracle.sent_ids()
    assert len(set(reply.ids)) == 300
    assert sim.oracle.connections[0].ending == "close"
    assert len(reply.body) == sim.oracle.connections[0].size_bytes


@pytest.mark.parametrize("gzip", [False, True])
def test_cut_ends_without_the_zero_chunk(gzip: bool) -> None:  # noqa: FBT001
    reply, sim = played(SEND_3, {"do": "cut"}, gzip=gzip)
    assert (reply.complete, reply.reset, reply.rest) == (False, False, b"")
    assert reply.ids == sim.oracle.sent_ids()


def test_rst_resets_after_everything_has_arrived() -> None:
    reply, sim = played({"do": "send", "posts": 200, "rate_per_s": "max"}, {"do": "rst"})
    assert reply.reset
    assert reply.ids == sim.oracle.sent_ids()
    assert len(reply.ids) == 200


@pytest.mark.parametrize("end", ["fin", "rst"])
@pytest.mark.parametrize("where", ["line", "chunk"])
def test_cut_line_sends_half_a_post(end: str, where: str) -> None:
    reply, sim = played(SEND_3, {"do": "cut_line", "end": end, "where": where})
    assert reply.reset is (end == "rst")
    half = reply.body.split(b"\r\n")[-1] or reply.rest.partition(b"\r\n")[2]
    assert half.startswith(b'{"data"')
    assert bool(reply.rest) is (where == "chunk")
    assert len(reply.ids) == 3
    (cut_id,) = sim.oracle.connections[0].cut_ids
    assert cut_id.encode() in half
    assert cut_id not in sim.oracle.sent_ids()


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ({"do": "bad_line", "text": "{oops"}, b"{oops"),
        ({"do": "bad_line", "hex": "ff00fe"}, b"\xff\x00\xfe"),
        ({"do": "raw", "base64": "W10NCg=="}, b"[]"),
    ],
)
def test_bad_line_lies_between_good_ones(step: dict[str, Any], line: bytes) -> None:
    reply, sim = played(SEND_3, step, SEND_3, {"do": "close"})
    assert reply.lines[3] == line
    assert len(reply.ids) == 6
    assert sim.oracle.summary()["bad_lines"] == 1


def test_disconnect_is_announced_in_the_stream() -> None:
    reply, _ = played(SEND_3, {"do": "disconnect", "disconnect_type": "SlowReader"})
    (error,) = json.loads(reply.lines[-1])["errors"]
    assert error["disconnect_type"] == "SlowReader"
    assert error["type"].endswith("/operational-disconnect")
    assert reply.complete


def test_drip_sends_one_byte_in_each_chunk() -> None:
    reply, sim = played({"do": "drip", "posts": 2}, {"do": "close"})
    assert {len(chunk) for chunk in reply.chunks} == {1}
    assert reply.ids == sim.oracle.sent_ids()


def test_each_post_has_a_chunk_of_its_own() -> None:
    reply, _ = played(SEND_3, {"do": "close"})
    assert [chunk.endswith(b"}\r\n") for chunk in reply.chunks] == [True] * 3


def test_big_chunks_know_nothing_of_posts() -> None:
    steps = [{"do": "send", "posts": 300, "rate_per_s": "max"}, {"do": "close"}]
    with Simulator(Scenario(connections=[{"steps": steps}], chunking="64k")) as sim:
        reply = read_reply(connect(sim, SAMPLE + EVERYTHING))
        assert reply.ids == sim.oracle.sent_ids()
    assert max(len(chunk) for chunk in reply.chunks) == 65536
    assert not all(chunk.endswith(b"\r\n") for chunk in reply.chunks)


def test_idle_sends_keep_alives_only() -> None:
    reply, sim = played({"do": "idle", "seconds": 0.25}, {"do": "close"}, keep_alive_s=0.05)
    assert set(reply.lines) == {b""}
    assert len(reply.lines) == sim.oracle.connections[0].keep_alives
    assert 2 <= len(reply.lines) <= 5


def test_keep_alives_can_differ_by_endpoint() -> None:
    steps = [{"do": "idle", "seconds": 0.2}, {"do": "close"}]
    scenario = Scenario(connections=[{"steps": steps}] * 2, keep_alive_s={"sample": 0.05})
    with Simulator(scenario) as sim:
        assert len(read_reply(connect(sim)).lines) >= 2
        assert read_reply(connect(sim, "/2/activity/stream")).lines == []


def test_silence_sends_nothing_at_all() -> None:
    reply, _ = played({"do": "silence", "seconds": 0.2}, {"do": "close"}, keep_alive_s=0.05)
    assert reply.chunks == []
    assert reply.complete


def test_duplicate_sends_the_last_posts_again_byte_for_byte() -> None:
    reply, sim = played(SEND_3, {"do": "duplicate", "posts": 2}, {"do": "close"})
    assert reply.lines[3:] == reply.lines[1:3]
    assert reply.ids == sim.oracle.sent_ids()
    assert sim.oracle.summary()["billed_posts"] == 3


def test_duplicate_reaches_back_over_a_reconnect() -> None:
    connections: list[dict[str, Any]] = [
        {"steps": [SEND_3, {"do": "cut"}]},
        {"steps": [{"do": "duplicate", "posts": 2}, {"do": "close"}]},
    ]
    with Simulator(Scenario(connections=connections)) as sim:
        first, second = read_reply(connect(sim)), read_reply(connect(sim))
    assert second.lines == first.lines[1:]


@pytest.mark.parametrize("status", [401, 403, 420, 429, 500, 503])
def test_http_step_refuses_the_connect(status: int) -> None:
    connections: list[dict[str, Any]] = [
        {"steps": [{"do": "http", "status": status, "headers": {"Retry-After": "7"}}]},
        {"steps": [SEND_3, {"do": "close"}]},
    ]
    with Simulator(Scenario(connections=connections)) as sim:
        connection = connect(sim)
        connection.shutdown(1)
        reply = read_reply(connection)
        assert (reply.status, reply.headers["retry-after"]) == (status, "7")
        assert len(read_reply(connect(sim)).ids) == 3
        assert [request["status"] for request in sim.oracle.requests] == [status, 200]


def test_refuse_closes_before_any_byte() -> None:
    with Simulator(Scenario(connections=[{"steps": [{"do": "refuse"}]}])) as sim:
        assert read_reply(connect(sim)).status == 0


def test_script_can_hold_for_one_endpoint_only() -> None:
    connections: list[dict[str, Any]] = [{"endpoint": "filtered", "steps": [{"do": "refuse"}]}]
    with Simulator(Scenario(connections=connections)) as sim, connect(sim) as stream:
        assert stream.recv(12) == b"HTTP/1.1 200"


def test_limit_holds_over_reconnects_and_is_reached_exactly() -> None:
    connections: list[dict[str, Any]] = [{"steps": [SEND_3, {"do": "cut"}]}, {"steps": []}]
    scenario = Scenario(rate_per_s="max", limit_posts=1000, connections=connections)
    with Simulator(scenario) as sim:
        read_reply(connect(sim))
        with connect(sim) as rest:
            received = bytearray()
            while received.count(b"}\r\n") < 997:
                received += rest.recv(65536)
    assert len(set(sim.oracle.sent_ids())) == len(sim.oracle.sent_ids()) == 1000


def test_posts_come_at_the_rate_asked_for() -> None:
    reply, _ = played({"do": "send", "seconds": 0.5, "rate_per_s": 100}, {"do": "close"})
    assert 35 <= len(reply.ids) <= 51
