"""Each kind of target gets the sentence that a person can act on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tap_twitter_stream.tools.target_check.disturbances import Blow
from tap_twitter_stream.tools.target_check.verdict import Findings, Printed, Start, judge

CALM = Start(
    blow=None,
    struck=False,
    first=0,
    written=100,
    last=100,
    states=(Printed(50, 0.5), Printed(100, 1.25)),
    states_before_signal=2,
    unknown_states=0,
    stray_lines=0,
    code=0,
)
KILLED = replace(CALM, blow=Blow("kill", 0.5), struck=True, code=-9)
TERMED = replace(KILLED, blow=Blow("term", 0.5), code=-15)
GOOD = Findings(
    calm=CALM,
    disturbed=(KILLED, TERMED, KILLED),
    closing=CALM,
    sent_again=30,
    stored_twice=0,
)


def test_a_good_target_is_trusted_and_the_kills_are_counted() -> None:
    verdict = judge(GOOD)
    assert verdict.trusted
    assert verdict.sentence == (
        "STATE can be trusted: 2 kills and 1 SIGTERM, 0 rows acknowledged and missing."
    )


def test_a_blow_that_missed_is_not_counted() -> None:
    missed = replace(KILLED, struck=False, code=0)
    assert "1 kill," in judge(replace(GOOD, disturbed=(KILLED, missed))).sentence


@pytest.mark.parametrize("start", [KILLED, TERMED])
def test_a_loss_names_its_moment_its_rows_and_the_remedy(start: Start) -> None:
    lost = replace(start, lost=("users", "users", "tweets"))
    verdict = judge(replace(GOOD, disturbed=(KILLED, lost, lost)))
    assert not verdict.trusted
    assert verdict.sentence.startswith(
        "STATE cannot be trusted: rows that it covered were lost 2 times "
    )
    for words in (f"{lost.blow.how if lost.blow else ''} after 50%", "1 row of tweets, 2 rows of "):
        assert words in verdict.sentence
    assert "flush_all_streams" in verdict.sentence


def test_a_loss_without_a_kill_is_worse_than_any_other() -> None:
    calm = replace(CALM, lost=("tweets",))
    killed = replace(KILLED, lost=("users",))
    verdict = judge(replace(GOOD, calm=calm, disturbed=(killed,)))
    assert not verdict.trusted
    assert "without any kill: 1 row of tweets" in verdict.sentence


def test_rows_that_were_there_and_are_gone_were_deleted() -> None:
    verdict = judge(replace(GOOD, disturbed=(replace(KILLED, deleted=("tweets",)),)))
    assert not verdict.trusted
    assert "deletes what an earlier run has stored: 1 row of tweets" in verdict.sentence
    assert not any("second time" in remark for remark in verdict.remarks)


def test_a_state_that_nobody_sent_is_not_trusted() -> None:
    verdict = judge(replace(GOOD, closing=replace(CALM, unknown_states=1)))
    assert not verdict.trusted
    assert "never was given" in verdict.sentence


def test_a_target_without_any_state_acknowledges_nothing() -> None:
    verdict = judge(replace(GOOD, calm=replace(CALM, states=())))
    assert not verdict.trusted
    assert "acknowledges nothing" in verdict.sentence


def test_a_state_only_at_the_end_is_trusted_with_advice() -> None:
    verdict = judge(replace(GOOD, calm=replace(CALM, states=(Printed(100, 9.0),))))
    assert verdict.trusted
    assert "only when its input ends" in verdict.sentence
    assert "Keep windows short" in verdict.sentence


@pytest.mark.parametrize(
    ("states", "when"), [(CALM.states, "while rows come"), ((Printed(100, 9.0),), "only when its")]
)
def test_without_a_look_at_the_rows_only_the_timing_is_told(
    states: tuple[Printed, ...], when: str
) -> None:
    calm = replace(CALM, states=states)
    verdict = judge(replace(GOOD, calm=calm, stored_is_known=False))
    assert verdict.trusted
    assert verdict.sentence.startswith(f"Storage was not checked: the target prints STATE {when}")
    assert not any("second time" in remark for remark in verdict.remarks)


def test_the_longest_wait_for_a_state_is_told() -> None:
    assert "2 STATEs; the longest time from a row to its STATE was 1.2 s" in judge(GOOD).remarks[0]


@pytest.mark.parametrize(
    ("term", "way"),
    [
        (TERMED, "dies; what it had not acknowledged"),
        (replace(TERMED, code=0, states_before_signal=1), "stores what it has read"),
        (replace(TERMED, code=0), "exit code 0 and no STATE"),
        (replace(TERMED, code=0, lost=("tweets",)), "loses rows that it has acknowledged"),
    ],
)
def test_what_a_sigterm_does_is_told(term: Start, way: str) -> None:
    (said,) = (one for one in judge(replace(GOOD, disturbed=(term,))).remarks if "SIGTERM" in one)
    assert way in said
    assert said.endswith("(1 of 1).")


@pytest.mark.parametrize(
    ("twice", "words"), [(0, "none is there twice: it replaces"), (30, "30 are there twice")]
)
def test_whether_rows_repeat_is_told(twice: int, words: str) -> None:
    assert any(words in one for one in judge(replace(GOOD, stored_twice=twice)).remarks)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ((Printed(10, 7.0), Printed(60, 50.0)), "1 STATE in 60 s"),
        ((Printed(60, 60.0),), "0 STATEs in 60 s before its input ended."),
    ],
)
def test_a_quiet_stream_shows_how_long_a_row_waits(states: tuple[Printed, ...], words: str) -> None:
    slow = replace(CALM, last=60, written=60, states=states)
    assert any(words in one for one in judge(replace(GOOD, trickle=slow)).remarks)


def test_an_older_state_after_a_newer_one_is_told() -> None:
    closing = replace(CALM, states=(Printed(80, 1.0), Printed(60, 1.0)))
    assert any("older STATE" in one for one in judge(replace(GOOD, closing=closing)).remarks)


def test_other_lines_on_stdout_are_told() -> None:
    said = judge(replace(GOOD, calm=replace(CALM, stray_lines=3))).remarks
    assert any("3 lines to stdout" in one for one in said)
