"""Each file of the log begins with what a reader that starts there has to know."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.disk import REAL_FILES
from tap_twitter_stream.spool import writer as writer_module
from tap_twitter_stream.spool.context import Context, recollect
from tap_twitter_stream.spool.entries import ENTRY_OF, OpenConnection, Opened, Window, parse, read
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tests.fakes import FakeClock
from tests.spool.logs import abandon, frames_from, note, writer

if TYPE_CHECKING:
    from tap_twitter_stream.spool.frames import Frame

PARTITIONS = (1, 2)
PIECES = (b'{"data":{"id":"1"}}\r\n', b'{"data":', b'{"id":"2"}}\r\n', b"\r\n", b"x" * 250)
Step: TypeAlias = tuple[str, int, int]  # what happens, in which partition, which piece
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive"] * 6 + ["connect", "connect", "drop", "pause", "stop"]),
        st.sampled_from(PARTITIONS),
        st.integers(0, len(PIECES) - 1),
    ),
    min_size=8,
    max_size=40,
).map(lambda steps: [("connect", 1, 0), ("connect", 2, 0), *steps])


def window(number: int, clock: FakeClock) -> dict[str, Any]:
    return {
        "window_id": f"w-{number}",
        "started_at_us": clock.now_us(),
        "endpoints": ["sample10"],
        "lines": [["sample10", partition] for partition in PARTITIONS],
    }


def play(folder: Path, steps: list[Step]) -> None:
    """Write a log by the steps, then leave it as a killed process does."""
    clock = FakeClock()
    log = writer(folder, clock=clock)
    note(log, Kind.WINDOW, window(0, clock))
    heads: dict[int, dict[str, Any]] = {}
    numbers: dict[int, int] = {}
    for count, (what, partition, piece) in enumerate(steps, 1):
        clock.advance(1)
        number = numbers.get(partition)
        if what == "stop":
            note(log, Kind.STOPPED, {"reason": "stop"})
            note(log, Kind.WINDOW, window(count, clock))
            heads, numbers = {}, {}
        elif what == "connect" and number is None:
            place = {"endpoint": "sample10", "partition": partition}
            head = {"connection_id": f"c-{count}", **place, "http_status": 200}
            heads[partition] = {**head, "opened_at_us": clock.now_us()}
            numbers[partition] = note(log, Kind.OPENED, heads[partition])
        elif number is None:
            continue
        elif what == "receive":
            log.append(Kind.BYTES, PIECES[piece], connection=number)
        elif what == "pause":
            since = {"behind_us": clock.now_us() - 500_000}
            note(log, Kind.BEHIND, since, connection=number)
        elif what == "drop":
            end = {"ending": {"kind": "stalled"}, "behind_us": None}
            note(log, Kind.CLOSED, {**heads.pop(partition), **end}, connection=number)
            del numbers[partition]
    abandon(log)


def followed(frames: list[Frame]) -> Context:
    """Return a context that has seen every frame of a log from its beginning."""
    context = Context()
    for frame in frames:
        if frame.kind is Kind.BYTES:
            context.received(frame.payload, frame.connection, frame.time_us)
        elif frame.kind is Kind.CONTEXT:
            context.opening(0)  # the writer's has cut its reported gaps here
        else:
            number = frame.connection or frame.position
            context.note(read(frame, ENTRY_OF[frame.kind]), number, frame.time_us)
    return context


@given(steps=STEPS)
def test_the_newest_file_is_enough_to_know_what_the_whole_log_says(steps: list[Step]) -> None:
    """Mutation: leave out anything of ``opening`` or of ``_begin``."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        patch.setattr(writer_module, "SEGMENT_BYTES", 600)
        folder = Path(name)
        play(folder, steps)
        whole, newest = followed(frames_from(folder)), recollect(folder, REAL_FILES)
        assert newest.opening(0) == whole.opening(0)


def test_a_log_has_files_enough_to_prove_anything(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "SEGMENT_BYTES", 600)
        play(tmp_path, [("connect", 1, 0), *[("receive", 1, piece % 4) for piece in range(40)]])
    assert len(segments(tmp_path)) > 3


def test_a_context_names_open_connections_and_unfinished_messages() -> None:
    clock = FakeClock()
    context = Context()
    context.note(parse(window(1, clock), Window), 8, clock.now_us())
    opened = Opened(connection_id="c", endpoint="sample10", partition=1, http_status=200)
    context.note(opened, 100, clock.now_us())
    clock.advance(1)
    began_us = clock.now_us()
    context.received(b'{"data":{"id":"1"}}\r\n{"da', 100, began_us)
    clock.advance(1)
    context.received(b'ta":', 100, clock.now_us())
    found = context.opening(77)
    assert found.window.window_id == "w-1"
    assert found.connections == (OpenConnection(100, opened, began_us),)
    assert found.follows == 77
    assert found.begun == (("sample10", 1, began_us - 1_000_000),)


def test_damage_in_the_newest_file_is_no_knowledge(tmp_path: Path) -> None:
    play(tmp_path, [("connect", 1, 0), *[("receive", 1, 0)] * 5])
    (segment,) = segments(tmp_path)
    data = bytearray(segment.path.read_bytes())
    at = data.rindex(b'"id":"1"')
    data[at] ^= 0xFF
    segment.path.write_bytes(data)
    assert recollect(tmp_path, REAL_FILES).opening(0).ledger is None


def test_an_empty_folder_is_an_empty_context(tmp_path: Path) -> None:
    assert recollect(tmp_path, REAL_FILES).opening(0) == Context().opening(0)
