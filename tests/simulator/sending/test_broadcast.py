"""Several live connections to one channel: what they share and what each has for itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.limits import HANG_S
from tests.simulator import classic
from tests.simulator.reader import EVERYTHING, FILTERED, SAMPLE, connect, read_posts, read_reply
from tests.simulator.sending.test_slots import slow_client
from twitter_stream_simulator import Scenario, Simulator, clock, read_oracle
from twitter_stream_simulator.material.ids import Run
from twitter_stream_simulator.sending.broadcast import Broadcast, Reader
from twitter_stream_simulator.sending.past import Batch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.reader import Reply

SAMPLE10 = "/2/tweets/sample10/stream?partition="
RULES = [{"value": "cat", "tag": "cats"}]
ENDINGS: list[dict[str, Any]] = [
    {"do": "close"},
    {"do": "cut"},
    {"do": "rst"},
    {"do": "cut_line"},
    {"do": "cut_line", "where": "chunk", "end": "rst"},
    {"do": "disconnect", "disconnect_type": "OperationalDisconnect"},
    {"do": "bad_gzip", "how": "corrupt"},
    {"do": "half_open", "seconds": 0.1},
]
# Makes no post and gets one, so it lasts until there is another connection that makes some.
WAIT = {"do": "send", "posts": 1, "rate_per_s": 0}


def send(posts: int, *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"do": "send", "posts": posts}, *more]


def scenario(*scripts: list[dict[str, Any]], **more: Any) -> Scenario:  # noqa: ANN401 - as Scenario
    connections = [{"steps": steps} for steps in scripts]
    values = {"rate_per_s": 400, "max_connections": 2, "connections": connections}
    return Scenario.from_json({**values, **more})


def read_both(sim: Simulator, *paths: str, gzip: tuple[bool, bool] = (False, False)) -> list[Reply]:
    """Read two connections to their ends; the first one is open when the second begins."""
    with ThreadPoolExecutor(2) as readers:
        first = readers.submit(read_reply, connect(sim, paths[0], gzip=gzip[0]))
        assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
        second = readers.submit(read_reply, connect(sim, paths[-1], gzip=gzip[1]))
        replies = [first.result(20), second.result(20)]
    assert sim.wait_for(lambda: not sim.oracle.summary()["open_connections"], HANG_S)
    return replies


def test_two_connections_bring_the_same_posts_byte_for_byte() -> None:
    scripts = ([WAIT, *send(60, {"do": "cut"})], send(40, {"do": "close"}))
    with Simulator(scenario(*scripts)) as sim:
        first, second = read_both(sim, SAMPLE)
        assert first.lines[:40] == second.lines
        assert len(first.ids) == 61
        assert [sim.oracle.sent_ids(connection=n) for n in (1, 2)] == [first.ids, second.ids]
        assert sorted(sim.oracle.sent_ids()) == sorted(first.ids)
        assert sim.oracle.summary()["billed_posts"] == 61


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
@pytest.mark.parametrize("oldest", [True, False])
def test_either_may_end_in_every_way_and_the_other_loses_nothing(
    ending: dict[str, Any], *, oldest: bool
) -> None:
    breaks, lasts = send(40, ending), send(100, {"do": "cut"})
    scripts = ([WAIT, *breaks], lasts) if oldest else ([WAIT, *lasts], breaks)
    with Simulator(scenario(*scripts)) as sim:
        replies = read_both(sim, SAMPLE, gzip=(True, True))
        ids = replies[1 if oldest else 0].ids
        ended = sim.oracle.sent_ids(connection=1 if oldest else 2)
        assert ids[: len(ended)] == ended
        assert len(ids) == len(set(ids)) >= 100
        assert sorted(ids) == sorted(sim.oracle.sent_ids())
        assert sim.oracle.lost_ids() == set()
        assert sim.oracle.missed_ids() == []
        assert bool(sim.oracle.summary()["cut"]) is (ending["do"] == "cut_line")


def test_when_a_client_leaves_the_other_one_loses_nothing() -> None:
    with Simulator(scenario([WAIT], send(200, {"do": "cut"}))) as sim:
        first = connect(sim)
        assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
        with ThreadPoolExecutor(1) as reader:
            second = reader.submit(read_reply, connect(sim))
            got = [post["data"]["id"] for post in read_posts(first, 10)]
            ids = second.result(20).ids
        assert ids[:10] == got
        assert len(ids) == 200
        assert not sim.oracle.lost_ids() & {*ids}
        assert sim.oracle.missed_ids() == []


@pytest.mark.parametrize("rate", [400.0, "max"])
def test_posts_are_missed_only_while_both_are_away(rate: float | str) -> None:
    scripts = ([WAIT, *send(30, {"do": "cut_line"})], send(60, {"do": "cut_line"}))
    with Simulator(scenario(*scripts, rate_per_s=rate)) as sim:
        read_both(sim, SAMPLE)
        last_s = sim.oracle.batches[-1].at_s
        gone_s = clock.now_s()
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.1, HANG_S)
        read_posts(connect(sim), 1)
        absences = sim.oracle.absences
        assert [one.from_s >= last_s for one in absences] == [True] * (rate != "max")
        assert len(sim.oracle.missed_ids()) >= (0 if rate == "max" else 0.1 * 400 * 0.8)
        (cut_id,) = sim.oracle.connections[1].cut_ids
        assert sim.oracle.lost_ids() == {cut_id, *sim.oracle.missed_ids()}


def test_a_silent_connection_does_not_keep_posts_from_being_missed() -> None:
    silence = {"do": "half_open", "seconds": 30}
    scripts = ([WAIT, *send(20, silence)], send(60, {"do": "cut"}))
    with Simulator(scenario(*scripts)) as sim, connect(sim) as silent:
        assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
        read_reply(connect(sim))
        assert silent.recv(1)
        gone_s = clock.now_s()
        assert sim.wait_for(lambda: clock.now_s() > gone_s + 0.1, HANG_S)
        assert sim.oracle.connections[0].is_open
        read_posts(connect(sim), 1)
        assert len(sim.oracle.missed_ids()) >= 0.1 * 400 * 0.8
        assert len(sim.oracle.absences) == 1


def test_what_one_holds_back_comes_when_it_sends_again() -> None:
    pause = {"do": "idle", "seconds": 0.3}
    scripts = ([WAIT, *send(9, pause), *send(50, {"do": "cut"})], send(150, {"do": "cut"}))
    with Simulator(scenario(*scripts)) as sim:
        first, second = read_both(sim, SAMPLE)
        assert first.ids == second.ids[:60]
        assert len(second.ids) == 150


def test_two_connections_do_not_double_the_rate() -> None:
    scripts = ([WAIT, *send(200, {"do": "cut"})], send(100, {"do": "cut"}))
    with Simulator(scenario(*scripts)) as sim:
        read_both(sim, SAMPLE)
        first, second = sim.oracle.connections
        assert first.closed_s is not None
        assert first.closed_s - second.opened_s >= 200 / 400 * 0.95


def test_each_connection_has_the_fields_and_the_coding_that_it_asks_for() -> None:
    scripts = ([WAIT, *send(200, {"do": "cut"})], send(200, {"do": "cut"}))
    with Simulator(scenario(*scripts, rules=RULES, rate_per_s=2000)) as sim:
        first, second = read_both(sim, FILTERED, FILTERED + EVERYTHING, gzip=(False, True))
        assert second.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in first.headers
        for line, longer in zip(first.lines[:200], second.lines, strict=True):
            plain, full = json.loads(line), json.loads(longer)
            assert plain["data"]["id"] == full["data"]["id"]
            assert full["data"]["text"] == plain["data"]["text"]
            assert full["matching_rules"] == plain["matching_rules"]
            assert "created_at" in full["data"]
            assert "created_at" not in plain["data"]


def test_whole_pages_are_the_same_at_full_speed() -> None:
    total = 128 * 30
    scripts = ([WAIT, *send(total - 1, {"do": "cut"})], send(total, {"do": "cut"}))
    with Simulator(scenario(*scripts, rate_per_s="max")) as sim:
        first, second = read_both(sim, SAMPLE, gzip=(True, False))
        assert len(first.ids) == total
        assert first.lines == second.lines


def test_partitions_share_nothing() -> None:
    with Simulator(scenario(*[send(40, {"do": "cut"})] * 2)) as sim:
        first, second = read_both(sim, f"{SAMPLE10}1", f"{SAMPLE10}2")
        assert len(first.ids) == len(second.ids) == 40
        assert not {*first.ids} & {*second.ids}


def test_a_slow_reader_holds_nobody_up_and_gets_everything_later() -> None:
    total = 128 * 100
    scripts = ([WAIT, *send(total - 1, {"do": "cut"})], send(total, {"do": "cut"}))
    with Simulator(scenario(*scripts, rate_per_s="max")) as sim:
        slow = slow_client(sim)
        assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
        quick = read_reply(connect(sim))
        assert len(quick.ids) == total
        assert sim.oracle.connections[0].is_open
        assert read_reply(slow).ids == quick.ids


def test_a_slow_reader_loses_its_stream_and_the_other_one_no_post() -> None:
    slow_reader = {"seconds": 0.2, "notice": False}
    total = 128 * 100
    scripts = ([WAIT], send(total, {"do": "cut"}))
    with Simulator(scenario(*scripts, rate_per_s="max", slow_reader=slow_reader)) as sim:
        slow = slow_client(sim)
        assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
        quick = read_reply(connect(sim)).ids
        assert sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        slow.close()
        assert sim.oracle.connections[0].ending == "slow_reader"
        assert len(quick) == total
        assert not sim.oracle.lost_ids() & {*quick}


def test_the_limit_is_one_for_all_connections_of_a_channel() -> None:
    scripts = ([WAIT, *send(200, {"do": "cut"})], send(200, {"do": "cut"}))
    with Simulator(scenario(*scripts, limit_posts=50)) as sim:
        first, second = read_both(sim, SAMPLE)
        assert len(first.ids) == 50
        assert first.ids == second.ids
        summary = sim.oracle.summary()
        assert (summary["unique_ids"], summary["billed_posts"]) == (50, 50)
        assert summary["messages"] == 100


def test_posts_that_nobody_is_left_to_send_go_back_to_the_limit() -> None:
    limit = 128 * 200
    with Simulator(scenario([{"do": "idle"}], rate_per_s="max", limit_posts=limit)) as sim:
        with connect(sim) as idle:
            assert idle.recv(12)
            with slow_client(sim):
                assert sim.wait_for(lambda: sim.oracle.sent_total > 0, HANG_S)
        assert sim.wait_for(lambda: not sim.oracle.summary()["open_connections"], HANG_S)
        rest = limit - sim.oracle.summary()["unique_ids"]
        assert len(read_posts(connect(sim), rest)) == rest
        assert sim.wait_for(lambda: sim.oracle.summary()["unique_ids"] == limit, HANG_S)


def test_a_backfill_beside_a_live_connection_is_followed_by_all_that_comes() -> None:
    scripts = (send(150, {"do": "cut"}), send(60, {"do": "cut"}))
    with Simulator(scenario(*scripts, record_messages=True)) as sim:
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(read_reply, connect(sim))
            assert sim.wait_for(lambda: sim.oracle.sent_total > 0, HANG_S)
            second = read_reply(connect(sim, f"{SAMPLE}?backfill_minutes=1"))
            first = reading.result(20)
        ids = list(dict.fromkeys(second.ids))
        both = min(len(ids), len(first.ids))
        assert ids[:both] == first.ids[:both]
        assert "repeat" in {batch.seen for batch in sim.oracle.batches}
        assert [sim.oracle.messages[one] for one in first.ids] == first.lines


def test_a_recovery_that_is_cut_cuts_a_post_of_its_span() -> None:
    steps = [{"do": "send", "posts": 7}, {"do": "cut_line"}]
    scripts: list[dict[str, Any]] = [
        {"steps": send(30, {"do": "idle"})},
        {"recovery": True, "steps": steps},
    ]
    start = clock.utc_text(clock.now_s() - 60)[:19] + "Z"
    with Simulator(Scenario(connections=scripts)) as sim, connect(sim, f"{SAMPLE10}1"):
        assert sim.wait_for(lambda: sim.oracle.sent_total == 30, HANG_S)
        reply = read_reply(connect(sim, f"{SAMPLE10}1&start_time={start}"))
        sent = sim.oracle.sent_ids(connection=1)
        assert (reply.ids, sim.oracle.connections[1].cut_ids) == (sent[:7], [sent[7]])
        assert sim.oracle.lost_ids() == set()


def test_the_file_tells_copies_from_what_was_new(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    scripts = ([WAIT, *send(60, {"do": "cut"})], send(40, {"do": "cut"}))
    with Simulator(scenario(*scripts), oracle_path=path) as sim:
        first, second = read_both(sim, SAMPLE)
    oracle = read_oracle(path)
    assert oracle.ids == {1: first.ids, 2: second.ids}
    assert sorted(oracle.all_ids()) == sorted(first.ids)
    assert any(batch.as_json().get("copy") for batch in sim.oracle.batches)


def test_a_reader_too_far_behind_loses_the_oldest_posts() -> None:
    settled: list[Batch] = []
    broadcast, quick, slow = Broadcast(settled.append, most_behind=3), Reader(), Reader()
    broadcast.join(quick)
    broadcast.join(slow)

    def make(_most: int) -> Batch:
        return Batch((Run(len(made), 1, 1),), 0.0)

    made: list[Batch] = []
    while len(made) < 10:
        batch = broadcast.take(quick, 1, make)
        assert batch is not None
        made.append(batch)
    assert settled == made[:7]
    assert broadcast.take(slow, 1, make) == made[7]
    broadcast.leave(quick)
    broadcast.leave(slow)
    assert settled == made


def test_v1_1_connections_have_what_each_of_them_tracks() -> None:
    scripts = (send(150, {"do": "cut"}), send(20, {"do": "cut"}))
    with Simulator(scenario(*scripts, max_connections=None)) as sim:
        requests = [classic.signed(sim, classic.FILTER, {"track": word}) for word in ("cat", "dog")]
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(read_reply, classic.send(sim, requests[0]))
            assert sim.wait_for(lambda: len(sim.oracle.connections) == 1, HANG_S)
            second = read_reply(classic.send(sim, requests[1]))
            replies = [reading.result(20), second]
    ids = [{one["id_str"] for one in classic.statuses(reply.lines)} for reply in replies]
    assert [len(one) for one in ids] == [150, 20]
    assert not ids[0] & ids[1]
