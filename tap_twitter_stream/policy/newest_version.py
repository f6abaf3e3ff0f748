"""Tell what is older than what was already given out under its key. Pure, memory is bounded."""

from __future__ import annotations


class Newest:
    """The newest version of each object seen lately.

    Two generations take turns, as in :class:`Dedupe`; what was forgotten counts as new.

    Args:
        max_ids: Bound of both generations together.
    """

    def __init__(self, max_ids: int) -> None:
        self._half_ids = max(1, max_ids // 2)
        self._young: dict[tuple[str, str], int] = {}
        self._old: dict[tuple[str, str], int] = {}

    def is_stale(self, stream: str, key: str, true_us: int) -> bool:
        """Remember a version; say whether a newer one was seen before.

        Args:
            stream: Where the object goes.
            key: Which object it is.
            true_us: When this version of it was true, in epoch microseconds.
        """
        at = (stream, key)
        known_us = self._young.get(at)
        if known_us is None:
            known_us = self._old.get(at, true_us)
        self._young[at] = max(known_us, true_us)
        if len(self._young) >= self._half_ids:
            self._old, self._young = self._young, {}
        return true_us < known_us
