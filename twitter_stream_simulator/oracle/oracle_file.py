"""Read an oracle file back: JSON lines in, what was sent per connection out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.material.ids import Run

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class OracleFile:
    """The content of an oracle file.

    ``ids`` lists per connection number what was sent, in order, repeats included, ``own_ids`` the
    same without what other live connections got first; ``missed_ids`` what happened while nobody
    was connected, ``found_ids`` what searches gave out, repeats included; ``entries`` holds every
    other line as decoded JSON.
    """

    ids: dict[int, list[str]] = field(default_factory=dict)
    own_ids: dict[int, list[str]] = field(default_factory=dict)
    endpoints: dict[int, str] = field(default_factory=dict)
    cut_ids: list[str] = field(default_factory=list)
    missed_ids: list[str] = field(default_factory=list)
    found_ids: list[str] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def all_ids(self) -> list[str]:
        """Return the ids of all connections, by connection; what several got at once, once."""
        return [post_id for number in sorted(self.own_ids) for post_id in self.own_ids[number]]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return the entries of one kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]


def read_oracle(path: Path) -> OracleFile:
    """Read an oracle file; a torn last line, as a kill leaves it, is ignored."""
    oracle = OracleFile()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                _take(oracle, json.loads(line))
    return oracle


def _take(oracle: OracleFile, entry: dict[str, Any]) -> None:
    """Sort one entry into its place."""
    if entry["kind"] == "sent":
        ids = _ids(entry)
        oracle.ids.setdefault(entry["connection"], []).extend(ids)
        own = [] if entry.get("copy") else ids
        oracle.own_ids.setdefault(entry["connection"], []).extend(own)
        return
    if entry["kind"] == "missed":
        oracle.missed_ids += _ids(entry)
    if entry["kind"] == "found":
        oracle.found_ids += entry["ids"]
    if entry["kind"] == "opened":
        oracle.endpoints[entry["connection"]] = entry["endpoint"]
        oracle.ids.setdefault(entry["connection"], [])
    if entry["kind"] == "cut":
        oracle.cut_ids.append(entry["id"])
    oracle.entries.append(entry)


def _ids(entry: dict[str, Any]) -> list[str]:
    """Write out runs of ids."""
    return [str(i) for first, step, count in entry["id_runs"] for i in Run(first, step, count)]
