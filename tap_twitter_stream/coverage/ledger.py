"""Which stretches of time were captured, per endpoint and partition. Pure.

Time counts as captured from the moment X answered with 200 to the last byte that came, keep-alives
included: a byte shows that nothing before it is still under way. What lies between the last byte of
one connection and the answer to the next is a gap: ``lost`` until somebody has filled it,
``unknown`` if only a log that is gone could tell what came of it, ``idle`` if no run was to capture
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.gaps import (
    CRASHED,
    LEFT_UNREAD,
    OPEN_KINDS,
    STOPPED_BY_US,
    Filled,
    Gap,
    GapKey,
    GapPolicy,
    Line,
    cut,
    part_of,
)
from tap_twitter_stream.coverage.lost_state import Before, Since
from tap_twitter_stream.coverage.pending_gaps import PendingGaps
from tap_twitter_stream.coverage.track import UNNUMBERED, Track, from_rows, to_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_twitter_stream.coverage.reported_gaps import ToldGaps

_SHORTEST_RATE_US = 1_000_000  # what a shorter connection brought says nothing of the usual


@dataclass(slots=True)
class Ledger:
    """The books of one run; starts from what STATE remembers of the run before."""

    policy: GapPolicy = field(default_factory=GapPolicy)
    tracks: dict[Line, Track] = field(default_factory=dict)
    pending: PendingGaps = field(default_factory=PendingGaps)
    seconds: dict[str, float] = field(default_factory=dict)
    _counted: set[GapKey] = field(default_factory=set)  # pending, and part of ``seconds``

    def opened(
        self,
        line: Line,
        at_us: int,
        window_id: str,
        backfill_from_us: int | None = None,
        connection: int = UNNUMBERED,
    ) -> list[Gap]:
        """Note that X answered with 200; return the gaps that end here.

        Args:
            line: Endpoint and partition.
            at_us: When the answer came.
            window_id: The run that connects.
            backfill_from_us: From when on the connection brings again what was sent.
            connection: Its number, larger than that of any before.
        """
        track = self.tracks.setdefault(line, Track())
        gaps: list[Gap] = []
        if track.heard and not track.log_is_gone and track.window_id in {"", window_id}:
            track.doubt(at_us, connection)  # a redundant connection
        else:
            track.heard.clear()
            gaps += self._give_up(line, track)
            gaps += self._gaps(line, track, at_us, window_id, (backfill_from_us, connection))
            # Also if that is earlier: after a clock was set back, the old instant would hide gaps.
            track.alive_us = track.since_us = at_us
            track.sure_us, track.log_is_gone = 0, False
            track.cause = CRASHED  # until it is told how the connection ended
        track.heard[connection] = at_us
        track.window_id = window_id
        self.pending.reopen(line, backfill_from_us, connection)
        return gaps

    def alive(
        self, line: Line, at_us: int, connection: int = UNNUMBERED, *, is_old: bool = False
    ) -> list[Gap]:
        """Note that a byte came; return the gap that ends here, if the log has one.

        Args:
            line: Endpoint and partition.
            at_us: When it came.
            connection: Which brought it.
            is_old: X may have sent it a while ago, so it does not show that the connection lives.
        """
        track = self.tracks.setdefault(line, Track())
        gaps: list[Gap] = []
        if track.log_is_gone:
            gaps = self._until(line, track, at_us, "unknown", track.window_id)
            track.since_us, track.sure_us, track.log_is_gone = at_us, 0, False
        track.name(connection)
        if shown_us := track.hear(at_us, connection, is_old=is_old):
            self._add("covered", shown_us)
        return gaps

    def step_back(self, line: Line, whole_until_us: int) -> None:
        """Note that all open connections bring old bytes, and until when they have brought all."""
        track = self.tracks.get(line)
        if track and track.heard and not track.log_is_gone:
            self._add("covered", -track.step_back(whole_until_us))

    def uncover(self, line: Line, from_us: int, connection: int = UNNUMBERED) -> None:
        """Take back what follows an instant: a message that began then never came whole."""
        track = self.tracks.get(line)
        if track and not track.log_is_gone:
            self._add("covered", -track.take_back(from_us, connection))

    def closed(  # noqa: PLR0913, PLR0917 - what an end is made of
        self,
        line: Line,
        cause: str,
        last_id: str | None,
        posts: int,
        connection: int = UNNUMBERED,
        opened_us: int | None = None,
    ) -> list[Gap]:
        """Note how a connection ended, the last id it brought, and how many posts.

        Returns:
            The gaps of which it alone could have shown that they are none.
        """
        track = self.tracks.setdefault(line, Track())
        track.name(connection)
        track.sure_us = max(track.sure_us, track.heard.pop(connection, 0))
        gaps = self._give_up(line, track)
        track.last_id = last_id or track.last_id
        track.cause = cause
        since_us = track.since_us if opened_us is None else opened_us
        if since_us is not None and (track.alive_us or 0) - since_us >= _SHORTEST_RATE_US:
            track.posts_per_s = posts / (((track.alive_us or 0) - since_us) / 1e6)
        self.pending.break_off(line, connection)
        return gaps

    def backfilled(self, line: Line, connection: int = UNNUMBERED) -> list[Gap]:
        """Note that a connection has brought all it was to bring again."""
        gaps = []
        for gap in self.pending.backfilling(line, connection):
            gaps += self.filled(gap.key, [Filled("backfilled", gap.started_us, gap.ended_us)])
        return gaps

    def filled(self, key: GapKey, parts: Sequence[Filled]) -> list[Gap]:
        """Settle a gap; return its parts as they are now. Nothing if it was settled before."""
        gap = self.pending.take(key)
        if gap is None:
            return []
        counted = key in self._counted
        self._counted.discard(key)
        if counted:
            self._add(gap.kind, gap.started_us - gap.ended_us)
        settled = []
        parts = cut(parts, gap.absorbed)
        for part in parts:
            if counted or part.kind not in OPEN_KINDS:  # an earlier run has told of those
                self._add(part.kind, part.ended_us - part.started_us)
            settled.append(part_of(gap, part, came_back=gap.came_back if part is parts[-1] else 0))
        if parts[-1].ended_us < gap.ended_us:  # of several that STATE took for one
            left_us = parts[-1].ended_us
            later = tuple(start_us for start_us in gap.absorbed if start_us > left_us)
            rest = replace(gap, started_us=left_us, came_back=0, absorbed=later)
            self.pending.add(rest)
            settled.append(rest)
        return settled

    def lose_sight(self) -> None:
        """Note that a part of the log cannot be read."""
        for track in self.tracks.values():
            track.log_is_gone = True

    def crashed(self, window_id: str) -> None:
        """Note that nobody had asked a run to end: what it stopped then is missed."""
        for track in self.tracks.values():
            if track.window_id == window_id and track.cause == STOPPED_BY_US:
                track.cause = CRASHED

    def leave_unread(self, window_id: str) -> list[Gap]:
        """Note that a run ends before the end of a log that ends with it."""
        gaps = []
        for line, track in self.tracks.items():
            if track.heard and track.window_id == window_id:
                track.heard.clear()
                gaps += self._give_up(line, track)
                track.cause = LEFT_UNREAD
        return gaps

    def still_closed(
        self, window_id: str, at_us: int, lines: Collection[Line] = (), started_us: int = 0
    ) -> list[Gap]:
        """Return the gaps that no reconnect ended before the run did, in order, at ``at_us``.

        The next run's idle time begins where this one ended.

        Args:
            window_id: The run that ends.
            at_us: When it does.
            lines: What the run was to capture.
            started_us: When the run began.
        """
        gaps: list[Gap] = []
        for line, track in self.tracks.items():
            own = track.window_id == window_id
            if track.alive_us is None or (own and (track.heard or track.cause == STOPPED_BY_US)):
                continue
            if not own and line not in lines and track.cause == STOPPED_BY_US:
                continue  # nobody wants it any more
            if not own:
                gaps += self._until(
                    line, track, started_us, self._kind(track, window_id), window_id
                )
                track.cause, track.log_is_gone = "never_opened", False
            if own or line in lines:
                gaps += self._until(line, track, at_us, "lost", window_id)
            track.window_id, track.cause = window_id, STOPPED_BY_US
        return gaps

    def export(self, whole_until_us: Mapping[Line, int] | None = None) -> list[list[object]]:
        """Return what the next run needs, for STATE.

        Args:
            whole_until_us: Of each line whose connections bring what X sent a while ago. The next
                run finds them ended, and if no frame says that they had caught up before, what they
                would have brought is missing.
        """
        rows = []
        for line, track in sorted(self.tracks.items()):
            if track.alive_us is None:
                continue
            until_us = (whole_until_us or {}).get(line, track.alive_us)
            sure_us = max(
                [track.since_us or 0, track.sure_us, *(end for _, end, *_ in track.doubts)]
            )
            alive_us = min(track.alive_us, max(until_us, sure_us))
            rows.append(to_row(line, replace(track, alive_us=alive_us)))
        return rows

    def restore(self, rows: object, gaps: object, *, log_continues: bool = True) -> None:
        """Read what :meth:`export` made of both; rows of another shape are left out."""
        self.tracks.update(from_rows(rows, log_continues=log_continues))
        self.pending = PendingGaps.restore(gaps, log_continues=log_continues)

    def recall(self, before: Before, since: Since, cut: Collection[int] = ()) -> list[Gap]:
        """Take what the file that reading begins with tells of the time before it.

        Args:
            before: What it tells.
            since: How what we know lies to it.
            cut: Connections of which we know that they were inside a message there.

        Returns:
            What came between the two. It is unknown, but for gaps, which keep their keys.
        """
        gaps: list[Gap] = []
        stored = since in {Since.AT, Since.BEHIND}
        if since is Since.BEHIND:
            for line in self.tracks.keys() - before.tracks.keys():
                self.tracks[line].forget_open()
        for line, then in before.tracks.items():
            known = self.tracks.get(line) or Track(alive_us=before.begun_us.get(line))
            later = known.alive_us is not None and (then.alive_us or 0) > known.alive_us
            if since is Since.APART and line in self.tracks and not later:
                continue
            if known.alive_us == then.alive_us:
                then.last_id = known.last_id
            for connection, from_us in before.doubtful.get(line, ()):
                if not stored or connection in cut:
                    then.take_back(from_us, connection)
                    then.log_is_gone = True
            if not stored:
                gaps += self._undecided(line, known, then)
            if later and not stored:
                gaps += self._between(line, known, then, before.told)
            self.tracks[line] = then
        return gaps

    def _undecided(self, line: Line, known: Track, then: Track) -> list[Gap]:
        """Return the doubts of which no log tells any more how they were resolved."""
        known.heard.clear()
        known.log_is_gone = True
        known.doubts = [doubt for doubt in known.doubts if doubt not in then.doubts]
        return self._give_up(line, known)

    def _between(self, line: Line, known: Track, then: Track, told: ToldGaps) -> list[Gap]:
        gaps: list[Gap] = []
        doubts = [(start_us, end_us) for start_us, end_us, *_ in then.doubts]
        for one in told.between(line, known.alive_us or 0, then.alive_us or 0, but=doubts):
            start = replace(known, alive_us=one.started_us, cause=one.cause or known.cause)
            missed = one.kind == "idle" and self.policy.idle_is_gap
            kind = "lost" if missed else one.kind
            gaps += self._add_gap(line, start, kind, one.ended_us, then.window_id)
        return gaps

    def _until(self, line: Line, track: Track, at_us: int, kind: str, window_id: str) -> list[Gap]:
        """Account for what follows the last sign of life."""
        track.heard.clear()
        gaps = self._give_up(line, track)
        if track.alive_us is not None and at_us > track.alive_us:
            gaps += self._add_gap(line, track, kind, at_us, window_id)
            track.alive_us = at_us
        return gaps

    def _give_up(self, line: Line, track: Track) -> list[Gap]:
        """Turn what no connection can resolve any more into gaps."""
        gaps = []
        kind = "unknown" if track.log_is_gone else "lost"
        for start_us, end_us, _, cause in track.give_up():
            then = replace(track, alive_us=start_us, cause=cause)
            gaps += self._add_gap(line, then, kind, end_us, track.window_id)
        return gaps

    def _kind(self, track: Track, window_id: str) -> str:
        if track.log_is_gone:
            return "unknown"
        idle = track.window_id != window_id and track.cause == STOPPED_BY_US
        return "idle" if idle and not self.policy.idle_is_gap else "lost"

    def _gaps(
        self,
        line: Line,
        track: Track,
        at_us: int,
        window_id: str,
        backfill: tuple[int | None, int],
    ) -> list[Gap]:
        """Return the gap that a connection ends, in two if it brings only the later part."""
        from_us, connection = backfill
        if track.alive_us is None or at_us <= track.alive_us:
            return []
        kind = self._kind(track, window_id)
        early: list[Gap] = []
        if from_us is not None and track.alive_us < from_us < at_us:
            early = self._add_gap(line, track, kind, from_us, window_id)
            track.alive_us = from_us
        reached = from_us is not None and from_us <= track.alive_us
        by = connection if reached else None
        return early + self._add_gap(line, track, kind, at_us, window_id, backfilled_by=by)

    def _add_gap(  # noqa: PLR0913 - what a gap is made of
        self,
        line: Line,
        track: Track,
        kind: str,
        ended_us: int,
        window_id: str,
        *,
        backfilled_by: int | None = None,
    ) -> list[Gap]:
        """Return the gap from the last sign of life on, after taking it into the books."""
        started_us = ended_us if track.alive_us is None else track.alive_us
        span_s = (ended_us - started_us) / 1e6
        expected = None if track.posts_per_s is None else round(track.posts_per_s * span_s)
        filled_by_some = backfilled_by is not None or line[0] in self.policy.fillable
        gap = Gap(
            endpoint=line[0],
            partition=line[1],
            kind=kind,
            cause=track.cause,
            started_us=started_us,
            ended_us=ended_us,
            window_id=window_id,
            last_id_before=track.last_id,
            estimated_lost=None if kind == "idle" else expected,
            pending=kind != "idle" and filled_by_some,
        )
        self._add(kind, ended_us - started_us)
        if gap.pending:
            self.pending.add(gap, backfilled_by=backfilled_by)
            self._counted.add(gap.key)
        return [gap]

    def _add(self, kind: str, span_us: int) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + span_us / 1e6
