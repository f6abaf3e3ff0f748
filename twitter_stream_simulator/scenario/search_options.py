"""How the simulator searches: the ``search`` object of a scenario in, checked options out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.scenario.step_parser import ScenarioError, choice, count, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a scenario may change about recent search and its counts.

    Attributes:
        matching: ``"as_stream"`` finds by a rule's text exactly the posts that match the rule;
            ``"as_x"`` does not look into quoted posts and takes accents for nothing.
        default_end_s: Without an end a request reaches up to that long ago.
        latest_end_s: An ``end_time`` must lie at least that long ago.
        limit: Searches in 15 minutes; ``None`` for no limit.
        counts_limit: Requests for counts in 15 minutes.
    """

    matching: str = "as_stream"
    default_end_s: float = 30.0
    latest_end_s: float = 10.0
    limit: int | None = 450
    counts_limit: int | None = 300

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read and check the object.

        Raises:
            ScenarioError: It has an unknown key, or a value does not fit.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            message = f"Unknown key {unknown[0]!r} of 'search': use some of {', '.join(known)}."
            raise ScenarioError(message)
        given = {item.name: item.default for item in fields(cls)} | dict(values)
        default_end_s, latest_end_s = number(given, "default_end_s"), number(given, "latest_end_s")
        return cls(
            matching=choice(given, "matching", ("as_stream", "as_x")),
            default_end_s=default_end_s or 0.0,
            latest_end_s=latest_end_s or 0.0,
            limit=count(given, "limit", least=0),
            counts_limit=count(given, "counts_limit", least=0),
        )

    def limit_of(self, endpoint: str, usual: int | None) -> int | None:
        """Return how many requests an endpoint that is no stream allows in 15 minutes."""
        limits = {"search_recent": self.limit, "counts_recent": self.counts_limit}
        return limits.get(endpoint, usual)
