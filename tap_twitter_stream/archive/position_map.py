"""Which position of the log is which place of the archive; one thread writes it, another reads."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_twitter_stream.archive.place import Place


@dataclass(frozen=True, slots=True)
class _Mark:
    """From ``position`` on ``place`` holds; where ``is_text``, each byte is one further."""

    position: int
    place: Place
    is_text: bool


class Trail:
    """Remembers the way from what was emitted to what was read ahead; the rest is forgotten.

    Args:
        start: The place of the first position.
        position: The first position.
    """

    def __init__(self, start: Place, position: int = 0) -> None:
        self._marks = deque([_Mark(position, start, is_text=False)])
        self._guard = threading.Lock()

    def mark(self, position: int, place: Place, *, is_text: bool = False) -> None:
        """Note the place of a position, which is not before the last one noted."""
        with self._guard:
            self._marks.append(_Mark(position, place, is_text))

    def place_at(self, position: int) -> Place:
        """Return the place of a position, which is not before the last one asked for."""
        with self._guard:
            while len(self._marks) > 1 and self._marks[1].position <= position:
                self._marks.popleft()
            mark = self._marks[0]
        if not mark.is_text:
            return mark.place
        return replace(mark.place, offset=mark.place.offset + position - mark.position)
