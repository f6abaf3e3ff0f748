"""What the tap and its receiver process tell each other."""

from __future__ import annotations

import msgspec

from tap_twitter_stream.settings.values import Settings
from tap_twitter_stream.state import CaptureState


class Order(msgspec.Struct, frozen=True):
    """What the tap tells the receiver to do. It holds secrets, so it goes through a pipe only."""

    settings: Settings
    window_id: str
    folder: str
    durable: bool
    max_bytes: int
    tap_version: str
    state: CaptureState | None = None
    """The last STATE's; None if there is none, or if it only knows an archive."""
    missing: list[tuple[str, int, int]] = []
    """Endpoint, partition and since when posts are missing there, as the last STATE knows it."""


class Hello(msgspec.Struct, frozen=True):
    """What the receiver found when it opened the log; positions are bytes in the log."""

    spool_id: str = ""
    start: int = 0
    end: int = 0
    resume: int = 0
    note: str = ""
    error: str = ""
    latest: CaptureState | None = None
    """The newest STATE that a run of this log has begun with, this one included."""
