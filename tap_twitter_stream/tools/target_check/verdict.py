"""Judge a target by what its starts showed: findings go in, sentences come out. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_twitter_stream.policy.remedies import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_twitter_stream.tools.target_check.disturbances import Blow

REMEDY = (
    "Look for a setting that makes the target store all tables before it hands back a STATE "
    "(`flush_all_streams` of target-duckdb), and check again; else use another target."
)


@dataclass(frozen=True, slots=True)
class Printed:
    """A STATE that the target printed.

    Args:
        position: It covers the rows before this one.
        age_s: Time since the oldest row that it newly covers was written to the target.
    """

    position: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Start:
    """What one start of the target showed.

    Args:
        blow: The signal it was to get, None for none.
        struck: Whether the signal came before the target had ended by itself.
        first: First row written to it.
        written: One past the last row that was written, or was on its way.
        last: One past the last row it was to get.
        states: What it printed, in that order.
        states_before_signal: How many of them before the signal, all of them without one.
        unknown_states: JSON objects that it printed and that never were a STATE of the input.
        stray_lines: Other lines on its stdout.
        code: Its exit code; negative: the signal it died of.
        lost: Streams of the rows that a STATE covers and that are not stored, one each; only what
            no start before has lost.
        deleted: The same of rows that had been stored before this start.
    """

    blow: Blow | None
    struck: bool
    first: int
    written: int
    last: int
    states: tuple[Printed, ...]
    states_before_signal: int
    unknown_states: int
    stray_lines: int
    code: int
    lost: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the starts showed.

    Args:
        calm: The first start, which nothing disturbed.
        disturbed: Starts with a blow.
        closing: The last start, undisturbed too. It was sent stored rows a second time.
        trickle: A start that got one row a second, if that was wanted.
        stored_is_known: Whether somebody told what the target stored.
        sent_again: Rows that were stored already when the last start was sent them again.
        stored_twice: How many of them are there more than once.
    """

    calm: Start
    disturbed: tuple[Start, ...]
    closing: Start
    trickle: Start | None = None
    stored_is_known: bool = True
    sent_again: int = 0
    stored_twice: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell: whether STATE can be relied on, one sentence, and more facts."""

    trusted: bool
    sentence: str
    remarks: list[str] = field(default_factory=list)


def judge(found: Findings) -> Verdict:
    """Return the verdict on a target."""
    trusted, sentence = _sentence(found)
    remarks = [*_timing(found), *_terms(found), *_repeats(found), *_oddities(found)]
    return Verdict(trusted, sentence, remarks)


def only_at_the_end(calm: Start) -> bool:
    """Tell whether a target acknowledges nothing before its input has ended."""
    return all(state.position == calm.last for state in calm.states)


def _starts(found: Findings) -> list[Start]:
    extra = [found.trickle] if found.trickle else []
    return [found.calm, *found.disturbed, *extra, found.closing]


def _sentence(found: Findings) -> tuple[bool, str]:
    """Return whether STATE can be trusted, and the sentence; the worst that was seen decides."""
    if emptied := [start for start in _starts(found) if start.deleted]:
        return False, _deletion(emptied[0])
    losers = [start for start in _starts(found) if start.lost]
    if any(not start.blow for start in losers):
        return False, _calm_loss(next(start for start in losers if not start.blow))
    if losers:
        return False, _loss(found, losers)
    if any(start.unknown_states for start in _starts(found)):
        return False, (
            "STATE cannot be trusted: the target printed a STATE that it never was given. "
            "Use another target."
        )
    if not found.calm.states:
        return False, (
            "The target acknowledges nothing: it printed no STATE, not even when its input ended. "
            "Each run would send everything again; use another target."
        )
    return True, _praise(found)


def _deletion(start: Start) -> str:
    return (
        f"The target deletes what an earlier run has stored: {rows(start.deleted)} were gone after "
        "it had started again. Let each run write to files of its own (target-csv: `{timestamp}` "
        "in `file_naming_scheme`), or let it append."
    )


def _calm_loss(start: Start) -> str:
    return (
        f"The target loses rows without any kill: {rows(start.lost)} that STATE covers missing "
        "after a run that ended well. Use another version of it, or another target."
    )


def _loss(found: Findings, losers: list[Start]) -> str:
    struck = [start for start in found.disturbed if start.struck]
    first = losers[0]
    times = amount(len(losers), "time")
    moment = f", {first.blow.how} {first.blow.moment}," if first.blow else ""
    return (
        f"STATE cannot be trusted: rows that it covered were lost {times} in {blows(struck)}; "
        f"first{moment} {rows(first.lost)}. {REMEDY}"
    )


def _praise(found: Findings) -> str:
    struck = blows([start for start in found.disturbed if start.struck])
    late = only_at_the_end(found.calm)
    if not found.stored_is_known:
        when = "only when its input ends" if late else "while rows come in"
        return (
            f"Storage was not checked: the target prints STATE {when}, and whether it has stored "
            "the rows by then nobody could say. Tell how to read them with --query, --files or "
            "--duckdb."
        )
    if late:
        return (
            "STATE can be trusted, but the target acknowledges only when its input ends: "
            f"{struck}, 0 rows acknowledged and missing. Keep windows short: a crash means that "
            "the next run sends all of its window again."
        )
    return f"STATE can be trusted: {struck}, 0 rows acknowledged and missing."


def _timing(found: Findings) -> list[str]:
    calm = found.calm
    said = []
    if calm.states:
        said.append(
            f"An undisturbed run of {calm.last - calm.first} tweets, with users and gaps, printed "
            f"{amount(len(calm.states), 'STATE')}; the longest time from a row to its STATE was "
            f"{longest_s(calm):.1f} s."
        )
    if (slow := found.trickle) is not None:
        early = [state for state in slow.states if state.position < slow.last]
        said.append(
            f"With one row a second it printed {amount(len(early), 'STATE')} in "
            f"{slow.last - slow.first} s before its input ended"
            + (f"; a row waited for up to {longest_s(slow):.0f} s." if early else ".")
        )
    return said


def _terms(found: Findings) -> list[str]:
    terms = [s for s in found.disturbed if s.blow and s.blow.how == "term" and s.struck]
    if not terms:
        return []
    ways = Counter(_way_to_end(start) for start in terms)
    return [
        f"On SIGTERM it {way} ({number} of {len(terms)})." for way, number in sorted(ways.items())
    ]


def _way_to_end(start: Start) -> str:
    if start.lost:
        return "loses rows that it has acknowledged"
    if start.code < 0:
        return "dies; what it had not acknowledged has to be sent again"
    if len(start.states) > start.states_before_signal:
        return "stores what it has read and acknowledges it"
    return f"ends with exit code {start.code} and no STATE; that has to be sent again"


def _repeats(found: Findings) -> list[str]:
    deleted = any(start.deleted for start in _starts(found))
    if not found.stored_is_known or not found.sent_again or deleted:
        return []
    again = f"Of {found.sent_again} rows sent a second time"
    if not found.stored_twice:
        return [f"{again} none is there twice: it replaces rows by their key."]
    return [f"{again} {found.stored_twice} are there twice: it appends, so expect repeated rows."]


def _oddities(found: Findings) -> list[str]:
    starts = _starts(found)
    said = []
    if backwards := sum(_goes_back(start) for start in starts):
        said.append(
            f"It printed an older STATE after a newer one in {amount(backwards, 'start')}: "
            "runners keep the last one, so rows come again."
        )
    if stray := sum(start.stray_lines for start in starts):
        said.append(
            f"It wrote {amount(stray, 'line')} to stdout that are no STATE; a runner takes every "
            "line there for one."
        )
    return said


def _goes_back(start: Start) -> bool:
    positions = [state.position for state in start.states]
    return positions != sorted(positions)


def longest_s(start: Start) -> float:
    """Return the longest time that a row waited for the STATE that covers it."""
    return max((state.age_s for state in start.states), default=0.0)


def rows(streams: Iterable[str]) -> str:
    """Say how many rows of which streams."""
    counts = Counter(streams)
    return ", ".join(
        f"{amount(number, 'row')} of {stream}" for stream, number in sorted(counts.items())
    )


def blows(struck: Iterable[Start]) -> str:
    """Say how many signals of which kind struck."""
    names = {"kill": "kill", "term": "SIGTERM"}
    counts = Counter(names[start.blow.how] for start in struck if start.blow)
    return " and ".join(amount(counts[name], name) for name in sorted(counts)[::-1]) or "0 kills"
