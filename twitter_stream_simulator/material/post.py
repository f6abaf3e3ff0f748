"""An invented post, before it is rendered for a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twitter_stream_simulator.material.drafts import Json


@dataclass(frozen=True, slots=True)
class Included:
    """An object of ``includes``, and the expansions any of which brings it in."""

    kind: str
    expansions: frozenset[str]
    value: Json


@dataclass(slots=True)
class Post:
    """A post with all its fields, what can be expanded from it, and its partial errors."""

    tweet: Json
    includes: list[Included] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)
    ascii_only: bool = True

    def include(self, kind: str, expansion: str, value: Json) -> None:
        """Add one object that an expansion brings in."""
        self.includes.append(Included(kind, frozenset({expansion}), value))
