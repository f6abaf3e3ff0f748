"""The newest STATE that a run of this log has begun with, kept beside the log.

Runners lose a STATE or bring an older one. What was received is then sent again as far as it is
kept; but what came before is known to be stored, and none of it need be called unknown.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.coverage.track import from_rows
from tap_twitter_stream.disk import replace_file
from tap_twitter_stream.state import from_bookmark

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "latest_state.json"


def remember(folder: Path, spool_id: str, presented: dict[str, Any] | None) -> dict[str, Any]:
    """Return the bookmark of the newest STATE; keep this run's, if it is that.

    Args:
        folder: Of the log, which is locked.
        spool_id: Of the log. Of two STATEs of other logs, or of this one and another, that is the
            newer one which knows of later time.
        presented: The bookmark that the run begins with.

    Returns:
        The bookmark, empty if there never was one.
    """
    kept = _read(folder / _FILE)
    if not presented or _is_older(presented, kept, spool_id):
        return kept
    if presented != kept:
        _write(folder / _FILE, presented)
    return presented


def _is_older(one: dict[str, Any], other: dict[str, Any], spool_id: str) -> bool:
    """Tell whether a STATE comes before another one."""
    if one["spool_id"] == other.get("spool_id") == spool_id:
        return int(one["position"]) < int(other["position"])
    return _last_us(one) < _last_us(other)


def _last_us(state: dict[str, Any]) -> int:
    return max((track.alive_us or 0 for _, track in from_rows(state.get("ledger"))), default=0)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    state, _ = from_bookmark(value)
    return state.to_bookmark() if state else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    with suppress(OSError):  # a full disk: then the one before stays, and more is called unknown
        replace_file(path, json.dumps(value).encode())
