"""Remember which ids were emitted lately. Pure: time is an argument, memory is bounded."""

from __future__ import annotations


class Dedupe:
    """A window of ids with, for each, the endpoint families that delivered it.

    Two generations of ids take turns, so forgetting costs nothing: an id is remembered for at
    least half the window, and at most ``max_ids`` of them (about 180 bytes each) are kept.

    Args:
        window_s: How long an id is remembered; 0 turns the memory off.
        max_ids: Bound of both generations together.
        journal: Whether to gather what is new for somebody who keeps it over a restart.
    """

    def __init__(self, window_s: float, max_ids: int, *, journal: bool = False) -> None:
        self._half_s = window_s / 2
        self._half_ids = max(1, max_ids // 2) if window_s > 0 else 0
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._turned_s = float("-inf")
        self._journal: dict[str, int] | None = {} if journal else None
        self.turns = 0
        """How often a generation was forgotten."""

    def __contains__(self, key: str) -> bool:
        """Whether the id is remembered."""
        return key in self._young or key in self._old

    def add(self, key: str, family: int) -> int:
        """Remember an id for a family (a bit), and return the families that had it before."""
        if not self._half_ids:
            return 0
        young = self._young
        known = young.get(key, 0) or self._old.get(key, 0)
        young[key] = known | family
        if self._journal is not None:
            self._journal[key] = known | family
        if len(young) >= self._half_ids:
            self._turn()
        return known

    def pass_time(self, now_s: float) -> None:
        """Forget what is older than the window; call now and then with the log's own time."""
        if now_s - self._turned_s >= self._half_s:
            if self._turned_s > float("-inf"):  # what an earlier run left is not that old
                self._turn()
            self._turned_s = now_s

    def take_journal(self) -> dict[str, int]:
        """Return what was remembered since the last call."""
        journal, self._journal = self._journal or {}, {}
        return journal

    def restore(self, older: dict[str, int], younger: dict[str, int]) -> None:
        """Take up the memory of an earlier run."""
        if self._half_ids:
            self._old, self._young = older, younger

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self.turns += 1
