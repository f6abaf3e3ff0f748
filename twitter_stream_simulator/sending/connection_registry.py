"""The roll of stream connections, as ``/2/connections`` tells and ends them."""

from __future__ import annotations

import random
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator import clock
from twitter_stream_simulator.protocol.endpoints import CONNECTION_NAMES, ENDPOINT_IDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(slots=True)
class Entry:
    """One connection; it stays active while X believes in it, as a ghost if need be."""

    id: str
    endpoint_name: str
    connected_s: float
    kill: Callable[[], None]
    ended_s: float | None = None
    believed_until_s: float | None = None
    reason: str = ""

    def is_active(self, now_s: float) -> bool:
        """Tell whether X counts it."""
        if self.ended_s is None:
            return True
        return self.believed_until_s is not None and now_s < self.believed_until_s

    def as_json(self, now_s: float) -> dict[str, Any]:
        """Return it as X's answer holds it."""
        row = {
            "id": self.id,
            "endpoint_name": self.endpoint_name,
            "connected_at": clock.utc_text(self.connected_s),
            "client_ip": "127.0.0.1",
        }
        if self.ended_s is not None and not self.is_active(now_s):
            row["disconnected_at"] = clock.utc_text(self.ended_s)
            row["disconnect_reason"] = self.reason or "client_disconnect"
        return row


class Roll:
    """Every connection to a v2 stream so far; safe to use from several threads."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"connections {seed}")
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def begin(self, endpoint: str, kill: Callable[[], None]) -> Entry | None:
        """Enter a connection; None for an endpoint that X does not manage this way."""
        if endpoint not in CONNECTION_NAMES:
            return None
        with self._lock:
            name = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
            entry = Entry(name, CONNECTION_NAMES[endpoint], clock.now_s(), kill)
            self._entries.append(entry)
            return entry

    def end(self, entry: Entry, *, ghost_s: float, lay_ghost: Callable[[], None]) -> None:
        """Note an end. X believes in the connection for ``ghost_s`` more, or until it is killed."""
        with self._lock:
            entry.ended_s = clock.now_s()
            if ghost_s and not entry.reason:
                entry.believed_until_s = entry.ended_s + ghost_s
                entry.kill = lay_ghost

    def rows(self, status: str, names: Iterable[str]) -> list[dict[str, Any]]:
        """Return connections, newest first, of a status (``active inactive all``) and endpoints."""
        wanted, now_s = set(names) or ENDPOINT_IDS, clock.now_s()
        with self._lock:
            return [
                one.as_json(now_s)
                for one in reversed(self._entries)
                if one.endpoint_name in wanted
                and status in {"all", "active" if one.is_active(now_s) else "inactive"}
            ]

    def kill(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """End connections by id; return what became of each."""
        now_s = clock.now_s()
        with self._lock:
            known = {one.id: one for one in self._entries if one.is_active(now_s)}
            found = [(name, known.get(name)) for name in ids]
            for _, entry in found:
                if entry is not None:
                    entry.reason, entry.believed_until_s = "killed", None
        results: list[dict[str, Any]] = []
        for name, entry in found:
            if entry is None:
                error = "No active connection has this id."
                results.append({"uuid": name, "success": False, "error_message": error})
                continue
            entry.kill()
            results.append({"uuid": name, "success": True})
        return results
