"""The lines, messages and posts of one window, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Lines of one window (G5): lines = keep-alives + messages + dead letters."""

    lines: int = 0
    lines_reread: int = 0
    keep_alives: int = 0
    messages: int = 0
    dead_letters: int = 0
    bytes: int = 0
    posts_new: int = 0
    connects: int = 0
    connections: int = 0
    records: int = 0  # primary ones: what max_records counts
    redelivered: int = 0  # of these, what a connect has brought again and nobody had
    counts_usd: float = 0.0  # what asking X for prices has cost
    events: int = 0  # of these, likes, activities, labels and compliance: they are no posts
    last_post_us: int | None = None
    last_lag_s: float | None = None

    @property
    def marks(self) -> tuple[int, int, int, int]:
        """Keep-alives, messages, dead letters and posts now, to tell later how many came."""
        return self.keep_alives, self.messages, self.dead_letters, self.posts

    @property
    def posts(self) -> int:
        """Records that are posts: what X bills."""
        return self.records - self.events

    @property
    def balanced(self) -> bool:
        """Whether every line is accounted for."""
        return self.lines == self.keep_alives + self.messages + self.dead_letters
