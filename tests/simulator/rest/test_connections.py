from __future__ import annotations

import pytest

from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, call, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, Simulator

PATH = "/2/connections"
ALL_FIELDS = "connection.fields=id,endpoint_name,connected_at,disconnected_at,disconnect_reason"


def test_open_and_ended_connections_are_listed_by_status() -> None:
    with Simulator(Scenario(max_connections=2)) as sim, connect(sim) as first:
        assert first.recv(1)
        read_posts(connect(sim), 1)
        assert sim.wait_for(lambda: not sim.oracle.connections[1].is_open, HANG_S)
        listed = {
            status: call(sim, f"{PATH}?status={status}&{ALL_FIELDS}")[1]["data"]
            for status in ("active", "inactive", "all")
        }
        assert [len(rows) for rows in listed.values()] == [1, 1, 2]
        assert listed["active"][0]["endpoint_name"] == "sample_stream"
        assert "disconnected_at" not in listed["active"][0]
        assert listed["inactive"][0]["disconnect_reason"] == "client_disconnect"
        page = call(sim, f"{PATH}?status=all&max_results=1")[1]
        token = page["meta"]["next_token"]
        rest = call(sim, f"{PATH}?status=all&max_results=1&pagination_token={token}")[1]
        assert [*page["data"], *rest["data"]] == [
            {"id": row["id"], "endpoint_name": row["endpoint_name"]} for row in listed["all"]
        ]
        assert not call(sim, f"{PATH}?endpoints=firehose_stream")[1]["data"]


def test_a_ghost_is_listed_and_its_end_frees_the_slot() -> None:
    with Simulator(Scenario(ghost_slot_s=600.0)) as sim:
        read_posts(connect(sim), 1)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        assert call(sim, SAMPLE)[0] == 429
        (ghost,) = call(sim, PATH)[1]["data"]
        ids = [ghost["id"], "no such"]
        status, body, _ = call(sim, PATH, {"uuids": ids}, method="DELETE")
        assert status == 200
        assert (body["data"]["successful_kills"], body["data"]["failed_kills"]) == (1, 1)
        assert [one["uuid"] for one in body["data"]["results"]] == ids
        assert read_posts(connect(sim), 1)


@pytest.mark.parametrize("path", [f"{PATH}/all", f"{PATH}/sample_stream"])
def test_an_open_stream_is_ended_with_a_notice(path: str) -> None:
    with Simulator(Scenario(rate_per_s=100.0, ghost_slot_s=600.0)) as sim:
        stream = connect(sim)
        assert sim.wait_for(lambda: sim.oracle.sent_total > 3, HANG_S)
        assert call(sim, path, method="DELETE")[1]["data"]["successful_kills"] == 1
        assert b"ForceDisconnect" in read_reply(stream).body
        assert read_posts(connect(sim), 1), "what was killed leaves no ghost"


@pytest.mark.parametrize(
    "query", ["status=old", "endpoints=activity_stream", "max_results=0", "max_results=101"]
)
def test_what_x_does_not_know_is_refused(query: str) -> None:
    with Simulator(Scenario()) as sim:
        assert call(sim, f"{PATH}?{query}")[0] == 400
