"""What a new run misses, from the books that STATE holds. Pure."""

from __future__ import annotations

from tap_twitter_stream.policy.gaps import STOPPED_BY_US
from tap_twitter_stream.policy.tracks import from_rows

from .pending_gaps import PendingGaps


def missing_since(
    rows: object, gaps: object, *, idle_too: bool, not_before_us: int = 0
) -> list[tuple[str, int, int]]:
    """Return each line that misses posts, and since when.

    Args:
        rows: What a ledger exported into STATE.
        gaps: Its pending gaps there.
        idle_too: Whether time after an orderly end counts as well.
        not_before_us: Pending gaps from before this are no reason: no backfill reaches them.
    """
    since_us = {
        line: track.alive_us
        for line, track in from_rows(rows, log_continues=True)
        if track.alive_us is not None and (idle_too or track.cause != STOPPED_BY_US)
    }
    for gap in PendingGaps.restore(gaps).waiting():
        if gap.started_us >= not_before_us:
            since_us[gap.line] = min(since_us.get(gap.line, gap.started_us), gap.started_us)
    return [(*line, at_us) for line, at_us in since_us.items()]
