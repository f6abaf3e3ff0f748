"""Which connections X counts although nobody uses them any more. Pure.

After an unclean end X may count a connection for minutes, or for a day, and refuses the next one
as one too many: https://docs.x.com/x-api/connections/introduction
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.instants import moment_us

if TYPE_CHECKING:
    from collections.abc import Iterable

# X's clock and ours differ a little; what began this shortly before us may be ours.
SLACK_S = 5.0


def ghosts_of(
    rows: Iterable[Any], endpoint_id: str, *, run_began_s: float, alone: bool
) -> list[str]:
    """Return the ids of the connections to end.

    Args:
        rows: The active connections, as X lists them; what has another shape is left alone.
        endpoint_id: X's name for the endpoint that refused.
        run_began_s: Seconds since 1970. What was connected before is not of this run.
        alone: Whether this run has no other connection to the endpoint, so that none listed can be
            its own. Without that, one that began with this run may be another partition's.
    """
    return [
        str(row["id"])
        for row in rows
        if isinstance(row, dict)
        and row.get("id")
        and row.get("endpoint_name") == endpoint_id
        and (alone or _began_s(row) < run_began_s - SLACK_S)
    ]


def _began_s(row: dict[str, Any]) -> float:
    """Return when a connection began; one that does not say so is taken for ours."""
    began_us = moment_us(row.get("connected_at"))
    return float("inf") if began_us is None else began_us / 1e6
