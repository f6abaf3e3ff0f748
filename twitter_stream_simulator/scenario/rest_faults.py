"""Scripted faults of calls that are no streams: entries of a scenario in, a step per call out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator.protocol.endpoints import ENDPOINTS
from twitter_stream_simulator.scenario.scripts import as_object
from twitter_stream_simulator.scenario.step_parser import ScenarioError, count, parse_step
from twitter_stream_simulator.scenario.steps import INSTEAD

if TYPE_CHECKING:
    from twitter_stream_simulator.scenario.steps import Instead

# X has the others; these are the simulator's own pages.
_OWN = frozenset({"home", "oracle", "stop"})
REST_NAMES = tuple(
    dict.fromkeys(row.name for row in ENDPOINTS if not row.is_stream and row.name not in _OWN)
)


@dataclass(frozen=True, slots=True)
class RestFault:
    """One of ``rest_faults``; ``call`` counts from 1, and ``None`` means each."""

    endpoint: str
    call: int | None
    step: Instead

    @classmethod
    def from_json(cls, entry: object) -> RestFault:
        """Read and check an entry.

        Raises:
            ScenarioError: It names no endpoint, or no step that stands in the place of an answer.
        """
        values = dict(as_object(entry))
        endpoint, call = values.pop("endpoint", None), count(values, "call")
        values.pop("call", None)
        if endpoint not in REST_NAMES:
            message = f"Unknown endpoint {endpoint!r}: use one of {', '.join(REST_NAMES)}."
            raise ScenarioError(message)
        step = parse_step(values)
        if not isinstance(step, INSTEAD):
            message = f"Step {values['do']!r} is for streams: use 'http', 'refuse' or 'no_answer'."
            raise ScenarioError(message)
        return cls(endpoint, call, step)


def fault_of(faults: tuple[RestFault, ...], endpoint: str, call: int) -> Instead | None:
    """Return what the call of that number (from 1) gets instead of its answer."""
    fits = (one for one in faults if one.endpoint == endpoint and one.call in {None, call})
    return next((one.step for one in fits), None)
