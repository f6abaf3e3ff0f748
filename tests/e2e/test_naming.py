"""The two naming generations of X's API give the same rows, through the real tap."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import capture, config_for
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

POSTS = 300
STREAMS = ("tweets", "referenced_tweets", "users", "media", "places", "polls", "tweet_rules")
# Times of the run itself; what the simulator made up about the past is older.
RECENT = re.compile(r'"20(2[5-9]|[3-9]\d)-\d\d-[^"]*Z"')
ID = re.compile(r'"(\d{19})"')


def rows_of(folder: Path, naming: str, fast_path: str) -> dict[str, list[Any]]:
    """Capture; return the rows of each stream with ids by order of sending, without the times."""
    folder.mkdir()
    scenario = Scenario(naming=naming, limit_posts=POSTS, rate_per_s="max", gzip=False)
    with Simulator(scenario) as sim:
        tap = capture(folder, config_for(sim, fast_path=fast_path), POSTS)
        place = {post_id: f'"post {n}"' for n, post_id in enumerate(sim.oracle.sent_ids())}
    assert tap.records("dead_letters") == []
    rows = {}
    for stream in STREAMS:
        texts = [json.dumps(_bare(row)) for row in tap.records(stream)]
        texts = [ID.sub(lambda found: place.get(found[1], found[0]), text) for text in texts]
        rows[stream] = [json.loads(RECENT.sub('"recent"', text)) for text in texts]
    return rows


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from run to run."""
    return {k: v for k, v in row.items() if k not in {"_captured_at", "_connection_id"}}


def test_both_generations_land_in_the_same_columns(tmp_path: Path) -> None:
    older = rows_of(tmp_path / "tweet", "tweet", "auto")
    assert {stream: bool(rows) for stream, rows in older.items()} == dict.fromkeys(STREAMS, True)
    assert any("note_tweet" in row for row in older["tweets"])
    assert rows_of(tmp_path / "post", "post", "auto") == older
    assert rows_of(tmp_path / "slow", "post", "off") == older
