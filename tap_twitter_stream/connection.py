"""What is counted while lines are read, and the rows made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import iso
from tap_twitter_stream.wire.route import Origin, stable_id
from tap_twitter_stream.wire.snowflake import created_ms

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.wire.lines import LineCutter

# Places in ``Connection.stats``: a list, because that is what STATE carries.
BYTES, LINES, MESSAGES, KEEPS, DEAD, FIRST_ID, LAST_ID, FIRST_US, LAST_US, MAX_LAG_MS = range(10)
UNDELIVERED = 10  # highest count of a v1.1 `limit`


_HTTP_OK = 200
_QUIET_BACKFILL_S = 10.0
_LONGEST_BACKFILL_S = 60.0


def empty_stats() -> list[Any]:
    """Return the counts of a connection that has brought nothing."""
    return [0, 0, 0, 0, 0, None, None, None, None, None, 0]


@dataclass(slots=True)
class Tally:
    """Lines of one window (G5): lines = keep-alives + messages + dead letters."""

    lines: int = 0
    lines_reread: int = 0
    keep_alives: int = 0
    messages: int = 0
    dead_letters: int = 0
    bytes: int = 0
    posts_new: int = 0
    connects: int = 0
    connections: int = 0
    records: int = 0  # primary ones: what max_records counts
    redelivered: int = 0  # of these, what a connect has brought again and nobody had
    counts_usd: float = 0.0  # what asking X for prices has cost
    events: int = 0  # of these, likes, activities, labels and compliance: they are no posts
    last_post_us: int | None = None
    last_lag_s: float | None = None

    @property
    def marks(self) -> tuple[int, int, int, int]:
        """Keep-alives, messages, dead letters and posts now, to tell later how many came."""
        return self.keep_alives, self.messages, self.dead_letters, self.posts

    @property
    def posts(self) -> int:
        """Records that are posts: what X bills."""
        return self.records - self.events

    @property
    def balanced(self) -> bool:
        """Whether every line is accounted for."""
        return self.lines == self.keep_alives + self.messages + self.dead_letters


@dataclass(slots=True)
class Connection:
    """One connection while its frames are read."""

    number: int
    head: dict[str, Any]
    origin: Origin
    cutter: LineCutter
    line_start: int  # position of the unfinished line's first byte
    stats: list[Any] = field(default_factory=empty_stats)
    line_start_us: int = 0  # when the unfinished line's first byte came
    begins_inside_line: bool = False  # reading does, where a file of the log does
    backfill_before_ms: int = 0
    """While X sends again what it sent before: posts made before this are of that kind."""

    @property
    def is_live(self) -> bool:
        """Whether it brings what X sends now, and not what a gap has missed."""
        return "gap" not in self.head

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
        if stats[FIRST_ID] is None:
            stats[FIRST_ID], stats[FIRST_US] = posts[0], time_us
        stats[LAST_ID], stats[LAST_US] = posts[-1], time_us
        made_ms = created_ms(posts[-1])
        if made_ms is not None:
            stats[MAX_LAG_MS] = max(stats[MAX_LAG_MS] or 0, time_us // 1000 - made_ms)

    def complete_until_us(self, behind_us: int) -> int:
        """Return until when it has brought all, if reading had paused since ``behind_us``.

        X keeps nearly to the order in which posts are made.
        """
        last_id = self.stats[LAST_ID]
        made_ms = None if last_id is None else created_ms(last_id)
        return max(behind_us, 0 if made_ms is None else made_ms * 1000)


def connection_row(head: dict[str, Any], stats: list[Any], window_id: str | None) -> dict[str, Any]:
    """Return the ``capture_connections`` row of a connection, or of an attempt at one.

    A connection that is still open has no ``closed_at`` and no ``ending`` yet.
    """
    opened = head.get("http_status") == _HTTP_OK
    ending = head.get("ending", {})
    return {
        "connection_id": head["connection_id"],
        "window_id": window_id,
        "endpoint": head["endpoint"],
        "partition": head["partition"] or None,
        "delivery": head.get("delivery", "live"),
        "attempt": head.get("attempt"),
        "opened_at": iso(head["opened_at_us"]) if "opened_at_us" in head else None,
        "closed_at": iso(head["closed_at_us"]) if "closed_at_us" in head else None,
        "ending": ending.get("kind"),
        "ending_detail": head.get("description"),
        "http_status": head.get("http_status"),
        "problem_slug": ending.get("slug") or None,
        "wire_bytes": head.get("wire_bytes") if opened else None,
        "bytes_received": stats[BYTES],
        "lines": stats[LINES],
        "messages": stats[MESSAGES],
        "keep_alives": stats[KEEPS],
        "dead_letters": stats[DEAD],
        "first_id": stats[FIRST_ID],
        "last_id": stats[LAST_ID],
        "first_message_at": None if stats[FIRST_US] is None else iso(stats[FIRST_US]),
        "last_message_at": None if stats[LAST_US] is None else iso(stats[LAST_US]),
        "max_lag_seconds": None if stats[MAX_LAG_MS] is None else stats[MAX_LAG_MS] / 1000,
        "reconnect_wait_seconds": head.get("wait_s"),
        "remote_transaction_id": head.get("transaction_id"),
        "source": head.get("source"),
    }


CLOSED_BY = {"backfilled": "backfill", "recovered": "recovery", "searched": "search"}


def gap_row(gap: Gap) -> dict[str, Any]:
    """Return the ``capture_gaps`` row of one gap."""
    return {
        "gap_id": stable_id(gap.endpoint, str(gap.partition), str(gap.started_us)),
        "window_id": gap.window_id,
        "endpoint": gap.endpoint,
        "partition": gap.partition or None,
        "kind": gap.kind,
        "cause": gap.cause,
        "started_at": iso(gap.started_us),
        "ended_at": iso(gap.ended_us),
        "duration_seconds": (gap.ended_us - gap.started_us) / 1e6,
        "last_id_before": gap.last_id_before,
        "recovered_total": gap.came_back if gap.kind in CLOSED_BY or gap.came_back else None,
        "estimated_lost": gap.estimated_lost,
        "closed_by": CLOSED_BY.get(gap.kind),
        "pending": gap.pending,
        "note": gap.note or None,
    }
