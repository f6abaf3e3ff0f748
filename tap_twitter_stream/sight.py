"""How much of the event log a reader has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.policy.lost_state import Then
from tap_twitter_stream.spool.frames import Kind

if TYPE_CHECKING:
    from tap_twitter_stream.spool.frames import Frame


class Sight:
    """Follows a reader: where it began, and where it could not see."""

    def __init__(self) -> None:
        self._from: int | None = None
        self._damaged_until = -1

    def see(self, frame: Frame) -> None:
        """Take note of a frame."""
        if self._from is None:
            self._from = frame.position
            if frame.kind is Kind.CONTEXT:  # what lies before it up to the last file was never used
                self._from = int(frame.json().get("follows", frame.position))
        if frame.kind is Kind.CORRUPT:
            self._damaged_until = frame.end

    def before(self, window: dict[str, Any]) -> Then:
        """Tell what was seen of the time between a run and the STATE it began with.

        Args:
            window: What the run has written down of itself.
        """
        ledger_from = window.get("ledger_from", -1)  # earlier versions do not say
        if ledger_from is None or 0 <= ledger_from < self._damaged_until:
            return Then.GONE
        return Then.READ if self._from is not None and ledger_from >= self._from else Then.DROPPED
