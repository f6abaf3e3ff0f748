"""One connection while its frames are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.wire.snowflake import created_ms
from tap_twitter_stream.wire.stamps import Origin

if TYPE_CHECKING:
    from tap_twitter_stream.spool.entries import Opened
    from tap_twitter_stream.wire.lines import LineCutter
    from tap_twitter_stream.wire.stamps import Origin

_QUIET_BACKFILL_S = 10.0
_LONGEST_BACKFILL_S = 60.0


@dataclass(slots=True)
class Stats:
    """The counts of one connection, in the order in which a STATE has them.

    Attributes:
        first_id: Of the first post; ``last_id`` of the last one.
        max_lag_ms: Longest time from the making of a post to its arrival.
        undelivered: Highest count of a v1.1 ``limit``.
    """

    bytes: int = 0
    lines: int = 0
    messages: int = 0
    keep_alives: int = 0
    dead_letters: int = 0
    first_id: str | None = None
    last_id: str | None = None
    first_us: int | None = None
    last_us: int | None = None
    max_lag_ms: int | None = None
    undelivered: int = 0

    @classmethod
    def of(cls, row: list[Any]) -> Stats:
        """Read a STATE's row; one of an earlier version may have fewer."""
        return cls(*row[: len(cls.__slots__)])

    def row(self) -> list[Any]:
        """Return the row for a STATE."""
        return [getattr(self, name) for name in self.__slots__]


@dataclass(slots=True)
class Connection:
    """One connection while its frames are read."""

    number: int
    opened: Opened
    origin: Origin
    cutter: LineCutter
    line_start: int  # position of the unfinished line's first byte
    stats: Stats = field(default_factory=Stats)
    line_start_us: int = 0  # when the unfinished line's first byte came
    begins_inside_line: bool = False  # reading does, where a file of the log does
    backfill_before_ms: int = 0
    """While X sends again what it sent before: posts made before this are of that kind."""

    @property
    def is_live(self) -> bool:
        """Whether it brings what X sends now, and not what a gap has missed."""
        return self.opened.is_live

    def ends_backfill(self, time_us: int, *, keep_alive: bool) -> bool:
        """Tell whether X has sent again all that it was to; a post of now tells it sooner.

        X fills silence with keep-alives, so one shows that nothing more was waiting; but it may
        greet with one, too.
        """
        age_s = time_us / 1e6 - self.backfill_before_ms / 1e3
        return age_s >= (_QUIET_BACKFILL_S if keep_alive else _LONGEST_BACKFILL_S)

    def note(self, posts: list[str], time_us: int) -> None:
        """Take note of the posts of one frame."""
        stats = self.stats
        if stats.first_id is None:
            stats.first_id, stats.first_us = posts[0], time_us
        stats.last_id, stats.last_us = posts[-1], time_us
        made_ms = created_ms(posts[-1])
        if made_ms is not None:
            stats.max_lag_ms = max(stats.max_lag_ms or 0, time_us // 1000 - made_ms)

    def complete_until_us(self, behind_us: int) -> int:
        """Return until when it has brought all, if reading had paused since ``behind_us``.

        X keeps nearly to the order in which posts are made.
        """
        last_id = self.stats.last_id
        made_ms = None if last_id is None else created_ms(last_id)
        return max(behind_us, 0 if made_ms is None else made_ms * 1000)
