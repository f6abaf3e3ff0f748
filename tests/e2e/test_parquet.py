"""Records as Parquet files: the same rows as RECORD messages, whatever the settings change."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from tests.e2e.datasets import (
    RecordSums,
    arrow_sums,
    duckdb_sums,
    ids,
    manifests,
    paths,
    polars_sums,
    rows,
    settings,
)
from tests.e2e.expected import Expected
from tests.e2e.harness import (
    Json,
    Tap,
    arguments,
    catalog_for,
    command,
    config_for,
    environment,
    run,
    written,
)
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from pathlib import Path

TWITTER_STREAM = (sys.executable, "-c", "from tap_twitter_stream.cli import main; main()")
SOAK = os.environ.get("TAP_SOAK") == "1"
POSTS = 1_000_000 if SOAK else 1_536
READERS = {"duckdb": duckdb_sums, "polars": polars_sums, "pyarrow": arrow_sums}
STREAMS = ("tweets", "referenced_tweets", "users", "media", "places", "polls", "tweet_rules")


def record_sums(folder: Path, config: Json) -> RecordSums:
    """Run the tap to RECORD messages and sum them up as they come."""
    sums = RecordSums()
    with (folder / "records.log").open("wb") as log:
        process = subprocess.Popen(
            arguments(folder, config), stdout=subprocess.PIPE, stderr=log, env=environment(folder)
        )
        assert process.stdout
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "RECORD":
                sums.add(message["stream"], message["record"])
        process.stdout.close()
        assert process.wait() == 0, (folder / "records.log").read_text()
    return sums


def test_every_column_sums_up_to_what_records_hold(tmp_path: Path) -> None:
    """The same log becomes RECORD messages, then files. TAP_SOAK=1: a million posts.

    Takes some 10 s: three readers sum up seven streams.
    """
    root = tmp_path / "data"
    with Simulator(Scenario(limit_posts=POSTS, rate_per_s="max")) as sim:
        config = config_for(
            sim, spool_dir=str(tmp_path / "spool"), max_records=POSTS, spool_max_bytes=16 << 30
        )
        sums = record_sums(tmp_path, config)
        with Tap(tmp_path, {**config, "batch_config": settings(root)}) as tap:
            assert tap.ended(timeout_s=7200) == 0, tap.stderr
    assert sums.rows["tweets"] == POSTS
    for stream in STREAMS:
        wanted = sums.of(stream)
        for name, sums_of in READERS.items():
            assert sums_of(root, stream) == wanted, (name, stream)
    (window,) = rows(root, "capture_windows")
    emitted = {one["stream"]: one["emitted"] for one in window["streams"]}
    assert {stream: emitted[stream] for stream in STREAMS} == {
        stream: sums.rows[stream] for stream in STREAMS
    }


def test_batches_come_before_the_state_that_covers_them_and_manifests_say_the_same(
    tmp_path: Path,
) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(limit_posts=600, rate_per_s="max")) as sim:
        config = config_for(sim, max_records=600, batch_config=settings(root))
        code, tap = run(tmp_path, {**config, "spool_dir": str(tmp_path / "spool")})
    assert code == 0, tap.stderr
    kinds = [m["type"] for m in tap.messages]
    assert kinds == sorted(kinds, key=["SCHEMA", "BATCH", "STATE"].index)
    named = [url for m in tap.messages if m["type"] == "BATCH" for url in m["manifest"]]
    (manifest,) = manifests(root)
    assert sorted(named) == sorted(f"file://{root}/{one['path']}" for one in manifest["files"])
    assert manifest["pending"] == []
    assert manifest["state"] == tap.states[-1]
    for one in manifest["files"]:
        data = (root / one["path"]).read_bytes()
        assert len(data) == one["bytes"]
        assert hashlib.sha256(data).hexdigest() == one["sha256"]
        assert pq.read_metadata(root / one["path"]).num_rows == one["rows"]
    tweets = [one for one in manifest["files"] if one["stream"] == "tweets"]
    known = sorted(map(int, ids(root)))
    assert int(min(one["first_id"] for one in tweets)) == known[0]
    assert int(max(one["last_id"] for one in tweets)) == known[-1]
    assert not any((root / "_staging").glob("*/*"))


def test_the_next_run_goes_on_from_the_manifest(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=1000)) as sim:
        config = config_for(
            sim, spool_dir=str(tmp_path / "spool"), max_records=300, batch_config=settings(root)
        )
        state = None
        for _ in range(3):
            code, tap = run(tmp_path, config, state=state)
            assert code == 0, tap.stderr
            said = subprocess.check_output([*TWITTER_STREAM, "state", str(root)])
            state = json.loads(said)
        sent = sim.oracle.sent_ids()
    assert len(ids(root)) == len(set(ids(root))) == 900
    assert set(ids(root)) <= set(sent)
    assert len(rows(root, "capture_windows")) == 3


def test_a_run_from_an_older_state_writes_its_files_again_instead_of_twice(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=1000)) as sim:
        config = config_for(
            sim, spool_dir=str(tmp_path / "spool"), max_records=300, batch_config=settings(root)
        )
        states: list[Json] = []
        for state in (None, 0, 0):  # the second run's STATE never reaches the runner
            given = None if state is None else states[state]
            code, tap = run(tmp_path, config, state=given)
            assert code == 0, tap.stderr
            states.append(tap.states[-1])
        assert "files that no STATE had covered are removed" in tap.stderr
    found = ids(root)
    assert len(found) == len(set(found)) == 600
    listed = [one["path"] for m in manifests(root) for one in m["files"]]
    assert sorted(listed) == sorted(
        str(path.relative_to(root)) for path in root.glob("*/dt=*/*/*.parquet")
    )
    assert len(rows(root, "capture_windows")) == 3  # each run's own row stays


def test_rows_that_a_killed_run_from_an_older_state_removed_come_back(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=1000)) as sim:
        config = config_for(sim, spool_dir=str(tmp_path / "spool"), batch_config=settings(root))
        states: list[Json | None] = [None]
        for _ in range(2):
            code, tap = run(tmp_path, {**config, "max_records": 200}, state=states[-1])
            assert code == 0, tap.stderr
            states.append(tap.states[-1])
        before = set(ids(root))
        with Tap(tmp_path, config, state=states[1]) as tap:
            tap.says("are removed")
        assert not before <= set(ids(root))
        code, tap = run(tmp_path, {**config, "max_records": 400}, state=states[2])
    assert code == 0, tap.stderr
    assert "files end elsewhere: going on from their" in tap.stderr
    assert before < set(ids(root))
    assert len(ids(root)) == len(set(ids(root)))


def test_what_a_map_hashes_or_drops_is_nowhere_in_the_files(tmp_path: Path) -> None:
    root = tmp_path / "data"
    maps = {
        "users": {
            "username": "md5(record['username'])",
            "name": None,
            "description": None,
            "entities": None,
        },
        "tweets": {"__filter__": "'e' in record['text']", "__alias__": "posts"},
        "media": None,
    }
    with Simulator(Scenario(limit_posts=300, rate_per_s="max", record_messages=True)) as sim:
        config = config_for(sim, max_records=300, batch_config=settings(root), stream_maps=maps)
        catalog = catalog_for(tmp_path, deselected=["referenced_tweets"])
        code, tap = run(tmp_path, config, catalog=catalog)
        sent = Expected(sim)
    assert code == 0, tap.stderr
    users = [user for one in sent.envelopes for user in one["includes"]["users"]]
    hashed = {hashlib.md5(user["username"].encode()).hexdigest() for user in users}  # noqa: S324 - the SDK's own
    assert {row["username"] for row in rows(root, "users")} == hashed
    columns = pq.read_schema(paths(root, "users")[0]).names
    assert not {"name", "description", "entities"} & set(columns)
    assert {one.name for one in root.iterdir() if not one.name.startswith("_")} >= {
        "posts",
        "users",
    }
    assert not (root / "media").exists()
    assert not (root / "referenced_tweets").exists()
    texts = {key for key, text in sent.texts.items() if "e" in text}
    assert set(ids(root, "posts")) == texts
    names = {user["username"].encode() for user in users}
    for path in paths(root, "users"):
        table = pq.ParquetFile(path).read()
        plain = json.dumps(table.to_pylist(), default=str).encode()
        assert not [name for name in names if name in plain or name in path.read_bytes()]


def test_deselected_columns_are_not_in_the_files(tmp_path: Path) -> None:
    root = tmp_path / "data"
    catalog = catalog_for(tmp_path)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if stream["stream"] == "tweets" and entry["breadcrumb"][-1:] == ["text"]:
                entry["metadata"]["selected"] = False
    with Simulator(Scenario(limit_posts=50, rate_per_s="max")) as sim:
        config = config_for(sim, max_records=50, batch_config=settings(root))
        code, tap = run(tmp_path, config, catalog=catalog)
    assert code == 0, tap.stderr
    assert "text" not in pq.read_schema(paths(root, "tweets")[0]).names
    assert len(ids(root)) == 50


def test_a_field_that_x_adds_tomorrow_is_kept_and_told_of_once(tmp_path: Path) -> None:
    root = tmp_path / "data"
    first = 2_100_000_000_000_000_000
    posts = [{"data": {"id": str(first + n), "text": "x", "new": {"n": n}}} for n in range(20)]
    text = "".join(json.dumps(post) + "\r\n" for post in posts)
    steps: list[Json] = [{"do": "raw", "text": text}, {"do": "idle"}]
    with Simulator(Scenario(connections=[{"steps": steps}])) as sim:
        config = config_for(sim, max_records=20, batch_config=settings(root))
        code, tap = run(tmp_path, config)
    assert code == 0, tap.stderr
    assert [json.loads(row["_extra"]) for row in rows(root, "tweets")] == [
        {"new": {"n": n}} for n in range(20)
    ]
    assert tap.stderr.count("A value of tweets.new has no column") == 1


def test_a_test_connection_writes_no_file(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with Simulator(Scenario(rate_per_s=200)) as sim:
        config = config_for(sim, batch_config=settings(root))
        path = written(tmp_path / "config.json", config)
        code, _, said = command(tmp_path, "--config", path, "--test")
    assert code == 0, said
    assert not root.exists()


def test_without_a_spool_the_start_says_what_a_crash_costs(tmp_path: Path) -> None:
    with Simulator(Scenario(limit_posts=20, rate_per_s="max")) as sim:
        config = config_for(sim, max_records=20, batch_config=settings(tmp_path / "data"))
        code, tap = run(tmp_path, config)
    assert code == 0
    assert "not yet sealed in a file" in tap.stderr
