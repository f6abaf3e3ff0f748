"""The parent stream: it owns the capture, and its one row is the capture's certificate."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from tap_twitter_stream.emit.text_columns import text_row
from tap_twitter_stream.state import KEY, CaptureState
from tap_twitter_stream.streams.base import REPLICATION_KEY, CapturedStream

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator


class CapturingTap(Protocol):
    """What the parent stream needs of its tap."""

    logger: logging.Logger

    def test_connection(self) -> None:
        """Make one connection for ``--test``."""

    def run_capture(self, parent: CaptureWindows, limit: int | None) -> Iterator[dict[str, Any]]:
        """Run one window; yield its row."""


class CaptureWindows(CapturedStream):
    """One row a run: what it captured, what it missed, and that the books balance."""

    name = "capture_windows"
    primary_keys: ClassVar[tuple[str, ...]] = ("window_id",)
    is_data = False

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401, ARG002 - the SDK's types
        """Run the capture; yield its row."""
        tap = cast("CapturingTap", self._tap)
        if self.ABORT_AT_RECORD_COUNT == 1:  # --test
            tap.test_connection()
            return
        if not any(child.selected and child.is_data for child in self.children):
            tap.logger.info("No data stream is selected, so nothing is connected.")
            return
        for row in tap.run_capture(self, limit=self.ABORT_AT_RECORD_COUNT):
            yield text_row(row, self.schema) if self.nested_as_text else row

    @property
    def children(self) -> list[CapturedStream]:
        """The streams filled in line."""
        return cast("list[CapturedStream]", self.child_streams)

    @property
    def bookmark(self) -> object:
        """The capture's part of the STATE this run began with."""
        return self.stream_state.get(KEY)

    def state_with(self, state: CaptureState, captured_at: str) -> dict[str, Any]:
        """Return the STATE that a run which ended here would leave."""
        self.set_capture_state(state, captured_at)
        whole = copy.deepcopy(cast("dict[str, Any]", self._tap.state))
        # Of the SDK, for the time of a run; it takes it out itself when the run ends.
        whole["bookmarks"][self.name].pop("starting_replication_value", None)
        return whole

    def write_capture_state(self, state: CaptureState, captured_at: str) -> None:
        """Write a STATE with the given position."""
        self.set_capture_state(state, captured_at)
        self._write_state_message()

    def set_capture_state(self, state: CaptureState, captured_at: str) -> None:
        """Make the position part of the next STATE."""
        self.stream_state.update(
            {
                KEY: state.to_bookmark(),
                "replication_key": REPLICATION_KEY,
                "replication_key_value": captured_at,
            }
        )
        self.state_manager.is_flushed = False
