"""Check settings against the table of endpoints: what an endpoint has not is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.table import default_of
from tap_twitter_stream.settings.schema import FIELD_LISTS
from tap_twitter_stream.wire.endpoints import ENDPOINTS, EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Iterator


def endpoint_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield partitions and parameters that no chosen endpoint has."""
    chosen = [ENDPOINTS[name] for name in values["endpoints"]]
    for name, numbers in (values["partitions"] or {}).items():
        if numbers is not None:
            yield from _partition_errors(name, numbers, chosen)
    for setting in FIELD_LISTS:
        given = values[setting] and values[setting] != default_of(setting)
        param = setting.replace("_", ".")
        if chosen and given and not any(param in spec.field_params for spec in chosen):
            names = ", ".join(spec.name for spec in chosen)
            yield f"`{setting}` is no parameter of {names}: remove it, or add an endpoint of posts."


def gap_fill_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield ways to fill gaps that no chosen endpoint has."""
    chosen = [ENDPOINTS[name] for name in values["endpoints"]]
    names = ", ".join(spec.name for spec in chosen)
    having = {
        "backfill": any(spec.backfill for spec in chosen),
        "recovery": any(spec.recovery for spec in chosen),
        "search": any(spec.needs_rules for spec in chosen),
    }
    for method in dict.fromkeys(values["gap_fill"]):
        if chosen and not having[method]:
            yield f"`gap_fill` names {method}, which {names} cannot be filled by: remove it."


def redundancy_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield why two connections would be worse than one."""
    if values["redundant_connections"] == 1:
        return
    for name in values["endpoints"]:
        if ENDPOINTS[name].drops_oldest:
            yield (
                f"`redundant_connections` cannot be 2 with {name}: X ends the older one of two"
                " connections there. Set it to 1."
            )
    if not values["dedupe_window_seconds"]:
        yield (
            "`redundant_connections` brings everything twice, and `dedupe_window_seconds` 0 keeps"
            " it so: give that a span such as 3600."
        )


def _partition_errors(name: str, numbers: list[int], chosen: list[EndpointSpec]) -> Iterator[str]:
    spec = ENDPOINTS.get(name)
    if spec is None or not spec.partitions_total:
        having = ", ".join(one.name for one in ENDPOINTS.values() if one.partitions_total)
        yield f"`partitions.{name}` names no endpoint with partitions: remove it ({having} have)."
    elif spec not in chosen:
        yield f"`partitions.{name}` has no use: add {name} to `endpoints`, or remove it."
    elif not numbers:
        yield (
            f"`partitions.{name}` is empty: list partitions from 1 to {spec.partitions_total}, or"
            " leave it out for all of them."
        )


def partition_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield what an incomplete list of partitions leaves out."""
    for name, numbers in (values["partitions"] or {}).items():
        spec = ENDPOINTS.get(name)
        left_out = sorted(set(spec.partitions) - set(numbers)) if spec and numbers else []
        if left_out:
            listed = ", ".join(map(str, left_out))
            yield f"`partitions.{name}` leaves out {listed}: what X sends there is not captured."
