"""The scripts of connections: entries of a scenario in, checked steps and where they hold out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from twitter_stream_simulator.protocol.endpoints import STREAM_NAMES
from twitter_stream_simulator.scenario.step_parser import ScenarioError, count, parse_step
from twitter_stream_simulator.scenario.steps import ENDINGS, INSTEAD, Open, Step

Script: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One of ``connections``, checked; ``None`` means any."""

    endpoint: str | None
    partition: int | None
    recovery: bool
    script: Script

    def holds_for(self, endpoint: str, partition: int | None, *, recovery: bool) -> bool:
        """Say whether it is meant for connects to that endpoint and partition."""
        fits = self.endpoint in (None, endpoint) and self.partition in (None, partition)
        return fits and self.recovery is recovery


def check_endpoint(name: object) -> None:
    """Refuse a name that no stream has."""
    if name not in STREAM_NAMES:
        message = f"Unknown endpoint {name!r}: use one of {', '.join(STREAM_NAMES)}."
        raise ScenarioError(message)


def as_list(values: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return the list of that name."""
    value = values[name]
    if isinstance(value, str) or not isinstance(value, Sequence):
        message = f"{name!r} must be a list, not {value!r}."
        raise ScenarioError(message)
    return value


def as_object(value: object) -> Mapping[str, Any]:
    """Return a decoded JSON object.

    Raises:
        ScenarioError: It is something else.
    """
    if not isinstance(value, Mapping):
        message = f"There must be a JSON object in the place of {value!r}."
        raise ScenarioError(message)
    return value


def _check_order(script: Script) -> None:
    """Refuse a script with steps that can never be done."""
    for place, step in enumerate(script):
        if isinstance(step, INSTEAD) and len(script) > 1:
            message = (
                "A step 'http', 'refuse' or 'no_answer' must be the only one of its connection."
            )
            raise ScenarioError(message)
        if isinstance(step, Open) and place:
            message = f"Step {place + 1} is 'open', which must be the first of its connection."
            raise ScenarioError(message)
        if isinstance(step, ENDINGS) and place < len(script) - 1:
            message = f"Step {place + 1} ends the connection: the steps after it cannot be done."
            raise ScenarioError(message)


def parse_entry(entry: Mapping[str, Any]) -> Entry:
    """Read one of ``connections``."""
    if set(as_object(entry)) - {"steps", "endpoint", "partition", "recovery"}:
        message = f"A connection must be an object with 'steps', not {entry!r}."
        raise ScenarioError(message)
    steps = entry.get("steps", ())
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        message = "'steps' of a connection must be a list."
        raise ScenarioError(message)
    only = entry.get("endpoint")
    if only is not None:
        check_endpoint(only)
    recovery = entry.get("recovery", False)
    if not isinstance(recovery, bool):
        message = f"'recovery' of a connection must be true or false, not {recovery!r}."
        raise ScenarioError(message)
    script = tuple(parse_step(step) for step in steps)
    _check_order(script)
    return Entry(only, count(entry, "partition"), recovery, script)
