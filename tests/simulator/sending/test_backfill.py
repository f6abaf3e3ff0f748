from __future__ import annotations

from typing import TYPE_CHECKING

from tests.limits import HANG_S
from tests.simulator.reader import SAMPLE, connect, read_posts
from twitter_stream_simulator import Scenario, Simulator, clock
from twitter_stream_simulator.material.ids import LOW_BITS, SNOWFLAKE_EPOCH_MS

if TYPE_CHECKING:
    from typing import Any

RATE_PER_S = 200.0
BACKFILL = f"{SAMPLE}?tweet.fields=created_at&backfill_minutes=1"


def ids(posts: list[dict[str, Any]]) -> list[str]:
    return [post["data"]["id"] for post in posts]


def at_s(post_id: str) -> float:
    return ((int(post_id) >> LOW_BITS) + SNOWFLAKE_EPOCH_MS) / 1000


def test_backfill_repeats_what_was_sent_and_brings_what_was_missed() -> None:
    with Simulator(Scenario(rate_per_s=RATE_PER_S)) as sim:
        read_posts(connect(sim, BACKFILL), 20)
        first = sim.oracle.connections[0]
        assert sim.wait_for(lambda: not first.is_open, HANG_S)
        gone_s = first.closed_s
        assert gone_s is not None
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.5, HANG_S)
        sent = sim.oracle.sent_ids(connection=1)
        again = read_posts(connect(sim, BACKFILL), len(sent) + 90)
        assert ids(again)[: len(sent)] == sent
        missed = ids(again)[len(sent) :]
        assert set(missed).isdisjoint(sent)
        opened_s = sim.oracle.connections[1].opened_s
        assert sum(at_s(one) < opened_s - 0.1 for one in missed) >= 60
        again_marks = [batch.seen for batch in sim.oracle.batches if batch.connection == 2]
        assert again_marks[0] == "repeat"


def test_without_backfill_nothing_comes_again() -> None:
    with Simulator(Scenario(rate_per_s=RATE_PER_S)) as sim:
        read_posts(connect(sim, SAMPLE), 20)
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        sent = sim.oracle.sent_ids(connection=1)
        assert set(ids(read_posts(connect(sim, SAMPLE), 20))).isdisjoint(sent)


def test_backfill_of_another_partition_is_not_ours() -> None:
    path = "/2/tweets/sample10/stream?backfill_minutes=5&partition="
    with Simulator(Scenario(rate_per_s=RATE_PER_S)) as sim:
        read_posts(connect(sim, f"{path}1"), 20)
        sent = sim.oracle.sent_ids(partition=1)
        assert set(ids(read_posts(connect(sim, f"{path}2"), 20))).isdisjoint(sent)
