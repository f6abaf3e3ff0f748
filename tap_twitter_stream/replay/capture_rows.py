"""The rows of ``capture_connections`` and ``capture_gaps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import iso
from tap_twitter_stream.spool.entries import Closed
from tap_twitter_stream.wire.rows import stable_id

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.replay.connection import Stats
    from tap_twitter_stream.spool.entries import Opened

_HTTP_OK = 200


def connection_row(connection: Opened, stats: Stats, window_id: str | None) -> dict[str, Any]:
    """Return the ``capture_connections`` row of a connection, or of an attempt at one.

    A connection that is still open has no ``closed_at`` and no ``ending`` yet.
    """
    ended = connection if isinstance(connection, Closed) else Closed()
    opened = connection.http_status == _HTTP_OK
    return {
        "connection_id": connection.connection_id,
        "window_id": window_id,
        "endpoint": connection.endpoint,
        "partition": connection.partition or None,
        "delivery": connection.delivery,
        "attempt": connection.attempt,
        "opened_at": _instant(connection.opened_at_us),
        "closed_at": _instant(ended.closed_at_us),
        "ending": ended.ending.kind or None,
        "ending_detail": ended.description,
        "http_status": connection.http_status,
        "problem_slug": ended.ending.slug or None,
        "wire_bytes": ended.wire_bytes if opened else None,
        "bytes_received": stats.bytes,
        "lines": stats.lines,
        "messages": stats.messages,
        "keep_alives": stats.keep_alives,
        "dead_letters": stats.dead_letters,
        "first_id": stats.first_id,
        "last_id": stats.last_id,
        "first_message_at": _instant(stats.first_us),
        "last_message_at": _instant(stats.last_us),
        "max_lag_seconds": None if stats.max_lag_ms is None else stats.max_lag_ms / 1000,
        "reconnect_wait_seconds": ended.wait_s,
        "remote_transaction_id": connection.transaction_id,
        "source": connection.source,
    }


def _instant(time_us: int | None) -> str | None:
    return None if time_us is None else iso(time_us)


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
