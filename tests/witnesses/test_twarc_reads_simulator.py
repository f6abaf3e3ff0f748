"""twarc, which was written against X, reads the simulator: their agreement is the test."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from twarc import Twarc2

from tests.limits import HANG_S
from tests.witnesses.redirect import redirect
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTS = 300
RULES = [{"value": "cat", "tag": "cats"}, {"value": "dog"}]


class Witness(Twarc2):  # type: ignore[misc]  # twarc has no types
    """A twarc client that finds the simulator in the place of X."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        super().__init__(bearer_token=sim.bearer_token, metadata=False)

    def connect(self) -> None:
        """Redirect each session: twarc makes a new one whenever it connects again."""
        super().connect()
        redirect(self.client, self._sim)

    def close(self) -> None:
        if self.last_response is not None:
            self.last_response.close()
        self.client.close()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    scenario = Scenario(rate_per_s="max", limit_posts=POSTS, record_messages=True)
    with Simulator(scenario) as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Witness]:
    witness = Witness(sim)
    yield witness
    witness.close()


def sent(sim: Simulator) -> list[dict[str, Any]]:
    assert sim.wait_for(lambda: sim.oracle.sent_total == POSTS, HANG_S)
    return [json.loads(sim.oracle.messages[post_id]) for post_id in sim.oracle.sent_ids()]


def test_rules_are_added_listed_and_deleted_through_twarc(client: Witness) -> None:
    assert client.add_stream_rules(RULES)["meta"]["summary"]["created"] == 2
    listed = client.get_stream_rules()["data"]
    assert [(rule["value"], rule.get("tag")) for rule in listed] == [("cat", "cats"), ("dog", None)]
    deleted = client.delete_stream_rule_ids([listed[0]["id"]])
    assert deleted["meta"]["summary"]["deleted"] == 1
    assert [rule["value"] for rule in client.get_stream_rules()["data"]] == ["dog"]


def test_filtered_stream_arrives_as_sent_id_for_id(sim: Simulator, client: Witness) -> None:
    client.add_stream_rules(RULES)
    received = list(islice(client.stream(), POSTS))
    assert received == sent(sim)
    assert {"data", "includes", "matching_rules", "errors"} <= {k for m in received for k in m}


def test_sample_stream_arrives_as_sent_id_for_id(sim: Simulator, client: Witness) -> None:
    assert list(islice(client.sample(), POSTS)) == sent(sim)


def test_twarc_pages_through_a_search_and_its_counts() -> None:
    scenario = Scenario(rate_per_s=400, rules=RULES, search={"default_end_s": 0})
    with Simulator(scenario) as sim:
        client = Witness(sim)
        stream = client.stream()
        wanted = {post["data"]["id"] for post in islice(stream, 250)}
        stream.close()
        client.last_response.close()
        assert sim.wait_for(lambda: not sim.oracle.connections[-1].is_open, HANG_S)
        until = str(max(map(int, wanted)) + 1)
        pages = list(client.search_recent("cat OR dog", until_id=until, max_results=100))
        found = [post["id"] for page in pages for post in page["data"]]
        assert set(found) >= wanted
        assert found == sorted(set(found), key=int, reverse=True) == sim.oracle.found_ids()
        assert "includes" in pages[0]
        counted = list(client.counts_recent("cat OR dog", until_id=until, granularity="day"))
        assert sum(page["meta"]["total_tweet_count"] for page in counted) == len(found)
        client.close()


def test_twarc_connects_again_after_a_notice_of_disconnect() -> None:
    steps = [{"do": "send", "posts": 3}, {"do": "disconnect"}]
    scenario = Scenario(rate_per_s="max", connections=[{"steps": steps}])
    with Simulator(scenario) as sim:
        client = Witness(sim)
        received = list(islice(client.sample(), 8))
        client.close()
        assert received[3]["errors"][0]["disconnect_type"] == "OperationalDisconnect"
        assert len(sim.oracle.connections) == 2
