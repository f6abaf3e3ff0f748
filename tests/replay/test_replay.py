"""What is emitted depends on the log alone, wherever a run is cut and resumed (G1, G2, G5)."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.instants import iso
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.spool.entries import Stopped
from tap_twitter_stream.spool.frames import HEADER_BYTES, Frame, Kind, by_line
from tap_twitter_stream.state import CaptureState, from_bookmark
from tests.spool.logs import encode_json

STREAMS = (
    *("tweets", "referenced_tweets", "users", "media", "places", "polls", "tweet_rules", "rules"),
    *("errors", "notices", "dead_letters", "raw_messages"),
    *("capture_connections", "capture_gaps", "capture_windows"),
)
START_US = 1_790_000_000_000_000


class Log:
    """A made-up log: frames with positions as the writer gives them."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.end = 8

    def add(self, kind: Kind, payload: bytes | dict[str, Any], connection: int = 0) -> int:
        data = payload if isinstance(payload, bytes) else encode_json(payload)
        time_us = START_US + len(self.frames) * 1_000
        frame = Frame(self.end, time_us, connection, kind, data)
        self.frames.append(frame)
        self.end += HEADER_BYTES + len(data)
        return frame.position


def post(number: int) -> bytes:
    envelope = {
        "data": {"id": str(number), "text": "made up"},
        "includes": {"users": [{"id": str(number % 7)}]},
        "matching_rules": [{"id": "5", "tag": "tap:cats"}],
    }
    return json.dumps(envelope).encode()


LINES = st.one_of(
    st.integers(1, 10**6).map(post),
    st.just(b""),  # a keep-alive
    st.sampled_from([b"not json", b"[1]", b"\xff", b'{"errors":[{"title":"x","type":"y"}]}']),
    st.just(b"x" * 700),  # over the limit
)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """One window with one to three connections whose bytes come in any pieces, in any order."""
    log = Log()
    log.add(Kind.CONTEXT, {"window": {}, "connections": []})
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US, "endpoints": ["filtered"]})
    sources: list[tuple[int, dict[str, Any], list[bytes]]] = []
    for number in range(draw(st.integers(1, 3))):
        head = {"connection_id": f"w-{number}", "endpoint": "filtered", "partition": number}
        head |= {"opened_at_us": START_US, "http_status": 200}
        body = b"".join(line + b"\r\n" for line in draw(st.lists(LINES, max_size=8)))
        body += draw(st.sampled_from([b"", b'{"data":{"id":"1', post(77)]))
        cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=6)) | {0, len(body)})
        pieces = [body[a:b] for a, b in pairwise(cuts)]
        sources.append((log.add(Kind.OPENED, head), head, pieces))
    while waiting := [one for one in sources if one[2]]:
        connection, _, pieces = draw(st.sampled_from(waiting))
        log.add(Kind.BYTES, pieces.pop(0), connection)
    for connection, head, _ in sources:
        end = {"ending": {"kind": "closed_by_server"}, "closed_at_us": START_US + 10**6}
        log.add(Kind.CLOSED, {**head, **end}, connection)
    log.add(Kind.STOPPED, {"reason": "stop"})
    return log


class Run:
    """A replay and what it wrote."""

    def __init__(self, state: CaptureState | None = None, max_records: int | None = None) -> None:
        self.output = Output()
        self.emitter = Emitter(self.output, {name: RawLane(name) for name in STREAMS})
        options = ReplayOptions("s", max_line_bytes=512, tag_prefix="tap:", max_records=max_records)
        self.replay = Replay(options, self.emitter, Dedupe(0, 1), state)

    def read(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.replay.handle(frame)
            if self.replay.full:
                return

    @property
    def rows(self) -> list[tuple[str, str]]:
        lines = b"".join(self.output.parts).splitlines()
        messages = [json.loads(line) for line in lines]
        return [(one["stream"], json.dumps(one["record"], sort_keys=True)) for one in messages]

    def assert_balanced(self) -> None:
        assert self.replay.tally.balanced
        assert all(count.balanced for count in self.emitter.counts.values())


def handed_over(state: CaptureState) -> CaptureState:
    """Take a state through JSON, as a target and a runner do."""
    text = json.dumps(state.to_bookmark())
    back, complaint = from_bookmark(json.loads(text))
    assert back is not None
    assert not complaint
    assert len(text) < 10_000
    return back


@given(logs(), st.data())
@settings(deadline=None, max_examples=200)
def test_a_run_cut_at_any_frame_and_resumed_emits_what_one_run_emits(
    log: Log, data: st.DataObject
) -> None:
    whole = Run()
    whole.read(log.frames)
    cut = data.draw(st.integers(0, len(log.frames)))
    first = Run()
    first.read(log.frames[:cut])
    state = handed_over(first.replay.export())
    second = Run(state)
    second.read(log.frames)  # a reader begins at its segment's start, so earlier frames come too
    assert Counter(first.rows + second.rows) == Counter(whole.rows)
    for run in (whole, first, second):
        run.assert_balanced()


@given(logs(), st.data())
@settings(deadline=None, max_examples=200)
def test_a_run_cut_behind_any_line_and_resumed_emits_what_one_run_emits(
    log: Log, data: st.DataObject
) -> None:
    """Mutant: leave out ``behind`` in ``handle``; the frame's first lines come twice."""
    whole = Run()
    whole.read(log.frames)
    pieces = [piece for frame in log.frames for piece in by_line(frame)]
    first = Run()
    first.read(pieces[: data.draw(st.integers(0, len(pieces)))])
    second = Run(handed_over(first.replay.export()))
    second.read(log.frames)
    assert Counter(first.rows + second.rows) == Counter(whole.rows)
    for run in (whole, first, second):
        run.assert_balanced()


def opened(log: Log) -> int:
    head = {"connection_id": "c", "endpoint": "filtered", "partition": 0, "http_status": 200}
    return log.add(Kind.OPENED, {**head, "opened_at_us": START_US})


def letters(run: Run) -> list[dict[str, Any]]:
    return [json.loads(row) for stream, row in run.rows if stream == "dead_letters"]


def test_no_line_is_put_together_across_damage() -> None:
    """Mutant: keep what is unfinished; a post of two halves comes out, which nobody ever wrote."""
    log = Log()
    connection = opened(log)
    log.add(Kind.BYTES, b'{"data":{"id":"1","text":"a', connection)
    log.add(Kind.CORRUPT, b"\x00\x01damaged")
    log.add(Kind.BYTES, b'b"}}\r\n' + post(2) + b"\r\n", connection)
    run = Run()
    run.read(log.frames)
    run.assert_balanced()
    assert [json.loads(row)["id"] for stream, row in run.rows if stream == "tweets"] == ["2"]
    assert [row["reason"] for row in letters(run)] == ["corrupt_frame", "cut", "not_json"]
    assert len({row["letter_id"] for row in letters(run)}) == 3


def test_a_message_set_aside_is_never_read_and_counts_as_a_dead_letter() -> None:
    """Not even as a raw message or as text: Base64 alone harms nobody."""
    log = Log()
    connection = opened(log)
    log.add(Kind.BYTES, b"\r\n" + post(1) + b"\r\n" + post(2) + b"\r\n", connection)
    run = Run()
    options = ReplayOptions("s", 512, raw_messages=True, own_from=log.end)
    run.replay = Replay(options, run.emitter, Dedupe(60.0, 100), None)
    run.replay.set_first_aside()
    run.read(log.frames)
    run.assert_balanced()
    (letter,) = letters(run)
    assert letter["reason"] == "poison"
    assert base64.b64decode(letter["raw_base64"]).strip() == post(1)
    assert "raw_text" not in letter
    assert [json.loads(row)["id"] for stream, row in run.rows if stream == "tweets"] == ["2"]
    assert [json.loads(row)["line"] for stream, row in run.rows if stream == "raw_messages"] == [
        post(2).decode()
    ]


def test_time_after_a_tap_that_was_killed_alone_is_lost() -> None:
    """Its receiver then closes in order. Mutant: do not look at how the window ended."""
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US})
    head = {"connection_id": "w-1", "endpoint": "filtered", "partition": 0, "http_status": 200}
    number = log.add(Kind.OPENED, head)
    log.add(Kind.BYTES, b"\r\n", number)
    log.add(Kind.CLOSED, {**head, "ending": {"kind": "stopped_by_us"}}, number)
    log.add(Kind.STOPPED, {"reason": "orphaned"})
    log.add(Kind.WINDOW, {"window_id": "x", "started_at_us": START_US})
    log.add(Kind.OPENED, {**head, "connection_id": "x-1"})
    run = Run()
    run.read(log.frames)
    (gap,) = [json.loads(row) for stream, row in run.rows if stream == "capture_gaps"]
    assert (gap["kind"], gap["cause"]) == ("lost", "crashed")


def test_a_page_of_search_is_set_aside_whole_and_nothing_behind_it() -> None:
    """Mutant: leave pages out of it; an innocent line is then set aside in the page's stead."""
    log = Log()
    connection = opened(log)
    head = {"connection_id": "w-9", "endpoint": "filtered", "gap": ["filtered", 0, 5]}
    page = {"data": [{"id": "7", "text": "a"}, {"id": "8", "text": "b"}], "includes": {"users": []}}
    log.add(Kind.PAGE, {**head, "rule": {"id": "5", "value": "x", "tag": ""}, "page": page})
    log.add(Kind.BYTES, post(2) + b"\r\n", connection)
    run = Run()
    run.replay = Replay(
        ReplayOptions("s", 512, own_from=log.end), run.emitter, Dedupe(60.0, 100), None
    )
    run.replay.set_first_aside()
    run.read(log.frames)
    run.assert_balanced()
    (letter,) = letters(run)
    assert letter["reason"] == "poison"
    lines = [json.loads(one) for one in base64.b64decode(letter["raw_base64"]).split(b"\n")]
    assert [one["data"] for one in lines] == page["data"]
    assert [one.get("includes") for one in lines] == [{"users": []}, None]
    assert all(one["matching_rules"] == [{"id": "5", "tag": ""}] for one in lines)
    assert [json.loads(row)["id"] for stream, row in run.rows if stream == "tweets"] == ["2"]


def test_what_this_run_receives_is_never_set_aside() -> None:
    log = Log()
    connection = opened(log)
    log.add(Kind.BYTES, post(1) + b"\r\n", connection)
    run = Run()
    run.replay.set_first_aside()
    run.read(log.frames)
    assert not letters(run)


@given(logs(), st.integers(1, 6))
@settings(deadline=None, max_examples=200)
def test_what_a_record_limit_leaves_comes_in_the_next_runs(log: Log, limit: int) -> None:
    whole = Run()
    whole.read(log.frames)
    rows: list[tuple[str, str]] = []
    state: CaptureState | None = None
    for _ in range(len(whole.rows) + 2):
        run = Run(state, max_records=limit)
        run.read(log.frames)
        run.assert_balanced()
        assert run.replay.tally.records <= limit
        rows += run.rows
        state = handed_over(run.replay.export())
        if not run.replay.full:
            break
    extra, missing = Counter(rows) - Counter(whole.rows), Counter(whole.rows) - Counter(rows)
    assert (extra, missing) == (Counter(), Counter())


def test_schema_and_stream_lists_agree() -> None:
    for stream in STREAMS:
        assert load_schema(stream)["properties"]


def test_a_repeat_is_dropped_within_the_window_and_not_behind_it() -> None:
    """Mutant: never call ``pass_time``; the third delivery is then dropped too."""
    log = Log()
    head = {"connection_id": "c", "endpoint": "filtered", "partition": 0, "http_status": 200}
    connection = log.add(Kind.OPENED, {**head, "opened_at_us": START_US})
    run = Run()
    run.replay = Replay(ReplayOptions("s", 512), run.emitter, Dedupe(60.0, 100), None)
    for later_s in (0, 1, 300):
        log.add(Kind.BYTES, post(1) + b"\r\n", connection)
        log.frames[-1] = replace(log.frames[-1], time_us=START_US + later_s * 1_000_000)
    log.add(Kind.BYTES, b"\r\n", connection)
    quiet = replace(log.frames.pop(), time_us=START_US + 200 * 1_000_000)
    run.read([*log.frames[:-1], quiet])
    assert run.emitter.counts["tweets"].deduplicated == 1
    late = replace(log.frames[-1], position=log.end, time_us=START_US + 300 * 1_000_000)
    run.read([late])
    assert run.emitter.counts["tweets"].emitted == 2


def test_a_killed_run_gets_its_row_from_the_next() -> None:
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "killed", "started_at_us": START_US})
    head = {"connection_id": "killed-1", "endpoint": "filtered", "partition": 0}
    connection = log.add(Kind.OPENED, {**head, "opened_at_us": START_US, "http_status": 200})
    log.add(Kind.BYTES, post(1) + b"\r\n", connection)
    log.add(Kind.WINDOW, {"window_id": "next", "started_at_us": START_US})
    run = Run()
    run.read(log.frames)
    (row,) = [json.loads(record) for stream, record in run.rows if stream == "capture_windows"]
    assert (row["window_id"], row["crashed"]) == ("killed", True)
    (closed,) = [json.loads(one) for stream, one in run.rows if stream == "capture_connections"]
    assert closed["ending"] == "crashed"


@pytest.mark.parametrize(
    ("spool_id", "damaged", "kind"),
    [("s", False, "lost"), ("another", False, "unknown"), ("s", True, "unknown")],
)
def test_the_latest_state_that_a_run_of_the_log_had_says_since_when_time_is_missing(
    spool_id: str,
    damaged: bool,  # noqa: FBT001 - a case
    kind: str,
) -> None:
    """The run that ended the gap was killed before any target had its row, and STATE is lost."""
    log = Log()
    line = ("sample10", 1)
    earlier = Ledger()
    earlier.opened(line, START_US - 9_000_000, "earlier", connection=3)
    earlier.alive(line, START_US - 5_000_000, 3)  # then its receiver was killed
    context = {"window": {}, "connections": [], "follows": log.end}
    if spool_id == "s":
        context["ledger"] = earlier.export()
    latest = CaptureState(spool_id, log.end, ledger=earlier.export())
    if damaged:
        log.add(Kind.CORRUPT, b"rotten")
    else:
        log.add(Kind.CONTEXT, context)
    log.add(Kind.WINDOW, {"window_id": "killed", "started_at_us": START_US})
    head = {"endpoint": line[0], "partition": line[1], "http_status": 200}
    log.add(Kind.OPENED, {**head, "connection_id": "a", "opened_at_us": START_US})
    run = Run()
    options = ReplayOptions("s", 512, log_continues=False, own_from=log.end, latest=latest)
    run.replay = Replay(options, run.emitter, Dedupe(60.0, 100), None)
    run.read(log.frames)
    (gap,) = [json.loads(one) for stream, one in run.rows if stream == "capture_gaps"]
    assert (gap["kind"], gap["cause"]) == (kind, "crashed")
    assert gap["started_at"] == iso(START_US - 5_000_000)
    assert gap["ended_at"] == iso(log.frames[-1].time_us)


def test_a_state_ahead_of_the_log_knows_more_than_the_log() -> None:
    """A power cut took the log's tail, whose rows were stored."""
    log = Log()
    line = ("sample10", 1)

    def alive(at_us: int) -> list[list[object]]:
        ledger = Ledger()
        ledger.opened(line, START_US - 9_000_000, "earlier", connection=3)
        ledger.alive(line, at_us, 3)
        ledger.closed(line, "closed_by_server", None, 0, 3)
        return ledger.export()

    context = {"window": {}, "connections": [], "follows": log.end - 5}
    log.add(Kind.CONTEXT, {**context, "ledger": alive(START_US - 5_000_000)})
    log.add(Kind.WINDOW, {"window_id": "next", "started_at_us": START_US})
    head = {"endpoint": line[0], "partition": line[1], "http_status": 200}
    log.add(Kind.OPENED, {**head, "connection_id": "a", "opened_at_us": START_US})
    state = CaptureState("s", 8, ledger=alive(START_US - 2_000_000))
    run = Run()
    options = ReplayOptions("s", 512, log_continues=False, latest=state)
    run.replay = Replay(options, run.emitter, Dedupe(60.0, 100), state)
    run.read(log.frames)
    (gap,) = [json.loads(one) for stream, one in run.rows if stream == "capture_gaps"]
    assert gap["started_at"] == iso(START_US - 2_000_000)


@pytest.mark.parametrize(
    ("caught_up", "state_only"), [(False, False), (False, True), (True, False)]
)
def test_a_kill_soon_after_a_pause_leaves_a_gap_from_the_pause_on(
    caught_up: bool,  # noqa: FBT001 - a case
    state_only: bool,  # noqa: FBT001 - the frames before STATE are gone
) -> None:
    """What is read then may be old. Mutation: believe that X sent it when it was read."""
    log = Log()
    log.add(Kind.CONTEXT, {"window": {}, "connections": []})
    log.add(Kind.WINDOW, {"window_id": "killed", "started_at_us": START_US})
    head = {"connection_id": "k", "endpoint": "filtered", "partition": 0, "http_status": 200}
    connection = log.add(Kind.OPENED, {**head, "opened_at_us": START_US})
    log.add(Kind.BYTES, post(1) + b"\r\n", connection)
    pause_us = log.frames[-1].time_us
    log.add(Kind.BEHIND, {"behind_us": pause_us}, connection)
    log.add(Kind.BYTES, post(2) + b"\r\n", connection)
    if caught_up:
        log.add(Kind.BEHIND, {"behind_us": None}, connection)
    log.add(Kind.BYTES, post(3) + b"\r\n", connection)
    last_us = log.frames[-1].time_us
    killed = Run()
    killed.read(log.frames)
    state = handed_over(killed.replay.export())
    before = len(log.frames)
    log.add(Kind.WINDOW, {"window_id": "next", "started_at_us": START_US})
    log.add(Kind.OPENED, {**head, "connection_id": "n", "opened_at_us": START_US})
    run = Run(state)
    run.read(log.frames[before:] if state_only else log.frames)
    (gap,) = [json.loads(one) for stream, one in run.rows if stream == "capture_gaps"]
    assert gap["started_at"] == iso(last_us if caught_up else pause_us)


def test_the_state_of_two_copies_that_are_both_behind_says_until_when_one_is_whole() -> None:
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US})
    head = {"endpoint": "filtered", "partition": 0, "http_status": 200, "opened_at_us": START_US}
    copies = [log.add(Kind.OPENED, {**head, "connection_id": one}) for one in "ab"]
    for copy in copies:
        log.add(Kind.BYTES, b"\r\n", copy)
    since_us = [frame.time_us for frame in log.frames[-2:]]
    for copy, us in zip(copies, since_us, strict=True):
        log.add(Kind.BEHIND, {"behind_us": us}, copy)
        log.add(Kind.BYTES, b"\r\n", copy)
    run = Run()
    run.read(log.frames)
    assert run.replay.export().ledger[0][2] == since_us[1]
    log.add(Kind.BEHIND, {"behind_us": None}, copies[0])
    run.read(log.frames[-1:])
    assert run.replay.export().ledger[0][2] == log.frames[-2].time_us


def test_a_frame_full_of_junk_stays_linear() -> None:
    """Each dead letter carries its position; working it out must not start anew each time."""
    log = Log()
    head = {"connection_id": "c", "endpoint": "filtered", "partition": 0, "http_status": 200}
    connection = log.add(Kind.OPENED, {**head, "opened_at_us": START_US})
    start = log.end + HEADER_BYTES
    log.add(Kind.BYTES, b"x\n" * 20_000, connection)
    run = Run()
    run.read(log.frames)
    places = [json.loads(row)["position"] for stream, row in run.rows if stream == "dead_letters"]
    assert places == [start + 2 * index for index in range(20_000)]


def test_the_end_of_an_earlier_run_does_not_end_this_one() -> None:
    """The backlog may be read before this run's receiver has written its first frame."""
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "earlier", "started_at_us": START_US, "endpoints": []})
    log.add(Kind.STOPPED, {"reason": "stop"})
    run = Run()
    options = ReplayOptions("s", 512, own_from=log.end)
    run.replay = Replay(options, run.emitter, Dedupe(60.0, 100), None)
    run.read(log.frames)
    before = run.replay.ended
    log.add(Kind.WINDOW, {"window_id": "now", "started_at_us": START_US, "endpoints": []})
    log.add(Kind.STOPPED, {"reason": "fatal", "fatal": "It broke."})
    run.read(log.frames[2:])
    assert (before, run.replay.ended) == (None, Stopped(reason="fatal", fatal="It broke."))
    assert not [row for stream, row in run.rows if stream == "capture_windows"], "nobody crashed"


def test_old_bytes_of_one_copy_are_no_witness_for_the_time_the_other_one_was_away() -> None:
    """The machine slept; one copy's end is found before the other has brought what waited.

    Mutation: let any byte show that its connection captured until then.
    """
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US})
    head = {"endpoint": "filtered", "partition": 0, "http_status": 200, "opened_at_us": START_US}
    first, second = (log.add(Kind.OPENED, {**head, "connection_id": one}) for one in "ab")
    for copy in (first, second):
        log.add(Kind.BYTES, post(1) + b"\r\n", copy)
    pause_us = log.frames[-1].time_us
    behind = {"behind_us": pause_us}
    end = {**head, "ending": {"kind": "closed_by_server"}, "closed_at_us": START_US, **behind}
    log.add(Kind.BEHIND, behind, first)
    log.add(Kind.BYTES, post(2) + b"\r\n", first)
    log.add(Kind.CLOSED, {**end, "connection_id": "b"}, second)
    log.add(Kind.OPENED, {**head, "connection_id": "c"})
    again_us = log.frames[-1].time_us
    log.add(Kind.BYTES, post(3) + b"\r\n", first)
    log.add(Kind.CLOSED, {**end, "connection_id": "a"}, first)
    run = Run()
    run.read(log.frames)
    (gap,) = [json.loads(one) for stream, one in run.rows if stream == "capture_gaps"]
    assert (gap["started_at"], gap["ended_at"]) == (iso(pause_us), iso(again_us))


def test_a_state_behind_damage_remembers_that_what_was_there_is_not_known() -> None:
    """Mutation: forget it; the next byte then covers the time of what was damaged."""
    log = Log()
    log.add(Kind.WINDOW, {"window_id": "w", "started_at_us": START_US})
    head = {"endpoint": "filtered", "partition": 0, "http_status": 200, "opened_at_us": START_US}
    connection = log.add(Kind.OPENED, {**head, "connection_id": "a"})
    log.add(Kind.BYTES, post(1) + b"\r\n", connection)
    last_us = log.frames[-1].time_us
    log.add(Kind.CORRUPT, b"rotten")
    run = Run()
    run.read(log.frames)
    before = len(log.frames)
    log.add(Kind.BYTES, post(2) + b"\r\n", connection)
    resumed = Run(handed_over(run.replay.export()))
    resumed.replay.position = run.replay.position
    resumed.read(log.frames)
    (gap,) = [json.loads(one) for stream, one in resumed.rows if stream == "capture_gaps"]
    assert (gap["kind"], gap["started_at"]) == ("unknown", iso(last_us))
    assert gap["ended_at"] == iso(log.frames[before].time_us)
