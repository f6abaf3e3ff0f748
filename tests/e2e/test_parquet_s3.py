"""Files in a bucket: whole objects only, STATE beside them, written again instead of twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.e2e.harness import Json, Tap, config_for, run
from tests.e2e.s3 import BUCKET, KEY, SECRET, S3Server
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.world  # a server of S3's protocol
TWITTER_STREAM = (sys.executable, "-c", "from tap_twitter_stream.cli import main; main()")
ROOT = f"s3://{BUCKET}/x"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as made:
        yield made


def batches(server: S3Server) -> Json:
    storage = {"root": ROOT, "params": server.params}
    return {"encoding": {"format": "parquet"}, "storage": storage}


def ids(server: S3Server) -> list[str]:
    files = server.files()
    found = files.glob(f"{BUCKET}/x/tweets/dt=*/hr=*/*.parquet")
    tables = [pq.read_table(one, filesystem=files, columns=["id"]) for one in found]
    return [one for table in tables for one in table["id"].to_pylist()]


def test_a_bucket_is_written_like_a_folder(tmp_path: Path, server: S3Server) -> None:
    """Takes some 20 s: the server needs ten to come up, and three runs follow."""
    with Simulator(Scenario(rate_per_s=1000)) as sim:
        config = config_for(
            sim,
            spool_dir=str(tmp_path / "spool"),
            max_records=200,
            batch_config=batches(server),
        )
        code, first = run(tmp_path, config)
        assert code == 0, first.stderr
        state = first.states[-1]
        for _ in range(2):  # the second run's STATE is lost
            with Tap(tmp_path, config, state=state) as tap:
                assert tap.ended() == 0, tap.stderr
    assert len(ids(server)) == len(set(ids(server))) == 400
    assert "are removed; their rows are written again" in tap.stderr
    named = [url for m in tap.messages if m["type"] == "BATCH" for url in m["manifest"]]
    assert named
    assert all(server.files().exists(url) for url in named)
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": server.endpoint_url,
    }
    command = [*TWITTER_STREAM, "state", ROOT]
    said = json.loads(subprocess.check_output(command, env=environment))
    assert said == tap.states[-1]
    files = server.files()
    texts = b"".join(files.cat_file(one) for one in files.ls(f"{BUCKET}/x/_manifests"))
    assert SECRET.encode() not in texts
    assert SECRET not in first.stderr + tap.stderr


def test_a_bucket_that_is_not_there_fails_in_one_sentence(tmp_path: Path, server: S3Server) -> None:
    config: Json = batches(server)
    config["storage"]["params"] = {**server.params, "secret": "wrong-secret-of-nobody"}
    with Simulator(Scenario(limit_posts=5, rate_per_s="max")) as sim:
        settings = config_for(sim, max_records=5, batch_config=config)
        code, tap = run(tmp_path, settings)
    assert code == 1
    assert "Traceback" not in tap.stderr
    assert "wrong-secret-of-nobody" not in tap.stderr
    assert "batch_config.storage" in tap.stderr
