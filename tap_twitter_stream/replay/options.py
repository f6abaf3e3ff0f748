"""What of the settings decides how frames of the event log become records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_twitter_stream.coverage.gaps import GapPolicy

if TYPE_CHECKING:
    from tap_twitter_stream.state import CaptureState


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What of the settings decides how frames become records."""

    spool_id: str
    max_line_bytes: int
    raw_messages: bool = False
    tag_prefix: str = ""
    drop_foreign: bool = False
    own_from: int = 0  # position where this run's frames begin
    max_records: int | None = None
    log_continues: bool = True  # the log begins where STATE was written
    latest: CaptureState | None = None  # the newest STATE that a run of this log has begun with
    gaps: GapPolicy = field(default_factory=GapPolicy)
