from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, call, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, ScenarioError, Simulator


def test_ghost_of_a_closed_connection_keeps_its_slot_for_a_while() -> None:
    with Simulator(Scenario(rate_per_s="max", ghost_slot_s=0.6)) as sim:
        read_posts(connect(sim), 1)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        status, body, _ = call(sim, SAMPLE)
        assert (status, body["connection_issue"]) == (429, "TooManyConnections")

        def is_free() -> bool:
            connection = connect(sim)
            found = connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
            return found

        assert sim.wait_for(is_free, HANG_S)


def test_refused_connects_leave_no_ghost() -> None:
    refused = {"steps": [{"do": "http", "status": 503}]}
    with Simulator(Scenario(connections=[refused], rate_per_s="max", ghost_slot_s=60.0)) as sim:
        assert call(sim, SAMPLE)[0] == 503
        assert read_posts(connect(sim), 1)


def test_extra_connection_can_get_a_disconnect_in_the_stream() -> None:
    with Simulator(Scenario(extra_connection="disconnect")) as sim, connect(sim) as first:
        assert first.recv(1)
        reply = read_reply(connect(sim))
        assert (reply.status, reply.complete) == (200, True)
        (notice,) = json.loads(reply.lines[0])["errors"]
        assert notice["disconnect_type"] == "ForceDisconnect"
        assert sim.oracle.connections[0].is_open


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("rate", [50, "max"])
@pytest.mark.parametrize("notice", [False, True])
def test_extra_connection_can_end_the_oldest(
    rate: float,
    *,
    notice: bool,
    gzip: bool,
) -> None:
    answer = "disconnect_oldest" if notice else "drop_oldest"
    with Simulator(Scenario(rate_per_s=rate, extra_connection=answer)) as sim:
        with ThreadPoolExecutor(1) as reader:
            reply = reader.submit(read_reply, connect(sim, gzip=gzip))
            assert sim.wait_for(lambda: sim.oracle.sent_total > 0, HANG_S)
            with connect(sim) as second:
                assert second.recv(12) == b"HTTP/1.1 200"
                old = reply.result(5)
        assert old.complete
        assert (b"ForceDisconnect" in old.lines[-1]) is notice
        assert old.ids == sim.oracle.sent_ids(connection=1)
        assert sim.oracle.connections[0].ending == "dropped"


def test_the_oldest_of_two_ends_and_the_other_goes_on() -> None:
    scenario = Scenario(extra_connection="drop_oldest", max_connections=2)
    with Simulator(scenario) as sim, connect(sim) as first:
        assert first.recv(1)
        with connect(sim) as second:
            assert second.recv(1)
            with connect(sim) as third:
                assert third.recv(1)
                assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
                assert [c.is_open for c in sim.oracle.connections] == [False, True, True]


def slow_client(sim: Simulator) -> socket.socket:
    """Connect with a small buffer, so that the server's one is soon the full one."""
    address = urlsplit(sim.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect((str(address.hostname), address.port or 0))
    head = f"GET {SAMPLE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sim.bearer_token}\r\n\r\n"
    client.sendall(head.encode())
    return client


@pytest.mark.parametrize("limit", [{"seconds": 0.2}, {"bytes": 100_000}])
def test_a_slow_reader_loses_its_stream_and_gets_what_was_sent(limit: dict[str, float]) -> None:
    slow_reader = {**limit, "notice": False}
    with Simulator(Scenario(rate_per_s="max", slow_reader=slow_reader)) as sim:
        client = slow_client(sim)
        assert sim.wait_for(lambda: bool(sim.oracle.connections), HANG_S)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        assert sim.oracle.connections[0].ending == "slow_reader"
        reply = read_reply(client)
        assert (reply.ids, reply.complete) == (sim.oracle.sent_ids(), False)


def test_a_slow_reader_that_reads_on_finds_the_notice() -> None:
    with Simulator(Scenario(rate_per_s="max", slow_reader={"bytes": 100_000})) as sim:
        client = slow_client(sim)
        assert sim.wait_for(lambda: sim.oracle.sent_total > 0, HANG_S)
        reply = read_reply(client)
        assert b"SlowReader" in reply.lines[-1]
        assert (reply.ids, reply.complete) == (sim.oracle.sent_ids(), True)


def test_a_client_that_keeps_up_is_no_slow_reader() -> None:
    slow_reader = {"seconds": 5, "bytes": 6_000_000}
    with Simulator(Scenario(rate_per_s="max", slow_reader=slow_reader)) as sim:
        assert len(read_posts(connect(sim), 5000)) == 5000


@pytest.mark.parametrize("values", [{}, {"seconds": -1}, {"minutes": 1}, {"bytes": 1.5}])
def test_a_slow_reader_needs_a_limit(values: dict[str, float]) -> None:
    with pytest.raises(ScenarioError, match=r"slow_reader|must be a"):
        Scenario(slow_reader=values)
