"""Twenty partitions into files: memory stays within what docs/how-to/parquet.md says."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.e2e.datasets import ids, settings
from tests.e2e.figures import note
from tests.e2e.harness import Tap, config_for, wait_until
from tests.soak.test_endurance import LONG, every, memory_mb, rounded
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

PARTITIONS = 20
DURATION_S, RATE_PER_S = (120.0, 500) if LONG else (4.0, 50)  # on each partition
DRAIN_S = 120
BUFFER_MB = 64
IDS = 200_000
IDS_MB = IDS * 120 / 1e6 if LONG else 0  # which deduplication remembers
MOST_MB = 100 + BUFFER_MB + 100 + IDS_MB  # of records, rows that wait, and Arrow


def test_twenty_partitions_into_files(tmp_path: Path) -> None:
    """The firehose at 10,000 posts/s for two minutes (short form: 1,000/s for 4 s)."""
    samples, pause = [], threading.Event()
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=RATE_PER_S)) as sim:
        config = config_for(
            sim,
            endpoints=["firehose"],
            spool_dir=str(tmp_path / "spool"),
            spool_max_bytes=16 << 30,
            parquet_buffer_bytes=BUFFER_MB << 20,
            parquet_seal_seconds=30,
            dedupe_max_ids=IDS,
            shutdown_grace_seconds=DRAIN_S,
            batch_config=settings(root),
        )
        with Tap(tmp_path, config) as tap:
            receiver = tap.receiver()
            assert wait_until(lambda: len(sim.oracle.connections) == PARTITIONS)
            for _ in every(0.2, DURATION_S):
                samples.append(memory_mb(tap.process.pid, receiver))
                pause.wait(0.2)
            tap.process.terminate()
            assert tap.ended(DRAIN_S) == 0, tap.stderr
        sent = set(sim.oracle.sent_ids())
    stored = ids(root)
    assert len(stored) == len(set(stored))
    assert set(stored) <= sent
    assert len(stored) > 0.9 * len(sent)  # the rest lay in sockets when they were closed
    note(
        "twenty partitions into files",
        {"seconds": DURATION_S, "posts": len(stored), "memory_mb": rounded(samples)},
    )
    assert max(samples) < MOST_MB
