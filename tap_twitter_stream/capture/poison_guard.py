"""Runs that ended badly, one after the other, from the same place: is it a message's doing?

A message that kills the target, or the tap, would kill each run for ever: nothing acknowledges
what comes before it, so the next run sends it again. After such an end the next run goes through
what the spool holds line by line, with a STATE behind each, so that the target's last STATE
points at the line it died of; the line that stopped three starts is set aside.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.disk import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.state import CaptureState

POISON_STARTS = 3
_FILE = "starts.json"

logger = logging.getLogger("tap-twitter-stream")


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of the runs before this one.

    Attributes:
        failed: Runs in a row that began at the same place and ended badly.
        careful: Whether to go line by line through what those left.
    """

    failed: int = 0
    careful: bool = False

    @property
    def sets_aside(self) -> bool:
        """Whether the first line is to be set aside."""
        return self.failed >= POISON_STARTS


class Starts:
    """The note of this run's start, beside the spool; who ends as it should takes it away."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def begin(self, spool_id: str, resume: int, state: CaptureState | None) -> Start:
        """Note that a run starts, and say how those before it ended.

        Args:
            spool_id: Of the log.
            resume: Where reading begins when there is no STATE to go by.
            state: The position that is acknowledged.
        """
        place = _place(spool_id, resume, state)
        last = self._read()
        careful = bool(last.get("careful"))
        same = last.get("place") == place
        # A careful run that got as far as here ended right behind its last STATE: at this place.
        failed = int(last.get("starts", 0)) if same else int(careful)
        start = Start(failed, careful=careful or failed > 0)
        self._write({"place": place, "starts": failed + 1, "careful": start.careful})
        if start.sets_aside:
            logger.warning(
                "%d runs ended without getting past the first message that is not acknowledged, so"
                " it goes to dead_letters as `poison`; `twitter-stream redrive` sends it again.",
                failed,
            )
        return start

    def ended(self) -> None:
        """Note that this run has ended as it should: whatever held it up was no message."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            value = json.loads(self._path.read_bytes())
            return value if isinstance(value, dict) and isinstance(value["starts"], int) else {}
        except (OSError, ValueError, KeyError):
            return {}

    def _write(self, value: dict[str, Any]) -> None:
        with suppress(OSError):  # a full disk: then this start is not counted
            replace_file(self._path, json.dumps(value).encode())


def _place(spool_id: str, resume: int, state: CaptureState | None) -> list[Any]:
    if state is None:
        return [spool_id, resume, []]
    return [spool_id, state.position, [row[:2] for row in state.connections]]
