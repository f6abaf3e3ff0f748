"""Whatever happens: what the books call covered is in the table, and what they call lost is little.

``TAP_SCHEDULES`` says how many schedules (2), ``TAP_SEED`` names the seed of the first. Without it
the short form plays two that hold real loss, and the long one begins anywhere.
"""

from __future__ import annotations

import base64
import json
import os
import random
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.figures import note
from tests.e2e.harness import catalog_for
from tests.e2e.pipeline import duckdb_command
from tests.limits import HANG_S
from tests.soak.schedule import Schedule
from tests.soak.test_random_faults import LONG, happened_s, instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = int(os.environ.get("TAP_SCHEDULES", "2"))
SHORT_SEED = 102
FIRST = int(os.environ.get("TAP_SEED", "0")) or (
    random.SystemRandom().randrange(1, 10**6) if LONG else SHORT_SEED
)
KEPT = ("tweets", "dead_letters", "capture_gaps", "capture_connections", "capture_windows")
# A byte arrives a bit after its post was made, on a busy machine a bit later still.
LAG_S = 1.0
# A gap begins with the last byte before a fault, which may have come some time before it.
QUIET_S = 0.3
IDLE = "idle"
MISSING = ("lost", "unknown", IDLE)


@dataclass
class Books:
    """What the tables say: ids, and for each partition the spans that were not simply covered.

    After three runs that ended badly the next message is set aside as poison: the ids of ``aside``.
    """

    ids: list[str]
    aside: set[str]
    gaps: dict[int, list[tuple[float, float, str]]]
    totals: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, ask: Callable[[str], list[list[Any]]]) -> Books:
        rows = ask(
            'SELECT coalesce("partition", 0), started_at::VARCHAR, ended_at::VARCHAR, kind'
            " FROM capture_gaps ORDER BY 1, 2"
        )
        gaps: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
        totals: dict[str, float] = defaultdict(float)
        for partition, start, end, kind in rows:
            span = (instant(utc(start)), instant(utc(end)))
            gaps[int(partition)].append((*span, kind))
            totals[kind] += span[1] - span[0]
        ids = [one for (one,) in ask("SELECT id FROM tweets")]
        return cls(ids, aside(ask), gaps, totals)

    def kinds_at(self, partition: int, at_s: float) -> set[str]:
        """Return what the books call an instant, with some leave at the borders."""
        return {
            kind
            for start_s, end_s, kind in self.gaps.get(partition, ())
            if start_s - LAG_S <= at_s <= end_s + LAG_S
        }

    def is_filled(self, partition: int, at_s: float) -> bool:
        """Whether an instant lies well within a stretch that was filled."""
        return any(
            start_s + LAG_S <= at_s <= end_s - LAG_S
            for start_s, end_s, kind in self.gaps.get(partition, ())
            if kind not in MISSING
        )


def aside(ask: Callable[[str], list[list[Any]]]) -> set[str]:
    """Return the ids of the posts that were set aside."""
    if not ask("SELECT 1 FROM information_schema.tables WHERE table_name = 'dead_letters'"):
        return set()
    letters = ask("SELECT raw_base64 FROM dead_letters WHERE reason = 'poison'")
    return {json.loads(base64.b64decode(raw))["data"]["id"] for (raw,) in letters}


def utc(text: str) -> str:
    """Return an instant as DuckDB prints it in the shape of RFC 3339."""
    return text.replace(" ", "T") + ("" if "+" in text or text.endswith("Z") else "Z")


def happened(schedule: Schedule) -> dict[str, tuple[int, float]]:
    """Return each post that X has or would have sent, with its partition and when that was.

    An id may be a bit older than that: X does not keep to the order of ids.
    """
    oracle = schedule.sim.oracle
    of = {one.number: one.partition or 0 for one in oracle.connections}
    found: dict[str, tuple[int, float]] = {}
    for one in oracle.absences:
        for post_id in map(str, one.ids()):
            at_s = min(max(happened_s(post_id), one.from_s), one.to_s)
            found[post_id] = (one.partition or 0, at_s)
    for batch in oracle.batches:
        for post_id in map(str, batch.ids()):
            found.setdefault(post_id, (of[batch.connection], batch.at_s))
    return found


@pytest.mark.parametrize("number", range(COUNT))  # a seed would differ from worker to worker
def test_the_books_are_sound_and_tight(
    tmp_path: Path,
    number: int,
    target: Callable[[str], Path],
    query_duckdb: Callable[[Path, str], list[list[Any]]],
) -> None:
    """Some 15 s a schedule: up to four starts of tap and target, and a while to fill gaps in."""
    seed = FIRST + number
    print(f"TAP_SEED={seed}")  # noqa: T201 - what plays a failure again
    every = {one["stream"] for one in catalog_for(tmp_path)["streams"]}
    catalog = catalog_for(tmp_path, deselected=sorted(every - {*KEPT}))
    command = duckdb_command(target("target-duckdb"), tmp_path)
    schedule = Schedule(tmp_path, command, catalog, seed)
    with schedule.sim as sim:
        schedule.play()
        assert sim.wait_for(lambda: not any(c.is_open for c in sim.oracle.connections), HANG_S)
        sim.catch_up()
    books = Books.read(lambda sql: query_duckdb(tmp_path / "out.duckdb", sql))
    check_sound(schedule, books)
    check_tight(schedule, books)
    lost = sim.oracle.lost_ids()
    note(
        "schedules",
        {
            "seed": seed,
            "endpoint": schedule.endpoint,
            "gap_fill": list(schedule.gap_fill),
            "acts": list(schedule.acts),
            "state_lost": schedule.loses_state,
            "posts": len(books.ids),
            "missed_at_once": len(sim.oracle.missed_ids()),
            "lost": len(lost),
            "seconds": {kind: round(span, 2) for kind, span in books.totals.items()},
        },
    )


def check_sound(schedule: Schedule, books: Books) -> None:
    """Every post of a time that is covered or filled is in the table, once."""
    oracle = schedule.sim.oracle
    assert len(books.ids) == len(set(books.ids))
    known = happened(schedule)
    assert set(books.ids) <= known.keys()
    ends: dict[int, float] = defaultdict(float)
    for one in oracle.connections:
        partition = one.partition or 0
        ends[partition] = max(ends[partition], one.closed_s or 0.0)
    for post_id in known.keys() - books.aside - set(books.ids):
        partition, at_s = known[post_id]
        if at_s > ends[partition] - LAG_S:
            continue  # in a socket that the last stop has closed, or after it
        kinds = books.kinds_at(partition, at_s)
        assert kinds, (post_id, partition, at_s, books.gaps)
        assert not books.is_filled(partition, at_s), (post_id, partition, at_s, books.gaps)


def check_tight(schedule: Schedule, books: Books) -> None:
    """No instant has two kinds, and what is called missing is no more than the outages were."""
    for spans in books.gaps.values():
        for (_, end_s, _), (start_s, _, _) in pairwise(sorted(spans)):
            assert end_s <= start_s + 0.001, spans
    oracle = schedule.sim.oracle
    outages_s = sum(one.to_s - one.from_s for one in oracle.absences)
    missing_s = sum(books.totals.get(kind, 0.0) for kind in MISSING)
    gaps = sum(map(len, books.gaps.values()))
    assert missing_s <= outages_s + QUIET_S * gaps + LAG_S, (missing_s, outages_s, gaps)
