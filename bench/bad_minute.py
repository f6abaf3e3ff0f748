"""A bad minute, the same for every client: how many of the posts each ends up with in its file.

``python -m bench.bad_minute`` lets the simulator fail by a seed, kills each client once (-9),
starts it again whenever it has ended, and writes docs/evidence/bad-minute.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.experiments import _versions
from bench.measure import ROOT
from tap_twitter_stream.wire.snowflake import created_ms
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = ROOT / "docs/evidence/bad-minute.md"
SEED = 20261126
RATE_PER_S = 50
WATCH_S = 45.0
KILL_AT_S = 20.0
AWAY_S = 3.0  # between an end and the next start, as a supervisor does it
SETTLE_S = 45.0  # recent search begins half a minute after a gap
KINDS = ["close", "cut", "cut_line", "rst", "disconnect", "bad_line", "http_5xx", "duplicate"]


@dataclass(frozen=True)
class Client:
    """One client as it is run. ``config`` is what the tap gets beside its credentials."""

    name: str
    key: str
    config: dict[str, Any] | None = None
    access: str = "enterprise"


CLIENTS = (
    Client("tweepy, on_tweet to a file", "tweepy"),
    Client("twarc2, stream() to a file", "twarc2"),
    Client("this tap", "tap", {}),
    Client(
        "this tap, `gap_fill: [search]`",
        "tap",
        {"gap_fill": ["search"], "gap_fill_max_cost_usd": 100},
        "self_serve",
    ),
    Client(
        "this tap, `gap_fill: [backfill, recovery]`", "tap", {"gap_fill": ["backfill", "recovery"]}
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What one client's file holds at the end."""

    happened: int
    stored: int
    repeated: int
    starts: int
    connects: int
    reported_s: float | None


def play(client: Client) -> Outcome:
    """Let one client live through the minute."""
    scenario = Scenario(
        seed=SEED,
        rate_per_s=RATE_PER_S,
        access=client.access,
        connect_limit=None,
        max_connections=None,
        rules=[{"value": "cat", "tag": "cats"}],
        random_faults={"seed": SEED, "every_s": 8, "kinds": KINDS},
    )
    with Simulator(scenario) as sim, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts, lines = _supervise(client, sim, folder)
        sim.catch_up()
        oracle = sim.oracle
        # What comes later only gives recent search the time that it needs.
        until_ms = (oracle.connections[0].opened_s + WATCH_S) * 1000
        known = {*oracle.sent_ids(), *oracle.missed_ids()}
        happened = {one for one in known if (created_ms(one) or 0) < until_ms}
        ids = [one for one in _ids(client, lines) if one in happened]
        return Outcome(
            happened=len(happened),
            stored=len(set(ids)),
            repeated=len(ids) - len(set(ids)),
            starts=starts,
            connects=len(oracle.connections),
            reported_s=_reported_s(lines) if client.key == "tap" else None,
        )


def _supervise(client: Client, sim: Simulator, folder: Path) -> tuple[int, list[str]]:
    """Start, kill once, start again what has ended, stop; return starts and what was written."""
    starts, killed = 0, False
    began_s = time.monotonic()
    watch_s = WATCH_S + (SETTLE_S if "gap_fill" in (client.config or {}) else 0.0)
    out, process = folder / "out", None
    while (left_s := watch_s - (time.monotonic() - began_s)) > 0:
        with out.open("ab") as file, (folder / "err").open("ab") as err:
            process = subprocess.Popen(
                _command(client, sim, folder, out), cwd=ROOT, stdout=file, stderr=err
            )
        starts += 1
        kill_s = KILL_AT_S - (time.monotonic() - began_s)
        try:
            process.wait(left_s if killed or kill_s <= 0 else kill_s)
        except subprocess.TimeoutExpired:
            if killed:
                break
            killed = True
            process.kill()
            process.wait()
        time.sleep(min(AWAY_S, max(0.0, watch_s - (time.monotonic() - began_s))))
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
    # Not splitlines(): it also cuts at U+2028, U+2029 and U+0085, which posts contain.
    return starts, out.read_text(errors="replace").split("\n")


def _command(client: Client, sim: Simulator, folder: Path, out: Path) -> Sequence[str | Path]:
    if client.key != "tap":
        script = [sys.executable, "-m", "bench.experiment_clients"]
        return [*script, client.key, sim.url, sim.bearer_token, "0"]
    config = {
        "api_url": sim.url,
        "bearer_token": sim.bearer_token,
        "rules_policy": "ignore",
        "spool_dir": str(folder / "spool"),
        "state_interval_seconds": 1,
        **(client.config or {}),
    }
    (folder / "config.json").write_text(json.dumps(config))
    tap = [sys.executable, "-m", "tap_twitter_stream", "--config", str(folder / "config.json")]
    states = [line for line in out.read_text().split("\n") if line.startswith('{"type":"STATE"')]
    if not states:
        return tap
    (folder / "state.json").write_text(json.dumps(json.loads(states[-1])["value"]))
    return [*tap, "--state", str(folder / "state.json")]


def _messages(lines: list[str]) -> list[dict[str, Any]]:
    """Return what can be read: a kill may have torn one line."""
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def _ids(client: Client, lines: list[str]) -> list[str]:
    if client.key != "tap":
        return [line.strip() for line in lines]
    return [
        one["record"]["id"]
        for one in _messages(lines)
        if one.get("stream") == "tweets" and "record" in one
    ]


def _reported_s(lines: list[str]) -> float:
    """Return for how long the tap says that posts were missed and not brought back."""
    gaps = {
        one["record"]["gap_id"]: one["record"]
        for one in _messages(lines)
        if one.get("stream") == "capture_gaps" and "record" in one
    }
    missed = [row for row in gaps.values() if row["kind"] in {"lost", "unknown"}]
    return sum(float(row["duration_seconds"]) for row in missed)


def page(found: list[tuple[Client, Outcome]]) -> str:
    """Return the page: one row a client."""
    rows = [
        "| Client | posts of that time | in its file | missing | twice | starts | says it missed |",
        "|---" * 7 + "|",
    ]
    for client, one in found:
        says = "nothing" if one.reported_s is None else f"{one.reported_s:.1f} s"
        missing = one.happened - one.stored
        share = f"{missing} ({missing / one.happened:.1%})"
        rows.append(
            f"| {client.name} | {one.happened} | {one.stored} | {share} | {one.repeated} "
            f"| {one.starts} | {says} |"
        )
    return f"""\
# A bad minute

`python -m bench.bad_minute` ({date.today().isoformat()}; {", ".join(_versions()[:2])}):
{RATE_PER_S} posts a second for {WATCH_S:.0f} s, a fault every 8 s on average (seed {SEED}:
{", ".join(KINDS)}), one `kill -9`, and a supervisor that starts a
client {AWAY_S:.0f} s after it has ended. Each client connects when it wants to,
so the faults fall on moments of its own. Posts of that time are those that X has sent to it,
or would have had it been there. Where gaps are filled, {SETTLE_S:.0f} s more are given for that,
with the same faults going on. On a machine of two cores a start of the tap takes two seconds.

{chr(10).join(rows)}
"""  # noqa: DTZ011 - the day where it was run


def main() -> None:
    """Play the minute for each client and write the page."""
    found = []
    for client in CLIENTS:
        outcome = play(client)
        print(client.name, outcome, flush=True)
        found.append((client, outcome))
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
