"""How slowly a client may read before the server ends its stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.scenario.step_parser import ScenarioError, count, number

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Patience:
    """When a client is too slow: the oldest byte waits that long, or so many bytes wait."""

    seconds: float | None = None
    size_bytes: int | None = None
    notice: bool = True

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Patience:
        """Read the object of a scenario.

        Raises:
            ScenarioError: A key is unknown, a value does not fit, or there is no limit.
        """
        unknown = sorted(set(values) - {"seconds", "bytes", "notice"})
        if unknown:
            message = f"Unknown key {unknown[0]!r} in 'slow_reader': use seconds, bytes, notice."
            raise ScenarioError(message)
        patience = cls(
            number(values, "seconds"), count(values, "bytes"), values.get("notice") is not False
        )
        if patience.seconds is None and patience.size_bytes is None:
            message = "'slow_reader' needs 'seconds' or 'bytes'."
            raise ScenarioError(message)
        return patience
