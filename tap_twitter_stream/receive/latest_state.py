"""The newest STATE that a run of this log has begun with, kept beside the log.

Runners lose a STATE or bring an older one. What was received is then sent again as far as it is
kept; but what came before is known to be stored, and none of it need be called unknown.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.track import from_rows
from tap_twitter_stream.disk import replace_file
from tap_twitter_stream.state import from_bookmark

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.state import CaptureState

_FILE = "latest_state.json"


def remember(folder: Path, spool_id: str, presented: CaptureState | None) -> CaptureState | None:
    """Return the newest STATE; keep this run's, if it is that.

    Args:
        folder: Of the log, which is locked.
        spool_id: Of the log. Of two STATEs of other logs, or of this one and another, that is the
            newer one which knows of later time.
        presented: The STATE that the run begins with.

    Returns:
        The STATE, None if there never was one.
    """
    kept = _read(folder / _FILE)
    if presented is None or (kept is not None and _is_older(presented, kept, spool_id)):
        return kept
    if presented != kept:
        _write(folder / _FILE, presented)
    return presented


def _is_older(one: CaptureState, other: CaptureState, spool_id: str) -> bool:
    """Return True if a STATE comes before another one."""
    if one.spool_id == other.spool_id == spool_id:
        return one.position < other.position
    return _last_us(one) < _last_us(other)


def _last_us(state: CaptureState) -> int:
    return max((track.alive_us or 0 for _, track in from_rows(state.ledger)), default=0)


def _read(path: Path) -> CaptureState | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return from_bookmark(value)[0]


def _write(path: Path, state: CaptureState) -> None:
    with suppress(OSError):  # a full disk: then the one before stays, and more is called unknown
        replace_file(path, json.dumps(state.to_bookmark()).encode())
