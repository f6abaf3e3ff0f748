"""The course of a check: an undisturbed start, blows, and a start that finishes the work."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import TargetCheckError
from tap_twitter_stream.policy.remedies import amount
from tap_twitter_stream.tools.target_check.disturbances import plan
from tap_twitter_stream.tools.target_check.feed import Feed
from tap_twitter_stream.tools.target_check.process import TargetProcess
from tap_twitter_stream.tools.target_check.verdict import Findings, Printed, Start, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.tools.target_check.disturbances import Blow
    from tap_twitter_stream.tools.target_check.messages import Messages
    from tap_twitter_stream.tools.target_check.stored import Stored

_SENT_AGAIN = 100
_GLANCE_S = 0.05
# A target that ends sooner than the first time may be gone before the blow: strike earlier then.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Course:
    """How much to do.

    Args:
        rows: Tweets to a start; users and gaps come beside them.
        kills: How often to kill the target.
        terms: How often to send SIGTERM.
        trickle_s: Seconds of one row a second, 0 for none.
        limit_s: Longest time one start may take.
    """

    rows: int
    kills: int
    terms: int
    trickle_s: int
    limit_s: float


class Check:
    """Checks one target.

    Args:
        command: The target's command.
        messages: What to feed it.
        stored: Tells what it stored; None when nobody can.
        clock: The clock.
        say: Takes a line of progress.
    """

    def __init__(
        self,
        command: Sequence[str],
        messages: Messages,
        stored: Stored | None,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._command = command
        self._messages = messages
        self._stored = stored
        self._clock = clock
        self._say = say
        self._position = 0
        self._ended_s = 0
        self._usual_s = 0.0
        self._stored_before: set[str] = set()
        self._stream_of: dict[str, str] = {}  # of every row that a STATE has covered
        self._covered_to = 0
        self._missing: set[str] = set()

    def run(self, course: Course, chance: Callable[[], float]) -> Findings:
        """Do everything and return what was found.

        Raises:
            TargetCheckError: The target fails or hangs undisturbed, or the query fails.
        """
        calm = self._calm("undisturbed", course)
        if self._stored is not None and calm.states and not self._stored_before:
            self._refuse_blindness()
        blows = plan(course.kills, course.terms, len(calm.states), chance)
        disturbed = [
            start
            for number, blow in enumerate(blows, 1)
            for start in self._disturb(f"{blow.how} {number} of {len(blows)}", course, blow)
        ]
        slow = self._trickle(course) if course.trickle_s else None
        known = self._ids()
        again = self._ids_before(self._position, _SENT_AGAIN) & known.keys()
        closing = self._calm("closing", course, back=_SENT_AGAIN)
        known = self._ids()
        return Findings(
            calm=calm,
            disturbed=tuple(disturbed),
            closing=closing,
            trickle=slow,
            stored_is_known=self._stored is not None,
            sent_again=len(again),
            stored_twice=sum(known[one] > 1 for one in again),
        )

    def _calm(self, name: str, course: Course, back: int = 0) -> Start:
        start = self._start(max(0, self._position - back), course, None)
        start = self._look(start)
        self._tell(name, start)
        return start

    def _disturb(self, name: str, course: Course, blow: Blow) -> Iterator[Start]:
        for _ in range(_TRIES):
            start = self._look(self._start(self._position, course, blow))
            self._tell(f"{name}, {blow.moment}", start)
            yield start
            if start.struck:
                return
            blow = blow.earlier()

    def _trickle(self, course: Course) -> Start:
        slow = replace(course, rows=course.trickle_s, limit_s=course.limit_s + course.trickle_s)
        start = self._look(self._start(self._position, slow, None, pause_s=1.0))
        self._tell("one row a second", start)
        return start

    def _start(self, first: int, course: Course, blow: Blow | None, pause_s: float = 0.0) -> Start:
        """Start the target, feed it, and strike it where that is asked for."""
        last = first + course.rows
        self._let_names_differ()
        with TargetProcess(self._command, self._clock, course.limit_s) as target:
            feed = Feed(target, self._messages, self._clock, blow, self._usual_s)
            written = feed.rows(first, last, pause_s)
            code = target.ended()
            self._ended_s = int(self._clock.now_s())
            feed.close()
            if not blow and code:
                message = (
                    f"The target failed, with exit code {code} and nothing done to it. It said "
                    f"last: {target.last_words()}"
                )
                raise TargetCheckError(message)
            if not blow and not self._usual_s:
                self._usual_s = max(0.1, self._clock.monotonic_s() - feed.begun_s)
            return self._taken_down(target, feed, blow, (first, written, last), code)

    def _let_names_differ(self) -> None:
        """Wait for another second than the last start ended in: some targets name files by it."""
        while int(self._clock.now_s()) == self._ended_s:
            self._clock.wait(_GLANCE_S)

    def _taken_down(
        self,
        target: TargetProcess,
        feed: Feed,
        blow: Blow | None,
        span: tuple[int, int, int],
        code: int,
    ) -> Start:
        first, written, last = span
        states, unknown = [], 0
        covered = first
        for value, at_s in target.states:
            position = self._messages.position_of(value)
            if position is None or position > written:
                unknown += 1
                continue
            age_s = at_s - feed.written_at_s(covered) if position > covered else 0.0
            covered = max(covered, position)
            states.append(Printed(position, age_s))
        return Start(
            blow=blow,
            struck=target.struck,
            first=first,
            written=written,
            last=last,
            states=tuple(states),
            states_before_signal=target.struck_after if target.struck else len(states),
            unknown_states=unknown,
            stray_lines=target.stray_lines,
            code=code,
        )

    def _look(self, start: Start) -> Start:
        """Move to the last STATE, as a runner does, and see what of that is not stored."""
        if start.states:
            self._position = start.states[-1].position
        if self._stored is None:
            return start
        for number in range(self._covered_to, self._position):
            self._stream_of |= {row.id: row.stream for row in self._messages.rows(number)}
        self._covered_to = max(self._covered_to, self._position)
        there = self._ids()
        gone = self._stream_of.keys() - there.keys() - self._missing
        self._missing |= gone
        deleted = gone & self._stored_before
        self._stored_before |= self._stream_of.keys() & there.keys()
        return replace(start, lost=self._streams(gone - deleted), deleted=self._streams(deleted))

    def _streams(self, ids: set[str]) -> tuple[str, ...]:
        return tuple(sorted(self._stream_of[one] for one in ids))

    def _refuse_blindness(self) -> None:
        shown = ", ".join(repr(one) for one in sorted(self._ids())[:3])
        saw = f"There is {shown}." if shown else "There is nothing."
        message = (
            "None of the rows that the target acknowledged is where you said to look, so that is "
            f"probably not where it writes. {saw} The tables are {', '.join(self._messages.keys)}."
        )
        raise TargetCheckError(message)

    def _ids(self) -> Counter[str]:
        return Counter() if self._stored is None else self._stored.ids(self._messages.keys)

    def _ids_before(self, position: int, back: int) -> set[str]:
        numbers = range(max(0, position - back), position)
        return {row.id for number in numbers for row in self._messages.rows(number)}

    def _tell(self, name: str, start: Start) -> None:
        lost = f"; LOST {rows(start.lost)}" if start.lost else ""
        lost += f"; DELETED {rows(start.deleted)}" if start.deleted else ""
        missed = "; it had ended before" if start.blow and not start.struck else ""
        self._say(
            f"{name}: rows {start.first} to {start.written} written, "
            f"{amount(len(start.states), 'STATE')}, covered to {self._position}{missed}{lost}"
        )
