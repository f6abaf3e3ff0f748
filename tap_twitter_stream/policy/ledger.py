"""Which stretches of time were captured, per endpoint and partition. Pure.

Time counts as captured from the moment X answered with 200 to the last byte that came, keep-alives
included: a byte shows that nothing before it is still under way. What lies between the last byte of
one connection and the answer to the next is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Line: TypeAlias = tuple[str, int]  # endpoint, partition


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which posts may have been missed. Half-open: ``started_us`` is in it."""

    endpoint: str
    partition: int
    kind: str
    cause: str
    started_us: int
    ended_us: int
    last_id_before: str | None
    first_id_after: str | None
    estimated_lost: int | None


@dataclass(slots=True)
class _Track:
    """What is known of one endpoint and partition."""

    alive_us: int | None = None  # the last instant known to be captured
    open: bool = False
    cause: str = ""
    window_id: str = ""
    last_id: str | None = None
    posts_per_s: float | None = None
    covered_us: int = 0


@dataclass(slots=True)
class Ledger:
    """The books of one run; starts from what STATE remembers of the run before."""

    tracks: dict[Line, _Track] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def opened(self, line: Line, at_us: int, window_id: str) -> Gap | None:
        """Note that X answered with 200; return the gap that ends here, if there is one."""
        track = self.tracks.setdefault(line, _Track())
        gap = None
        if track.alive_us is not None and at_us > track.alive_us:
            kind = "lost" if track.window_id == window_id else "idle"
            gap = self._gap(line, track, kind, at_us)
            self._add(kind, at_us - track.alive_us)
        # Also when that is earlier: after a clock was set back, the old instant would hide gaps.
        track.alive_us = at_us
        track.open = True
        track.window_id = window_id
        return gap

    def alive(self, line: Line, at_us: int) -> None:
        """Note that a byte came."""
        track = self.tracks.setdefault(line, _Track(alive_us=at_us))
        if track.alive_us is not None and at_us > track.alive_us:
            self._add("covered", at_us - track.alive_us)
            track.covered_us += at_us - track.alive_us
        track.alive_us = at_us

    def closed(self, line: Line, cause: str, last_id: str | None, posts: int) -> None:
        """Note how a connection ended, the last id it brought, and how many posts."""
        track = self.tracks.setdefault(line, _Track())
        track.open = False
        track.cause = cause
        track.last_id = last_id or track.last_id
        if track.covered_us > 0:
            track.posts_per_s = posts / (track.covered_us / 1e6)
            track.covered_us = 0

    def still_closed(self, window_id: str, at_us: int) -> list[Gap]:
        """Return the gaps that no reconnect ended before the run did at ``at_us``."""
        gaps = []
        for line, track in self.tracks.items():
            if track.alive_us is None or track.open or track.window_id != window_id:
                continue
            if track.cause != "stopped_by_us" and at_us > track.alive_us:
                self._add("lost", at_us - track.alive_us)
                gaps.append(self._gap(line, track, "lost", at_us))
                track.alive_us = at_us
        return gaps

    def export(self) -> list[list[object]]:
        """Return what the next run needs, for STATE."""
        return [
            [endpoint, partition, track.alive_us, track.window_id, track.last_id]
            for (endpoint, partition), track in sorted(self.tracks.items())
            if track.alive_us is not None
        ]

    @classmethod
    def restore(cls, rows: object) -> Ledger:
        """Read what :meth:`export` made; rows of another shape are left out."""
        ledger = cls()
        for row in rows if isinstance(rows, list) else ():
            match row:
                case [str(endpoint), int(partition), int(alive_us), str(window_id), last_id]:
                    ledger.tracks[endpoint, partition] = _Track(
                        alive_us=alive_us,
                        cause="window_over",
                        window_id=window_id,
                        last_id=last_id if isinstance(last_id, str) else None,
                    )
        return ledger

    def _gap(self, line: Line, track: _Track, kind: str, ended_us: int) -> Gap:
        started_us = track.alive_us or ended_us
        span_s = (ended_us - started_us) / 1e6
        expected = None if track.posts_per_s is None else round(track.posts_per_s * span_s)
        return Gap(
            endpoint=line[0],
            partition=line[1],
            kind=kind,
            cause=track.cause,
            started_us=started_us,
            ended_us=ended_us,
            last_id_before=track.last_id,
            first_id_after=None,
            estimated_lost=expected if kind == "lost" else None,
        )

    def _add(self, kind: str, span_us: int) -> None:
        self.seconds[kind] = self.seconds.get(kind, 0.0) + span_us / 1e6
