"""What the log holds comes back as it went in, whatever version reads it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.coverage.gaps import Filled
from tap_twitter_stream.spool.entries import (
    ENTRY_OF,
    KIND_OF,
    Behind,
    Closed,
    Context,
    End,
    Entry,
    FilledGap,
    OpenConnection,
    Opened,
    Page,
    PageRule,
    Problem,
    RuleEntry,
    Rules,
    Stopped,
    Window,
    encode,
    read,
)
from tap_twitter_stream.spool.frames import Frame, Kind
from tests.policy.test_ending import ENDINGS

ODD = "\u2028 \ud800 \x00"  # a lone surrogate, as X's answers may hold one
OPENED = Opened(connection_id="c", endpoint="sample10", partition=2, attempt=3, opened_at_us=4)
GAP = ("filtered", 0, 1_790_000_000_000_000)
ENTRIES: list[Entry] = [
    Window(window_id="w", started_at_us=1, endpoints=("filtered",), lines=(("filtered", 0),)),
    Opened(),
    OPENED,
    msgspec.structs.replace(OPENED, backfill_us=(1, 2), delivery="recovery", gap=GAP, behind_us=7),
    Closed.after(OPENED, ending=End(kind="crashed"), description=ODD, wait_s=0.5),
    Behind(behind_us=None),
    Behind(behind_us=5),
    Rules(rules=(RuleEntry(id="1", value=ODD, tag=None), RuleEntry(id="2", owned=True))),
    Problem(kind="rule", endpoint="filtered", problem={"detail": ODD, "list": [1, None, 1.5]}),
    Stopped(reason="fatal", fatal="It broke."),
    Page(connection_id="c", gap=GAP, rule=PageRule(id="1", tag="t"), page={"data": [{"id": "1"}]}),
    FilledGap(gap=GAP, parts=(Filled("lost", 1, 2, "why", 3), Filled("searched", 2, 4))),
    Context(),
    Context(
        window=Window(window_id="w"),
        connections=(OpenConnection(8, OPENED), OpenConnection(9, OPENED, 77)),
        follows=100,
        ledger=[["sample10", 2, 5, "w", None, ""]],
        gaps=[["sample10", 2, 1, 2, "lost", "stalled"]],
        begun=(("sample10", 2, 5),),
    ),
]


def frame(kind: Kind, payload: bytes) -> Frame:
    return Frame(0, 0, 0, kind, payload)


def there_and_back(entry: Entry) -> Entry:
    kind = KIND_OF[type(entry)]
    return read(frame(kind, encode(entry)), ENTRY_OF[kind])


@pytest.mark.parametrize("entry", ENTRIES, ids=repr)
def test_entries_come_back_as_they_went_in(entry: Entry) -> None:
    assert there_and_back(entry) == entry


def test_every_kind_but_bytes_has_its_entry() -> None:
    assert ENTRY_OF.keys() == {*Kind} - {Kind.BYTES, Kind.CORRUPT}
    assert {type(entry) for entry in ENTRIES} == KIND_OF.keys()


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_every_member_of_an_ending_is_kept(ending: Any) -> None:  # noqa: ANN401 - a closed union
    end = there_and_back(Closed(ending=End.of(ending)))
    assert isinstance(end, Closed)
    members = {"kind": ending.kind, **msgspec.to_builtins(ending)}
    assert members.items() <= msgspec.structs.asdict(end.ending).items()


@given(st.sampled_from(sorted(ENTRY_OF)), st.dictionaries(st.text(), st.integers() | st.text()))
def test_members_of_a_newer_version_are_ignored(kind: Kind, more: dict[str, Any]) -> None:
    entry = ENTRY_OF[kind]
    known = {field.encode_name for field in msgspec.structs.fields(entry)}
    value = {name: one for name, one in more.items() if name not in known}
    assert read(frame(kind, json.dumps(value).encode()), entry) == entry()


def test_a_connection_without_an_unfinished_message_is_written_as_ever() -> None:
    """Earlier versions take anything behind the head for the instant at which a message began."""
    context = json.loads(encode(ENTRIES[-1]))
    assert [len(row) for row in context["connections"]] == [2, 3]


def test_what_is_no_entry_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read(frame(Kind.STOPPED, b"[1]"), Stopped)
