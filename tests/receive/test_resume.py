"""What each kind of STATE means at a start: the table in docs/reference/spool.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.receive.resume import resume_position
from tap_twitter_stream.settings.values import WithoutState
from tap_twitter_stream.spool.entries import Stopped
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.state import CaptureState
from tests.spool.logs import writer

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.spool.writer import LogWriter

REPLAY, DISCARD = WithoutState.REPLAY, WithoutState.DISCARD


def log_of(folder: Path) -> LogWriter:
    """Open a spool of four runs, the first of which is not kept any more."""
    for _ in range(4):
        log = writer(folder)
        log.append(Kind.BYTES, b"x" * 100, connection=8)
        log.finish(Stopped(reason="stop"))
    second = segments(folder)[1]
    log = writer(folder)
    log.drop_before(second.base)
    return log


CASES = [
    # spool of the STATE, its position, spool_without_state, where reading starts, what is said
    ("this", "end", REPLAY, "end", ""),
    ("this", "start", REPLAY, "start", ""),
    ("this", "between", REPLAY, "between", ""),
    ("this", "older", REPLAY, "start", "older than the spool"),
    ("this", "ahead", REPLAY, "new", "ahead of the spool"),
    ("this", "end", DISCARD, "end", ""),
    ("other", "between", REPLAY, "start", "a STATE of another spool: all"),
    ("other", "between", DISCARD, "new", "a STATE of another spool: .* left out"),
    (None, None, REPLAY, "start", "no STATE: all"),
    (None, None, DISCARD, "new", "no STATE: .* left out"),
]


@pytest.mark.parametrize(("whose", "place", "policy", "expected", "said"), CASES)
def test_each_state_has_its_meaning(  # noqa: PLR0913, PLR0917 - the columns of the table
    tmp_path: Path,
    whose: str | None,
    place: str | None,
    policy: WithoutState,
    expected: str,
    said: str,
) -> None:
    log = log_of(tmp_path)
    places = {
        "older": 0,
        "start": log.start,
        "between": (log.start + log.old_end) // 2,
        "end": log.old_end,
        "ahead": log.opened_at + 500,
        "new": log.opened_at,
    }
    spool_id = log.spool_id if whose == "this" else whose
    state = None if place is None else CaptureState(str(spool_id), places[place])
    position, note = resume_position(state, log, policy)
    assert position == places[expected]
    assert bool(note) == bool(said)
    assert re.search(said, note)
    log.close()


def test_an_empty_spool_needs_no_words(tmp_path: Path) -> None:
    log = writer(tmp_path)
    assert resume_position(None, log, REPLAY) == (log.opened_at, "")
