"""When files appear, and that a STATE waits for those it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.datasets import ids, manifests, paths, settings
from tests.e2e.harness import Tap, config_for, wait_until
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path


def test_a_quiet_stream_is_closed_by_age(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=20)) as sim:
        config = config_for(
            sim,
            spool_dir=str(tmp_path / "spool"),
            parquet_seal_seconds=1,
            batch_config=settings(root),
        )
        with Tap(tmp_path, config) as tap:
            assert wait_until(lambda: len(paths(root, "tweets")) > 1), tap.stderr
            assert wait_until(lambda: len(tap.states) > 1), tap.stderr
            assert tap.stop() == 0, tap.stderr
        assert not tap.records("tweets")
        assert set(ids(root)) <= set(sim.oracle.sent_ids())
    named: set[str] = set()
    (manifest,) = manifests(root)
    for message in tap.messages:
        if message["type"] == "BATCH":
            named.update(message["manifest"])
        elif message["type"] == "STATE":
            end = message["value"]["bookmarks"]["capture_windows"]["capture"]["position"]
            covered = [one["path"] for one in manifest["files"] if one["ends"][0] <= end]
            if message != tap.messages[-1]:  # the last one covers the run's own row too
                covered = [path for path in covered if "capture_windows" not in path]
            assert {f"file://{root}/{path}" for path in covered} <= named
