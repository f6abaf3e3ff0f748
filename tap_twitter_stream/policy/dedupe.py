"""Remember which ids were emitted lately. Pure: time is an argument, memory is bounded."""

from __future__ import annotations


class Dedupe:
    """A window of ids with, for each, the endpoint families that delivered it.

    Two generations of ids take turns, so forgetting costs nothing: an id is remembered for at
    least half the window, and at most ``max_ids`` of them (about 120 bytes each) are kept.

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
        self._keeps_journal = journal
        self._new: list[str] = []  # of the young generation, since the journal was last taken
        self._new_of_old: list[str] = []
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
        had = young.get(key, 0)
        known = had or self._old.get(key, 0)
        young[key] = now = known | family
        if self._keeps_journal and now != had:
            self._new.append(key)
        if len(young) >= self._half_ids:
            self._turn()
        return known

    def pass_time(self, now_s: float) -> None:
        """Forget what is older than the window; call now and then with the log's own time."""
        if now_s - self._turned_s >= self._half_s:
            if self._turned_s > float("-inf"):  # what an earlier run left is not that old
                self._turn()
            self._turned_s = now_s

    def take_journal(self) -> tuple[list[str], list[str]]:
        """Return the ids since the last call: of the old generation, and of the young one."""
        taken = self._new_of_old, self._new
        self._new_of_old, self._new = [], []
        return taken

    def families(self, key: str) -> int:
        """Return the families that delivered an id; 0 if it is not remembered."""
        return self._young.get(key, 0) or self._old.get(key, 0)

    def restore(self, older: dict[str, int], younger: dict[str, int]) -> None:
        """Take up the memory of an earlier run."""
        if self._half_ids:
            self._old, self._young = older, younger

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._new_of_old, self._new = self._new, []
        self.turns += 1
