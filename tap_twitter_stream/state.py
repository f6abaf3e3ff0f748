"""The position vector to and from the Singer STATE. Pure.

STATE is the acknowledgement that Singer lacks: a target prints one only after it has stored what
came before, so the STATE a run starts with says what need not be sent again. Its keys are fixed and
what varies in number is a list, because runners merge objects and replace lists.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
MOST_BYTES = 10_000  # runners keep STATE in places that are made for small values
KEY = "capture"
STATE_GAPS = 50  # more than these become fewer and longer ones in STATE
_HEAD_BYTES, _GAP_BYTES = 600, 190  # the rest of a STATE, and one gap's row


@dataclass(frozen=True, slots=True)
class CaptureState:
    """Where the reader stands in the log.

    Everything before ``position`` was emitted, but for the lines of a connection in
    ``connections`` from its own line start on.
    """

    spool_id: str
    position: int
    connections: list[list[Any]] = field(default_factory=list)
    ledger: list[list[Any]] = field(default_factory=list)
    window: list[Any] = field(default_factory=list)
    gaps: list[list[Any]] = field(default_factory=list)
    archive: dict[str, Any] | None = None  # how far the files of an archive were read

    def to_bookmark(self) -> dict[str, Any]:
        """Return the value kept under the parent stream's bookmark."""
        archive = {} if self.archive is None else {"archive": self.archive}
        return {
            "version": VERSION,
            "spool_id": self.spool_id,
            "position": self.position,
            "connections": self.connections,
            "ledger": self.ledger,
            "window": self.window,
            "gaps": self.gaps,
            **archive,
        }

    @property
    def mark(self) -> tuple[int, int]:
        """Return what grows with every record emitted: of two states, the later has the larger.

        A record limit ends a run inside a frame. What is left of that is emitted at an unchanged
        position, and only the connection's line start moves on.
        """
        return self.position, sum(int(row[1]) for row in self.connections)

    @property
    def read_from(self) -> int:
        """Position of the first byte that is still needed."""
        return min([self.position, *(int(row[1]) for row in self.connections)])


def gaps_that_fit(connections: list[list[Any]], ledger: list[list[Any]]) -> int:
    """Return how many gaps STATE has room for beside what it cannot do without."""
    left_bytes = MOST_BYTES - _HEAD_BYTES - len(json.dumps([connections, ledger]))
    return max(0, min(STATE_GAPS, left_bytes // _GAP_BYTES))


def from_bookmark(value: object) -> tuple[CaptureState | None, str]:
    """Read a bookmark that any version may have written.

    Returns:
        The state, or None when there is none to go by, and then a sentence if one was there.
    """
    if not value:
        return None, ""
    if not isinstance(value, dict) or value.get("version") != VERSION:
        return (
            None,
            f"STATE has a capture bookmark of another version than {VERSION}; it is not used.",
        )
    try:
        state = CaptureState(
            spool_id=str(value["spool_id"]),
            position=int(value["position"]),
            connections=[[int(row[0]), int(row[1]), *row[2:]] for row in value["connections"]],
            ledger=list(value.get("ledger") or []),
            window=list(value.get("window") or []),
            gaps=list(value.get("gaps") or []),
            archive=value.get("archive"),
        )
        _check(state)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        return None, f"STATE's capture bookmark is damaged ({error!r}); it is not used."
    return state, ""


def _check(state: CaptureState) -> None:
    """Refuse what no run has written; a position before 0 would be read from nowhere."""
    match state.window:
        case [] | [None, None] | [str(), int()]:
            pass
        case _:
            message = "window"
            raise ValueError(message)
    if state.read_from < 0:
        message = "position"
        raise ValueError(message)
