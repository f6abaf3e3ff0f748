"""What the oracle keeps: one value to a batch sent, a connection, an absence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twitter_stream_simulator.material.ids import Run

# Posts sent again because a client or the script asked, or that other live connections got first.
Seen: TypeAlias = Literal["repeat", "copy"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages that went out together on one connection.

    ``first_index`` counts the messages of the connection; ``seen`` is ``None`` for new posts.
    """

    connection: int
    at_s: float
    first_index: int
    runs: tuple[Run, ...]
    size_bytes: int
    seen: Seen | None = None

    @property
    def count(self) -> int:
        """How many messages it has."""
        return sum(run.count for run in self.runs)

    def as_json(self) -> dict[str, Any]:
        """Return it in the compact form: runs of ids instead of each id."""
        entry = {
            "kind": "sent",
            "t": self.at_s,
            "connection": self.connection,
            "first_index": self.first_index,
            "id_runs": plain_runs(self.runs),
            "bytes": self.size_bytes,
        }
        return {**entry, self.seen: True} if self.seen else entry

    def ids(self) -> Iterator[str]:
        """Give the ids in the order of sending."""
        return (str(post_id) for run in self.runs for post_id in run)


@dataclass(slots=True)
class Connection:
    """One stream connection that got HTTP 200."""

    number: int
    endpoint: str
    opened_s: float
    closed_s: float | None = None
    ending: str | None = None
    messages: int = 0
    keep_alives: int = 0
    bad_lines: int = 0
    size_bytes: int = 0
    cut_ids: list[str] = field(default_factory=list)
    partition: int | None = None
    holds: str = "posts"
    recovery: bool = False

    @property
    def channel(self) -> str:
        """The endpoint, and the partition if it has any."""
        suffix = "" if self.partition is None else f"/{self.partition}"
        return self.endpoint + suffix

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self.closed_s is None


@dataclass(frozen=True, slots=True)
class Absence:
    """A span in which nobody was connected, and the ids of what happened in it."""

    endpoint: str
    partition: int | None
    from_s: float
    to_s: float
    runs: tuple[Run, ...]

    def ids(self) -> list[str]:
        """Return the ids, oldest first."""
        return [str(post_id) for run in self.runs for post_id in run]


def plain_runs(runs: tuple[Run, ...]) -> list[list[int]]:
    """Return runs as JSON has them."""
    return [[run.first, run.step, run.count] for run in runs]
