"""A v1.1 connection from its request to its end, as a reader of bytes sees it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.limits import HANG_S
from tests.simulator.classic import FILTER, SAMPLE, send, signed, statuses
from tests.simulator.reader import Reply, connect, read_posts, read_reply
from twitter_stream_simulator import Scenario, Simulator, read_oracle
from twitter_stream_simulator.generation.classic_predicates import parse_predicates
from twitter_stream_simulator.scenario.steps import NOTICE_KINDS

if TYPE_CHECKING:
    from pathlib import Path

POWERSTREAM = "/2/powerstream"


def scenario(*steps: dict[str, Any], **changes: Any) -> Scenario:  # noqa: ANN401 - JSON
    return Scenario(**{"rate_per_s": "max", "connections": [{"steps": [*steps]}], **changes})


def read(sim: Simulator, *args: Any, **kwargs: Any) -> Reply:  # noqa: ANN401 - those of signed()
    return read_reply(send(sim, signed(sim, *args, **kwargs)))


def goes_on(sim: Simulator, batches: int) -> bool:
    return sim.wait_for(lambda: len(sim.oracle.batches) > batches, 0.8)


def test_what_was_sent_is_in_the_oracle(tmp_path: Path) -> None:
    path = tmp_path / "oracle.jsonl"
    plan = scenario({"do": "send", "posts": 300}, {"do": "notice"}, {"do": "close"})
    with Simulator(plan, oracle_path=path) as sim:
        form = {"track": "cat,dog house", "language": "en,ja", "filter_level": "low"}
        reply = read(sim, FILTER, form)
        got = statuses(reply.lines)
        predicates = parse_predicates(form)
        assert len(got) == 300
        assert all(predicates.match(status) for status in got)
        assert [status["id_str"] for status in got] == sim.oracle.sent_ids()
        assert reply.lines[-1] == sim.oracle.notices[0]
        assert sim.oracle.requests[0]["query"] == form
        sim.wait_for(lambda: not sim.oracle.connections[0].is_open, HANG_S)
        assert sim.oracle.connections[0].ending == "close"
    oracle = read_oracle(path)
    assert oracle.all_ids() == [status["id_str"] for status in got]
    assert [entry["notice"] for entry in oracle.of_kind("notice")] == ["delete"]
    at = datetime.strptime(got[0]["created_at"], "%a %b %d %H:%M:%S %z %Y")
    assert abs(at.timestamp() - int(got[0]["timestamp_ms"]) / 1000) < 1


def test_delimited_length_counts_the_bytes_of_each_message() -> None:
    steps = ({"do": "send", "posts": 140}, {"do": "idle", "seconds": 0.05}, {"do": "notice"})
    plan = scenario(*steps, {"do": "close"}, keep_alive_s=0.02, record_messages=True)
    with Simulator(plan) as sim:
        body = read(sim, SAMPLE, query={"delimited": "length"}).body
        messages, blanks = [], 0
        while body:
            head, _, body = body.partition(b"\r\n")
            blanks += not head
            if head:
                messages.append(body[: int(head)])
                body = body[int(head) :]
        assert all(message.endswith(b"\r\n") for message in messages)
        assert [message[:-2] for message in messages[:-1]] == [
            sim.oracle.messages[post_id] for post_id in sim.oracle.sent_ids()
        ]
        assert blanks == sim.oracle.connections[0].keep_alives > 0


def test_a_second_connection_of_the_account_ends_the_first() -> None:
    with Simulator(Scenario(rate_per_s=200)) as sim:
        first = send(sim, signed(sim, SAMPLE))
        assert sim.wait_for(lambda: bool(sim.oracle.sent_ids()), HANG_S)
        second = send(sim, signed(sim, FILTER, {"track": "cat"}))
        reply = read_reply(first)
        last = json.loads(reply.lines[-1])
        assert reply.complete
        assert last["disconnect"]["code"] == 7
        assert read_posts(second, 3)
        assert sim.wait_for(lambda: sim.oracle.connections[0].ending == "dropped", HANG_S)


def test_a_v2_stream_is_none_of_its_business() -> None:
    with Simulator(Scenario(rate_per_s=200)) as sim:
        other = connect(sim)
        with send(sim, signed(sim, SAMPLE)):
            assert read_posts(other, 5)


def test_too_many_connects_get_420_in_words() -> None:
    plan = Scenario(
        connect_limit=1, after="repeat_last", connections=[{"steps": [{"do": "close"}]}]
    )
    with Simulator(plan) as sim:
        assert read(sim).status == 200
        reply = read(sim)
        assert reply.status == 420
        assert b"Enhance your calm" in reply.rest
        assert not [name for name in reply.headers if name.startswith("x-rate-limit")]


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"language": "en"}, 406, b"No filter parameters found"),
        ({"track": ",".join(["x"] * 401)}, 413, b"401 items"),
        ({"track": "x", "count": "100"}, 416, b"count"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(
    form: dict[str, str], status: int, words: bytes
) -> None:
    with Simulator() as sim:
        reply = read(sim, FILTER, form)
        assert reply.status == status
        assert words in reply.rest
        assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("status", [401, 403, 404, 420, 503])
def test_a_scripted_refusal_is_a_page_or_a_text(status: int) -> None:
    with Simulator(scenario({"do": "http", "status": status})) as sim:
        reply = read(sim)
        assert reply.status == status
        assert reply.headers["content-type"].startswith("text/")
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(reply.rest)


def test_every_notice_can_be_scripted() -> None:
    steps = [{"do": "notice", "kind": kind} for kind in NOTICE_KINDS]
    with Simulator(scenario({"do": "send", "posts": 1}, *steps, {"do": "close"})) as sim:
        status, *notices = map(json.loads, read(sim).lines)
    assert notices[0]["delete"]["status"]["id"] == status["id"]
    assert notices[0]["delete"]["status"]["user_id"] == status["user"]["id"]
    kinds = [next(iter(notice)) for notice in notices]
    assert kinds == ["warning" if kind == "follows_over_limit" else kind for kind in NOTICE_KINDS]
    assert "percent_full" not in notices[NOTICE_KINDS.index("follows_over_limit")]["warning"]


def test_limit_counts_from_the_opening_and_values_can_be_set() -> None:
    limit = {"do": "notice", "kind": "limit", "undelivered": 5}
    odd = {"do": "notice", "kind": "delete", "values": {"timestamp_ms": None}}
    plan = scenario(limit, limit, odd, {"do": "close"}, after="repeat_last")
    with Simulator(plan) as sim:
        for _ in range(2):
            first, second, third = map(json.loads, read(sim).lines)
            assert (first["limit"]["track"], second["limit"]["track"]) == (5, 10)
            assert third["delete"]["timestamp_ms"] is None


@pytest.mark.parametrize("code", range(1, 13))
def test_every_code_of_a_disconnect_can_be_scripted(code: int) -> None:
    with Simulator(scenario({"do": "disconnect", "code": code})) as sim:
        reply = read(sim)
        (line,) = reply.lines
        assert json.loads(line)["disconnect"]["code"] == code
        assert reply.complete


def test_the_types_of_v2_become_the_nearest_codes() -> None:
    step = {"do": "disconnect", "disconnect_type": "SlowReader"}
    with Simulator(scenario(step)) as sim:
        assert json.loads(read(sim).lines[0])["disconnect"]["code"] == 4


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_transport_faults_are_those_of_v2(end: str) -> None:
    steps = ({"do": "send", "posts": 3}, {"do": "drip"}, {"do": "cut_line", "end": end})
    with Simulator(scenario(*steps)) as sim:
        reply = read(sim)
        assert reply.reset is (end == "rst")
        assert not reply.complete
        assert [status["id_str"] for status in statuses(reply.lines)] == sim.oracle.sent_ids()
        assert len(sim.oracle.sent_ids()) == 4
        assert sim.oracle.connections[0].cut_ids


def test_gzip_carries_the_same_statuses() -> None:
    with Simulator(scenario({"do": "send", "posts": 300}, {"do": "close"})) as sim:
        wire = signed(sim).replace(b"\r\n\r\n", b"\r\nAccept-Encoding: deflate, gzip\r\n\r\n")
        reply = read_reply(send(sim, wire))
        assert reply.headers["content-encoding"] == "gzip"
        assert [status["id_str"] for status in statuses(reply.lines)] == sim.oracle.sent_ids()


def test_a_client_that_falls_behind_is_warned_if_it_asked() -> None:
    with Simulator(Scenario(rate_per_s="max", limit_posts=4000)) as sim:
        with send(sim, signed(sim, SAMPLE, query={"stall_warnings": "true"})) as connection:
            while goes_on(sim, len(sim.oracle.batches)):
                pass  # The kernel's buffers fill up, then nothing more goes out.
            while not sim.oracle.notices:
                assert connection.recv(1 << 20)
        assert json.loads(sim.oracle.notices[0])["warning"]["code"] == "FALLING_BEHIND"


def test_powerstream_sends_statuses_alone_or_in_arrays_after_its_preamble() -> None:
    plan = scenario(
        {"do": "send", "posts": 60}, {"do": "close"}, rules=[{"value": "cat", "tag": "a"}]
    )
    with Simulator(plan) as sim:
        reply = read_reply(connect(sim, f"{POWERSTREAM}?localDcOnly=true"))
        assert reply.headers["x-powerstream-datacenter"] == "atla"
        first, *lines = map(json.loads, reply.lines)
        assert first["type"] == "connection_metadata"
        assert any(isinstance(line, list) for line in lines)
        got = [line[0] if isinstance(line, list) else line for line in lines]
        assert [status["id_str"] for status in got] == sim.oracle.sent_ids()
        (rule,) = sim.rules.all
        assert got[0]["matching_rules"] == [{"tag": "a", "id": int(rule.id), "id_str": rule.id}]


def test_powerstream_writes_its_parameters_in_camel_case() -> None:
    with Simulator(Scenario(rules=[{"value": "cat"}])) as sim:
        with connect(sim, f"{POWERSTREAM}?backfill_minutes=1") as connection:
            assert connection.recv(12) == b"HTTP/1.1 400"
        assert read_posts(connect(sim, f"{POWERSTREAM}?backfillMinutes=1"), 1)
        assert sim.oracle.requests[-1]["query"] == {"backfill_minutes": "1"}


def test_the_home_page_names_the_streams() -> None:
    with Simulator() as sim, connect(sim, "/") as connection:
        page = connection.recv(1 << 16)
    for path in (FILTER, SAMPLE, POWERSTREAM):
        assert re.search(rb"(GET|POST) +" + path.encode(), page)
