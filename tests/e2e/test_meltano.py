"""Each command of Meltano takes some 3 s to start; a run takes 3 s more."""

from __future__ import annotations

import json
import os
import shlex
import signal
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.crash.test_kill import ids_in
from tests.e2e.expected import Expected
from tests.e2e.harness import RULES, command, is_running, wait_until
from tests.e2e.meltano import PATIENCE_S, ROOT, Project, family
from tests.e2e.test_target_postgres import check_rows
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.postgres import Database, PostgresServer

STATE_ID = "dev:tap-twitter-stream-to-postgres-to-target-postgres"
POSTS = 300


def settings(sim: Simulator, **more: str) -> dict[str, str]:
    """Return the environment that points the tap at a simulator."""
    known = {"API_URL": sim.url, "BEARER_TOKEN": sim.bearer_token, "RULES": json.dumps(RULES)}
    return {f"TAP_TWITTER_STREAM_{name}": value for name, value in {**known, **more}.items()}


def place(database: Database) -> dict[str, str]:
    """Return the environment that points target-postgres at a database."""
    config = database.target_config()
    return {f"TARGET_POSTGRES_{name.upper()}": str(value) for name, value in config.items()}


def newest(server: PostgresServer) -> PostgresServer:
    """Return the server if it is the newest one: its version makes no difference to Meltano."""
    if "embedded" not in str(server.programs):
        pytest.skip("one version of the server is enough here")
    return server


def position_of(state: dict[str, object]) -> int:
    text = json.dumps(state)
    return int(text.partition('"position": ')[2].partition(",")[0])


def test_the_file_says_what_the_tap_says(tmp_path: Path) -> None:
    code, said, _ = command(tmp_path, "--about", "--format=json")
    assert code == 0
    about = json.loads(said)
    (tap, *_) = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["extractors"]
    assert set(tap["capabilities"]) == set(about["capabilities"])
    wanted = about["settings"]["properties"]
    assert {one["name"] for one in tap["settings"]} == set(wanted)
    secrets = {name for name, schema in wanted.items() if schema.get("secret")}
    assert {one["name"] for one in tap["settings"] if one.get("sensitive")} == secrets
    assert {"bearer_token", "consumer_secret"} <= secrets


def test_each_scheduled_window_ends_before_the_next_start() -> None:
    """Meltano refuses a start while a run of the same job goes on: a window would be missed."""
    schedules = yaml.safe_load((ROOT / "meltano.yml").read_text())["schedules"]
    between_s = {"@hourly": 3600, "*/5 * * * *": 300}
    for one in schedules:
        (limit,) = [int(v) for name, v in one["env"].items() if name.endswith("MAX_RUN_SECONDS")]
        assert limit <= between_s[one["interval"]] - 30, one["name"]


def test_two_runs_fill_postgres_once_and_the_state_goes_from_one_to_the_next(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer
) -> None:
    """Takes some 20 s: two runs, and two looks at the state."""
    database = newest(postgres).database()
    project = Project(tmp_path, target, place(database))
    sent = []
    positions = []
    for _ in range(2):
        scenario = Scenario(limit_posts=POSTS, rate_per_s="max", record_messages=True)
        with Simulator(scenario) as sim:
            project.env |= settings(sim, MAX_RECORDS=str(POSTS))
            project.said("run", "--no-install", "capture-postgres")
            sent.append(Expected(sim))
        positions.append(position_of(project.state(STATE_ID)))
    check_rows(database, sent)
    assert len(sent[0].texts) == POSTS
    assert positions[0] < positions[1]
    windows = database.rows(
        "SELECT start_position, end_position FROM x.capture_windows ORDER BY started_at"
    )
    assert [end for _, end in windows] == positions
    assert windows[1][0] == positions[0]


@pytest.mark.world
@pytest.mark.parametrize("how", ["ctrl-c", "sigterm", "timeout"])
def test_after_a_cancelled_run_the_next_one_brings_the_rest(
    tmp_path: Path, target: Callable[[str], Path], postgres: PostgresServer, how: str
) -> None:
    """Takes up to 40 s. Meltano drops the STATE of a run it cancels; no row may go with it."""
    database = newest(postgres).database()
    project = Project(tmp_path, target, place(database))
    with Simulator(Scenario(rate_per_s=50, record_messages=True, max_connections=None)) as sim:
        project.env |= settings(sim, STATE_INTERVAL_SECONDS="1")
        limit = ("--timeout", "25") if how == "timeout" else ()
        run = project.start("run", "--no-install", *limit, "capture-postgres")
        try:
            assert wait_until(lambda: sim.oracle.sent_total > 100, PATIENCE_S), project.log()
            members = family(run.pid)
            assert len(members) >= 4, members  # Meltano, tap, receiver, target
            if how == "ctrl-c":
                os.killpg(run.pid, signal.SIGINT)
            elif how == "sigterm":
                run.terminate()
            assert run.wait(PATIENCE_S) != 0, project.log()
            assert wait_until(lambda: not any(is_running(pid) for pid in members)), members
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
        if how == "sigterm":
            assert project.state(STATE_ID) == {}
        sent_total = sim.oracle.sent_total
        received = ids_in(tmp_path / "output/dev/spool-postgres")
        project.env |= settings(sim, MAX_RUN_SECONDS="3")
        project.said("run", "--no-install", "capture-postgres")
        assert sim.oracle.sent_total > sent_total
        rows = database.rows("SELECT id, text FROM x.tweets")
        texts = Expected(sim).texts
    found = {key for key, _ in rows}
    assert len(rows) == len(found)
    assert {key: texts[key] for key in found} == {key: text for key, text in rows}  # noqa: C416
    assert len(received) > 50
    assert received <= found


def documented() -> list[list[str]]:
    """Return the words of each command of the page, an environment's setting first."""
    text = (ROOT / "docs/how-to/meltano.md").read_text()
    lines = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    return [shlex.split(line) for line in lines if " meltano " in f" {line}"]


def run_documented(
    project: Project, wanted: Callable[[list[str]], bool]
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run those commands of the page, in its order; return how each ended."""
    ended = {}
    for line in documented():
        at = line.index("meltano")
        env, words = dict(word.split("=", 1) for word in line[:at]), line[at + 1 :]
        if not wanted(words):
            continue
        if words == ["install"]:  # the loaders are there already
            words += ["extractor", "tap-twitter-stream"]
        elif words[0] == "run":
            words.insert(1, "--no-install")
        done = project.ended(*words, **env)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        ended[" ".join(words)] = done
    return ended


@pytest.mark.world
def test_the_documented_runs(tmp_path: Path, target: Callable[[str], Path]) -> None:
    """Takes some 30 s: eight starts of Meltano."""
    acts = {"install", "run", "state"}
    with Simulator(Scenario(rate_per_s=200, max_connections=None)) as sim:
        project = Project(tmp_path, target, settings(sim, MAX_RUN_SECONDS="2"))
        ended = run_documented(
            project, lambda words: words[0] in acts and words[-1] != "capture-postgres"
        )
    assert len(ended) == 5
    state_id = "dev:tap-twitter-stream-to-duckdb-to-target-duckdb"
    assert position_of(json.loads(ended[f"state get {state_id}"].stdout)) > 0
    assert position_of(project.state(f"{state_id}:1")) > 0
    assert (tmp_path / "output/dev/spool-duckdb-1").is_dir()


@pytest.mark.world
def test_the_documented_looks(tmp_path: Path, target: Callable[[str], Path]) -> None:
    """Takes some 30 s: eight starts of Meltano."""
    with Simulator() as sim:
        project = Project(tmp_path, target, settings(sim))
        looks = {"config", "invoke", "select", "job", "schedule"}
        ended = run_documented(project, lambda words: words[0] in looks)
        prod = project.said("--environment=prod", "config", "list", "tap-twitter-stream")
    assert len(ended) == 7
    catalog = ended["invoke tap-twitter-stream --discover"].stdout
    assert '"tap_stream_id":"capture_windows"' in catalog
    assert "hourly-windows" in ended["schedule list"].stdout
    assert "align_stop_to_seconds" in prod
    assert "3600" in prod
