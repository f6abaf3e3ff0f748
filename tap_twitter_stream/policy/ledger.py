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

from .gaps import Filled, Gap, GapKey, Line, PendingGaps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

STOPPED_BY_US = "stopped_by_us"
CRASHED = "crashed"
OPEN_KINDS = frozenset({"lost", "unknown"})


@dataclass(frozen=True, slots=True)
class GapPolicy:
    """Which gaps somebody fills.

    Args:
        fillable: Endpoints whose gaps can be filled by what the settings allow.
        idle_is_gap: Whether time between two runs is one too.
    """

    fillable: Collection[str] = ()
    idle_is_gap: bool = False


@dataclass(slots=True)
class _Track:
    """What is known of one endpoint and partition."""

    alive_us: int | None = None  # the last instant known to be captured
    open: int = 0  # connections; more than one if they are redundant
    cause: str = ""
    window_id: str = ""
    last_id: str | None = None
    posts_per_s: float | None = None
    covered_us: int = 0
    log_is_gone: bool = False  # what a STATE says of an open connection, and no log tells more


@dataclass(slots=True)
class Ledger:
    """The books of one run; starts from what STATE remembers of the run before."""

    policy: GapPolicy = field(default_factory=GapPolicy)
    tracks: dict[Line, _Track] = field(default_factory=dict)
    pending: PendingGaps = field(default_factory=PendingGaps)
    seconds: dict[str, float] = field(default_factory=dict)

    def opened(
        self, line: Line, at_us: int, window_id: str, backfill_from_us: int | None = None
    ) -> list[Gap]:
        """Note that X answered with 200; return the gaps that end here.

        Args:
            line: Endpoint and partition.
            at_us: When the answer came.
            window_id: The run that connects.
            backfill_from_us: From when on the connection brings again what was sent.
        """
        track = self.tracks.setdefault(line, _Track())
        if track.open and track.window_id == window_id and not track.log_is_gone:
            track.open += 1
            return []  # a redundant connection: the other one misses nothing
        gaps = self._gaps(line, track, at_us, window_id, backfill_from_us)
        # Also when that is earlier: after a clock was set back, the old instant would hide gaps.
        track.alive_us = at_us
        track.open = 1
        track.log_is_gone = False
        track.window_id = window_id
        self.pending.reopen(line, backfill_from_us)
        return gaps

    def alive(self, line: Line, at_us: int) -> None:
        """Note that a byte came."""
        track = self.tracks.setdefault(line, _Track(alive_us=at_us))
        track.log_is_gone = False
        if track.alive_us is not None and at_us > track.alive_us:
            self._add("covered", at_us - track.alive_us)
            track.covered_us += at_us - track.alive_us
        track.alive_us = at_us

    def uncover(self, line: Line, from_us: int) -> None:
        """Take back what follows an instant: a message that began then never came whole."""
        track = self.tracks.get(line)
        if track is None or track.open > 1:
            return  # the other connection brought it
        if track.alive_us is not None and from_us < track.alive_us:
            span_us = min(track.alive_us - from_us, track.covered_us)
            self._add("covered", -span_us)
            track.covered_us -= span_us
            track.alive_us -= span_us

    def closed(self, line: Line, cause: str, last_id: str | None, posts: int) -> None:
        """Note how a connection ended, the last id it brought, and how many posts."""
        track = self.tracks.setdefault(line, _Track())
        track.log_is_gone = False
        track.last_id = last_id or track.last_id
        track.open = max(0, track.open - 1)
        if track.open:
            return
        track.cause = cause
        if track.covered_us > 0:
            track.posts_per_s = posts / (track.covered_us / 1e6)
            track.covered_us = 0
        self.pending.break_off(line)

    def backfilled(self, line: Line) -> list[Gap]:
        """Note that a connection has brought all it was to bring again."""
        gaps = []
        for gap in self.pending.backfilling(line):
            filled = Filled("backfilled", gap.started_us, gap.ended_us)
            gaps += self.filled(gap.key, [filled], self.tracks[line].window_id)
        return gaps

    def filled(self, key: GapKey, parts: Sequence[Filled], window_id: str) -> list[Gap]:
        """Settle a gap; return its parts as they are now. Nothing if it was settled before."""
        gap = self.pending.take(key)
        if gap is None:
            return []
        own = gap.window_id == window_id
        if own:
            self._add(gap.kind, gap.started_us - gap.ended_us)
        settled = []
        for part in parts:
            if own or part.kind not in OPEN_KINDS:  # an earlier run's certificate told of those
                self._add(part.kind, part.ended_us - part.started_us)
            estimate = None
            if part.kind == "lost":
                estimate = part.estimated_lost
                if estimate is None and gap.estimated_lost is not None:
                    estimate = max(0, _share(gap, part) - gap.came_back)
            settled.append(
                replace(
                    gap,
                    kind=part.kind,
                    started_us=part.started_us,
                    ended_us=part.ended_us,
                    estimated_lost=estimate,
                    came_back=gap.came_back if part is parts[-1] else 0,
                    pending=False,
                    note=part.note,
                )
            )
        return settled

    def still_closed(
        self, window_id: str, at_us: int, lines: Collection[Line] = (), started_us: int = 0
    ) -> list[Gap]:
        """Return the gaps that no reconnect ended before the run did at ``at_us``.

        Args:
            window_id: The run that ends.
            at_us: When it does.
            lines: What the run was to capture.
            started_us: When the run began.
        """
        gaps: list[Gap] = []
        for line, track in self.tracks.items():
            if track.alive_us is None or (track.open and track.window_id == window_id):
                continue
            if track.window_id != window_id:
                if line in lines:
                    gaps += self._never_opened(line, track, window_id, (started_us, at_us))
            elif track.cause != STOPPED_BY_US and at_us > track.alive_us:
                gaps += self._add_gap(line, track, "lost", at_us, window_id)
                track.alive_us = at_us
        return gaps

    def export(self) -> list[list[object]]:
        """Return what the next run needs, for STATE."""
        return [
            [
                *(endpoint, partition, track.alive_us, track.window_id, track.last_id),
                "" if track.open else track.cause,
            ]
            for (endpoint, partition), track in sorted(self.tracks.items())
            if track.alive_us is not None
        ]

    def restore(self, rows: object, gaps: object) -> None:
        """Read what :meth:`export` made of both; rows of another shape are left out."""
        self.tracks.update(_tracks(rows))
        self.pending = PendingGaps.restore(gaps)

    def _never_opened(
        self, line: Line, track: _Track, window_id: str, run_us: tuple[int, int]
    ) -> list[Gap]:
        """Account for a line that a run was to capture and that X never answered with 200."""
        started_us, ended_us = run_us
        gaps: list[Gap] = []
        assert track.alive_us is not None  # noqa: S101 - the caller looked
        if started_us > track.alive_us:
            gaps += self._add_gap(line, track, self._kind(track, window_id), started_us, window_id)
            track.alive_us = started_us
        if ended_us > track.alive_us:
            track.cause = "never_opened"
            gaps += self._add_gap(line, track, "lost", ended_us, window_id)
            track.alive_us = ended_us
        track.window_id = window_id
        track.log_is_gone, track.open = False, 0
        # The next run's idle time begins where this one ended.
        track.cause = STOPPED_BY_US
        return gaps

    def _kind(self, track: _Track, window_id: str) -> str:
        if track.window_id == window_id:
            return "lost"
        if track.log_is_gone:
            return "unknown"
        return "lost" if track.cause == CRASHED or self.policy.idle_is_gap else "idle"

    def _gaps(
        self, line: Line, track: _Track, at_us: int, window_id: str, backfill_from_us: int | None
    ) -> list[Gap]:
        if track.alive_us is None or at_us <= track.alive_us:
            return []
        kind = self._kind(track, window_id)
        if backfill_from_us is None or not track.alive_us < backfill_from_us < at_us:
            whole = backfill_from_us is not None and backfill_from_us <= track.alive_us
            return self._add_gap(line, track, kind, at_us, window_id, backfilling=whole)
        early = self._add_gap(line, track, kind, backfill_from_us, window_id)
        track.alive_us = backfill_from_us
        return early + self._add_gap(line, track, kind, at_us, window_id, backfilling=True)

    def _add_gap(  # noqa: PLR0913 - what a gap is made of
        self,
        line: Line,
        track: _Track,
        kind: str,
        ended_us: int,
        window_id: str,
        *,
        backfilling: bool = False,
    ) -> list[Gap]:
        """Return the gap from the last sign of life on, after taking it into the books."""
        started_us = ended_us if track.alive_us is None else track.alive_us
        span_s = (ended_us - started_us) / 1e6
        expected = None if track.posts_per_s is None else round(track.posts_per_s * span_s)
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
            pending=kind != "idle" and (backfilling or line[0] in self.policy.fillable),
        )
        self._add(kind, ended_us - started_us)
        if gap.pending:
            self.pending.add(gap, backfilling=backfilling)
        return [gap]

    def _add(self, kind: str, span_us: int) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + span_us / 1e6


def missing_since(rows: object, *, idle_too: bool) -> list[tuple[str, int, int]]:
    """Return each line whose run did not end in order, and since when it misses posts.

    Args:
        rows: What a ledger exported into STATE.
        idle_too: Whether time after an orderly end counts as well.
    """
    return [
        (*line, track.alive_us)
        for line, track in _tracks(rows)
        if track.alive_us is not None and (idle_too or track.cause == CRASHED)
    ]


def _tracks(rows: object) -> Iterator[tuple[Line, _Track]]:
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(endpoint), int(partition), int(alive_us), str(window_id), last_id, *rest]:
                cause = rest[0] if rest and isinstance(rest[0], str) else STOPPED_BY_US
                track = _Track(
                    alive_us=alive_us,
                    open=int(not cause),
                    cause=cause or CRASHED,
                    window_id=window_id,
                    last_id=last_id if isinstance(last_id, str) else None,
                    log_is_gone=not cause,
                )
                yield (endpoint, partition), track


def _share(gap: Gap, part: Filled) -> int:
    """Return how many of a gap's posts a part of it would have."""
    whole_us = gap.ended_us - gap.started_us
    return round((gap.estimated_lost or 0) * (part.ended_us - part.started_us) / whole_us)
