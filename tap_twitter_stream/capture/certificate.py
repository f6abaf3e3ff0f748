"""The row of ``capture_windows``: what one run can vouch for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import iso
from tap_twitter_stream.wire.endpoints import ARCHIVE

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.replay.replay import Replay

_KINDS = ("covered", "backfilled", "recovered", "searched", "lost", "unknown", "idle")


def window_row(  # noqa: PLR0913 - the certificate's inputs, each named at the only call
    replay: Replay,
    emitter: Emitter,
    *,
    stop_reason: str,
    exit_code: int,
    start_position: int,
    left_lines: int,
    ended_us: int,
    price_per_post_usd: float,
) -> dict[str, Any]:
    """Return the row. Seconds are sums over endpoints and partitions."""
    window, tally, seconds = replay.window, replay.tally, replay.ledger.seconds
    started_us = ended_us if window.started_at_us is None else window.started_at_us
    # What X once sent to whoever kept it costs nothing now.
    billable = 0 if ARCHIVE in window.endpoints else tally.posts_new
    streams = [
        {
            "stream": name,
            "routed": count.routed,
            "emitted": count.emitted,
            "deduplicated": count.deduplicated,
            "filtered": count.filtered,
            "deselected": count.deselected,
        }
        for name, count in emitter.counts.items()
        if count.routed
    ]
    return {
        "window_id": window.window_id or "none",
        "started_at": iso(started_us),
        "ended_at": iso(ended_us),
        "stop_reason": stop_reason,
        "exit_code": exit_code,
        "crashed": False,
        "endpoints": list(window.endpoints),
        "tap_version": window.tap_version,
        "spool_id": window.spool_id,
        "durable": window.durable,
        "start_position": start_position,
        "end_position": replay.position,
        **{f"{kind}_seconds": round(seconds.get(kind, 0.0), 6) for kind in _KINDS},
        "connections_total": tally.connections,
        "connects_total": tally.connects,
        "bytes_received": tally.bytes,
        "lines_received": tally.lines - tally.lines_reread + left_lines,
        "lines_reread": tally.lines_reread,
        "keep_alives": tally.keep_alives,
        "messages": tally.messages,
        "dead_letters": tally.dead_letters,
        "left_in_spool": left_lines,
        "streams": streams,
        "posts_billable_estimate": billable,
        "cost_estimate_usd": round(billable * price_per_post_usd + tally.counts_usd, 6),
    }
