"""Whatever happens in whatever order, each line's time is cut into pieces of one kind each (G4).

The model knows only what was sent: which connection was open when, and its last byte. What it says
must be covered is compared with the books, over stops, kills, and logs that are gone.

Failures are not shrunk: that takes minutes. Takes some 5 s.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tap_twitter_stream.coverage.gaps import Filled, Gap, GapKey, GapPolicy, Line
from tap_twitter_stream.coverage.ledger import Ledger
from tap_twitter_stream.state import STATE_GAPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LINES: tuple[Line, ...] = (("filtered", 0), ("firehose", 1), ("firehose", 2))
FILLABLE = ("filtered", "firehose")
Span = tuple[int, int]


@dataclass
class Life:
    """A connection as X saw it. ``heard_us`` is its last byte of which all before came whole."""

    line: Line
    number: int
    since_us: int
    heard_us: int
    window: int
    is_open: bool = True


@dataclass
class Facts:
    """What is true, as far as any log tells."""

    lives: list[Life] = field(default_factory=list)
    first_us: dict[Line, int] = field(default_factory=dict)
    killed: set[Line] = field(
        default_factory=set
    )  # the run that last had them did not end in order

    def open_lives(self, line: Line | None = None) -> list[Life]:
        return [one for one in self.lives if one.is_open and line in {None, one.line}]

    def covered(self, line: Line) -> list[Span]:
        spans = sorted((one.since_us, one.heard_us) for one in self.lives if one.line == line)
        joined: list[Span] = []
        for start, end in spans:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined

    def life(self, number: int) -> Life:
        return next(one for one in self.lives if one.number == number)


@dataclass
class Books:
    """The ledger of the current run, and the tables that all runs have written."""

    ledger: Ledger
    rows: dict[GapKey, Gap] = field(default_factory=dict)
    seconds_before: float = 0.0  # of runs that have ended
    covered_before: float = 0.0
    filled_later_s: float = 0.0  # told as lost by one run, and as filled by another
    counted: set[GapKey] = field(default_factory=set)

    def write(self, gaps: Iterable[Gap], *, new: bool = True) -> None:
        for gap in gaps:
            self.rows[gap.key] = gap
            if new:
                self.counted.add(gap.key)


def measure(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def overlap(one: Span, others: Iterable[Span]) -> int:
    return sum(max(0, min(one[1], end) - max(one[0], start)) for start, end in others)


Step = tuple[Any, ...]


class LedgerMachine(RuleBasedStateMachine):
    """Runs that open, hear, lose and fill, are stopped or killed, with or without their log."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 1_000_000_000
        self.number = 0
        self.window = 0
        self.policy = GapPolicy(FILLABLE)
        self.log: list[Step] = []
        self.facts, self.books = Facts(), Books(Ledger(self.policy))
        self.orders: list[Gap] = []
        self.begin(set(LINES))
        self.write_state()

    # A step of the log is what a replay of it would do again.

    def do(self, *step: Any) -> None:  # noqa: ANN401 - a step's own figures
        self.log.append(step)
        self.replay(step)

    def replay(self, step: Step) -> None:
        name, *args = step
        handlers: dict[str, Callable[..., None]] = {
            "begin": self._begin,
            "open": self._open,
            "byte": self._byte,
            "close": self._close,
            "over": self._over,
            "fill": self._fill,
            "stop": self._stop,
            "crash": self._crash,
            "gone": self._gone,
        }
        handlers[name](*args)

    def _begin(self, window: int, lines: tuple[Line, ...], at_us: int) -> None:
        self.window, self.lines, self.started_us = window, lines, at_us

    def _open(self, line: Line, at_us: int, number: int, back_us: int | None) -> None:
        self.facts.first_us.setdefault(line, at_us)
        self.facts.lives.append(Life(line, number, at_us, at_us, self.window))
        gaps = self.books.ledger.opened(line, at_us, self.name, back_us, number)
        assert line not in self.facts.killed or all(gap.kind != "idle" for gap in gaps)
        self.facts.killed.discard(line)
        self.books.write(gaps)

    def _byte(self, number: int, at_us: int) -> None:
        life = self.facts.life(number)
        life.heard_us = at_us
        self.books.write(self.books.ledger.alive(life.line, at_us, number))

    def _close(self, number: int, cause: str, half_us: int | None) -> None:
        life = self.facts.life(number)
        life.is_open = False
        if half_us is not None:
            life.heard_us = half_us
            self.books.ledger.uncover(life.line, half_us, number)
        gaps = self.books.ledger.closed(life.line, cause, str(number), 3, number, life.since_us)
        self.books.write(gaps)

    def _over(self, number: int) -> None:
        line = self.facts.life(number).line
        for gap in self.books.ledger.backfilled(line, number):  # some of them of earlier runs
            self.settled([gap])

    def _fill(self, key: GapKey, parts: tuple[Filled, ...]) -> None:
        self.settled(self.books.ledger.filled(key, parts))

    def settled(self, gaps: list[Gap]) -> None:
        for gap in gaps:
            assert not gap.pending
        if gaps and gaps[0].key not in self.books.counted:
            filled = [(one.started_us, one.ended_us) for one in gaps if one.kind != "lost"]
            self.books.filled_later_s += measure(filled) / 1e6
            self.books.write(gaps, new=False)
        else:
            self.books.write(gaps)

    def _stop(self, at_us: int) -> None:
        ledger = self.books.ledger
        gaps = ledger.still_closed(self.name, at_us, self.lines, self.started_us)
        assert all(gap.kind != "idle" for gap in gaps if gap.line in self.facts.killed)
        self.facts.killed.clear()
        self.books.write(gaps)

    def _crash(self) -> None:
        for life in self.facts.open_lives():
            self._close(life.number, "crashed", None)
        self.books.ledger.crashed(self.name)
        self.facts.killed |= {one.line for one in self.facts.lives if one.window == self.window}

    def _gone(self) -> None:
        for life in self.facts.open_lives():
            life.is_open = False

    @property
    def name(self) -> str:
        return f"w{self.window}"

    def begin(self, lines: set[Line]) -> None:
        self.do("begin", self.window + 1, tuple(sorted(lines)), self.now_us)

    def pass_time(self, data: st.DataObject) -> int:
        self.now_us += data.draw(st.integers(1, 200_000_000), label="passed_us")
        return self.now_us

    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        lines = [one for one in self.lines if len(self.facts.open_lives(one)) < 2]
        if not lines:
            return
        line = data.draw(st.sampled_from(lines), label="line")
        at_us = self.pass_time(data)
        minutes = data.draw(st.sampled_from([0, 0, 2, 5]), label="minutes")
        self.number += 1
        back_us = at_us - minutes * 60_000_000 + 1_000_000 if minutes else None
        self.do("open", line, at_us, self.number, back_us)

    @precondition(lambda self: self.facts.open_lives())
    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        life = data.draw(st.sampled_from(self.facts.open_lives()), label="life")
        self.do("byte", life.number, self.pass_time(data))

    @precondition(lambda self: self.facts.open_lives())
    @rule(data=st.data(), half=st.booleans())
    def lose(self, data: st.DataObject, half: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        life = data.draw(st.sampled_from(self.facts.open_lives()), label="life")
        half_us = None
        if half:  # a message of a moment: no connection of the line was opened meanwhile
            first_us = max(one.since_us for one in self.facts.lives if one.line == life.line)
            low_us = min(first_us, life.heard_us)
            half_us = data.draw(st.integers(low_us, life.heard_us), label="half_us")
            half_us = None if half_us < first_us else half_us
        self.do("close", life.number, "closed_by_server", half_us)

    @rule(data=st.data())
    def end_a_backfill(self, data: st.DataObject) -> None:
        if lives := self.facts.open_lives():
            self.do("over", data.draw(st.sampled_from(lives), label="life").number)

    @rule()
    def order(self) -> None:
        self.orders += self.books.ledger.pending.to_order()

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        gap = self.orders.pop(data.draw(st.integers(0, len(self.orders) - 1), label="which"))
        cuts = st.sets(st.integers(gap.started_us, gap.ended_us), max_size=2)
        borders = sorted(data.draw(cuts, label="cuts") | {gap.started_us, gap.ended_us})
        kinds = st.sampled_from(["recovered", "searched", "lost"])
        parts = [Filled(data.draw(kinds), start, end) for start, end in pairwise(borders)]
        self.do("fill", gap.key, tuple(parts))

    @rule()
    def write_state(self) -> None:
        ledger = self.books.ledger
        self.state = (json.dumps(ledger.export()), json.dumps(ledger.pending.export()))
        self.kept = (len(self.log), dict(self.books.rows), self.totals())
        self.kept_first_us = dict(self.facts.first_us)

    def totals(self) -> tuple[float, float, float]:
        seconds = self.books.ledger.seconds
        return (
            self.books.seconds_before + sum(seconds.values()),
            self.books.covered_before + seconds.get("covered", 0.0),
            self.books.filled_later_s,
        )

    def resume(self, *, log_continues: bool) -> None:
        """Start from the last STATE, as the next run does."""
        length, rows, totals = self.kept
        ledger = Ledger(self.policy)
        # A log that began behind the STATE is another one, in which that STATE points nowhere.
        same_log = log_continues and ("gone",) not in self.log[length:]
        ledger.restore(*map(json.loads, self.state), log_continues=same_log)
        self.books = Books(ledger, dict(rows), *totals)
        self.facts, self.orders, rest = Facts(), [], self.log[length:]
        told, self.log = self.log[:length], []
        silent, self.books = self.books, Books(Ledger(self.policy))
        for step in told:  # the facts alone
            self.log.append(step)
            self.replay(step)
        self.books = silent
        for step in rest if log_continues else ():
            self.do(*step)

    @rule(lines=st.sets(st.sampled_from(LINES), min_size=1), after=st.integers(1, 10**9))
    def stop_and_start(self, lines: set[Line], after: int) -> None:
        for life in self.facts.open_lives():
            self.do("close", life.number, "stopped_by_us", None)
        self.do("stop", self.now_us)
        self.write_state()
        self.resume(log_continues=True)
        self.now_us += after
        self.begin(lines)

    @rule(
        lines=st.sets(st.sampled_from(LINES), min_size=1),
        after=st.integers(1, 10**9),
        orphaned=st.booleans(),
    )
    def kill_and_start(self, lines: set[Line], after: int, orphaned: bool) -> None:  # noqa: FBT001
        if orphaned:  # the receiver lives on for a moment, and closes in order
            for life in self.facts.open_lives():
                self.do("close", life.number, "stopped_by_us", None)
        self.resume(log_continues=True)
        self.now_us += after
        self.do("crash")
        self.begin(lines)

    @rule(lines=st.sets(st.sampled_from(LINES), min_size=1), after=st.integers(1, 10**9))
    def kill_and_lose_the_log(self, lines: set[Line], after: int) -> None:
        self.resume(log_continues=False)
        self.now_us += after
        self.do("gone")
        self.begin(lines)

    def pieces(self, line: Line) -> list[Gap]:
        found = [one for one in self.books.rows.values() if one.line == line]
        return sorted(found, key=lambda one: one.started_us)

    @invariant()
    def pieces_are_disjoint_and_none_was_captured(self) -> None:
        if len(self.books.rows) > STATE_GAPS:
            return  # merged ones overlap what lies between them
        for line in LINES:
            gaps = self.pieces(line)
            assert all(one.ended_us <= two.started_us for one, two in pairwise(gaps))
            covered = self.facts.covered(line)
            for gap in gaps:
                assert gap.started_us < gap.ended_us
                assert overlap((gap.started_us, gap.ended_us), covered) == 0, gap

    @invariant()
    def pieces_and_what_was_captured_are_all_the_time_there_was(self) -> None:
        if len(self.books.rows) > STATE_GAPS:
            return
        passed_us = covered_us = 0
        for line, first_us in self.facts.first_us.items():
            track = self.books.ledger.tracks[line]
            assert track.alive_us is not None
            covered = self.facts.covered(line)
            doubts = [one[:2] for one in track.doubts]
            spans = [(one.started_us, one.ended_us) for one in self.pieces(line)]
            whole = track.alive_us - first_us
            assert measure(covered) + measure(doubts) + measure(spans) == whole
            assert all(overlap(one, covered) == 0 for one in doubts)
            passed_us += whole - measure(doubts)
            covered_us += measure(covered)
        seconds, covered_s, filled_later_s = self.totals()
        assert abs(seconds - filled_later_s - passed_us / 1e6) < 1e-3
        assert abs(covered_s - covered_us / 1e6) < 1e-3

    @invariant()
    def what_is_pending_is_known_as_pending(self) -> None:
        pending = self.books.ledger.pending
        for gap in self.books.rows.values():
            known = pending.find(gap.key)
            if len(self.books.rows) <= STATE_GAPS:
                assert gap.pending == (known is not None)
            if known:
                assert (known.ended_us, known.kind) == (gap.ended_us, gap.kind)

    @invariant()
    def idle_is_only_what_no_run_was_to_capture(self) -> None:
        for gap in self.books.rows.values():
            if gap.kind == "idle":
                assert gap.cause == "stopped_by_us"
                assert not gap.pending

    def teardown(self) -> None:
        """Let all that is pending be ordered by one more run; nothing may be left over."""
        if not hasattr(self, "state"):
            return
        self.stop_and_start(set(LINES), 1)
        for line in LINES:
            self.now_us += 1
            self.number += 1
            self.do("open", line, self.now_us, self.number, None)
        pending = {key for key, gap in self.books.rows.items() if gap.pending}
        orders = self.books.ledger.pending.to_order()
        if len(pending) <= STATE_GAPS:
            assert {gap.key for gap in orders} == pending
        for endpoint, partition, start_us in pending:  # or several were merged
            same = [one for one in orders if one.line == (endpoint, partition)]
            assert any(one.started_us <= start_us < one.ended_us for one in same)


LONG = os.environ.get("TAP_SOAK") == "1"
LedgerMachine.TestCase.settings = settings(
    max_examples=1500 if LONG else 100,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],
    derandomize=not LONG,  # the short form is the same each time, the long one explores
)
TestLedgerMachine = LedgerMachine.TestCase
