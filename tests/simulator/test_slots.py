from __future__ import annotations

import json

from tap_twitter_stream.simulator import Scenario, Simulator
from tests.simulator.reader import SAMPLE, call, connect, read_posts, read_reply


def test_ghost_of_a_closed_connection_keeps_its_slot_for_a_while() -> None:
    with Simulator(Scenario(rate_per_s="max", ghost_slot_s=0.6)) as sim:
        read_posts(connect(sim), 1)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, 5)
        status, body, _ = call(sim, SAMPLE)
        assert (status, body["connection_issue"]) == (429, "TooManyConnections")

        def is_free() -> bool:
            connection = connect(sim)
            found = connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
            return found

        assert sim.wait_for(is_free, 5)


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
