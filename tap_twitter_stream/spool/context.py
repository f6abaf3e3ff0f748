"""What a reader that starts at a segment has to know: the run's window, the open connections."""

from __future__ import annotations

from typing import Any

from tap_twitter_stream.spool.frames import Kind


class Context:
    """Follows what is appended; each new segment begins with it."""

    def __init__(self) -> None:
        self._window: dict[str, Any] = {}
        self._connections: dict[int, dict[str, Any]] = {}

    def note(self, kind: Kind, value: dict[str, Any], connection: int) -> None:
        """Take note of a JSON frame. ``connection`` is the number of the one it is about."""
        if kind is Kind.WINDOW:
            self._window = value
        elif kind is Kind.OPENED:
            self._connections[connection] = value
        elif kind is Kind.CLOSED:
            self._connections.pop(connection, None)

    def opening(self, follows: int) -> dict[str, Any]:
        """Return the next segment's first object.

        Args:
            follows: Position where the last file ended, so that a reader can tell a missing one.
        """
        connections = [[number, value] for number, value in self._connections.items()]
        return {"window": self._window, "connections": connections, "follows": follows}
