"""Small accidents that X serves now and then, and what each client makes of them.

``python -m bench.experiments`` tries this tap, tweepy, twarc2 and X's own xdk, each as a process
of its own with its defaults, and writes docs/evidence/experiments.md.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import ROOT
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLIENTS = ("tap", "tweepy", "twarc2", "xdk")
PAGE = ROOT / "docs/evidence/experiments.md"
SEND: dict[str, Any] = {"do": "send", "posts": 3, "rate_per_s": "max"}
IDLE: dict[str, Any] = {"do": "idle"}
TAGLESS = '{"data":{"id":"77","text":"made up"},"matching_rules":[{"id":"1"}]}'


@dataclass(slots=True)
class Seen:
    """What was seen of one client in one experiment."""

    ids: list[str]
    sent: list[str]
    connects_s: list[float]
    alive: bool
    stop_s: float | None
    """From the client's own stop to its end."""
    said: str

    @property
    def missing(self) -> int:
        """Posts that were sent and that the client's user did not get."""
        return len(set(self.sent) - set(self.ids))


@dataclass(frozen=True)
class Experiment:
    """One accident, how long it is watched, and what passes."""

    name: str
    connections: list[list[dict[str, Any]]]
    watch_s: float
    tell: Callable[[Seen], str]
    passes: Callable[[Seen], bool]
    stop_after_s: float = 0.0
    extra_ids: list[str] = field(default_factory=list)


def _life(seen: Seen) -> str:
    return "goes on" if seen.alive else f"dies ({seen.said})"


EXPERIMENTS = (
    Experiment(
        "200, one post, a clean end, again and again",
        [[{**SEND, "posts": 1}, {"do": "close"}]] * 20_000,
        5.0,
        lambda seen: f"{len(seen.connects_s)} connects in 5 s",
        lambda seen: len(seen.connects_s) <= 50,  # noqa: PLR2004 - what X allows in 15 minutes
    ),
    Experiment(
        "a line that is not JSON between two good ones",
        [[SEND, {"do": "bad_line"}, SEND, IDLE]],
        5.0,
        lambda seen: f"{_life(seen)}, {seen.missing} of {len(seen.sent)} posts missing",
        lambda seen: seen.alive and not seen.missing,
    ),
    Experiment(
        "a matching rule without a tag",
        [[SEND, {"do": "bad_line", "text": TAGLESS}, SEND, IDLE]],
        5.0,
        lambda seen: f"{_life(seen)}, {seen.missing} of {len(seen.sent)} posts missing",
        lambda seen: seen.alive and not seen.missing,
        extra_ids=["77"],
    ),
    Experiment(
        "429 without rate-limit headers",
        [
            [
                {
                    "do": "http",
                    "status": 429,
                    "headers": {
                        "x-rate-limit-reset": None,
                        "x-rate-limit-limit": None,
                        "x-rate-limit-remaining": None,
                    },
                }
            ],
            [SEND, IDLE],
        ],
        5.0,
        lambda seen: f"{_life(seen)}, {len(seen.connects_s)} connects in 5 s",
        lambda seen: seen.alive and len(seen.connects_s) == 1,
    ),
    Experiment(
        "200, one post, then silence",
        [[{**SEND, "posts": 1}, {"do": "silence"}], [SEND, IDLE]],
        60.0,
        lambda seen: f"connects again after {_second(seen)}",
        lambda seen: len(seen.connects_s) > 1,
    ),
    Experiment(
        "a stop is asked for during that silence",
        [[{**SEND, "posts": 1}, {"do": "silence"}], [SEND, IDLE]],
        60.0,
        lambda seen: (
            "cannot be stopped"
            if seen.stop_s is None
            else f"{seen.stop_s:.1f} s, {len(seen.connects_s) - 1} more connects"
        ),
        lambda seen: seen.stop_s is not None and seen.stop_s < 2 and len(seen.connects_s) == 1,  # noqa: PLR2004 - what a person waits for
        stop_after_s=4.0,
    ),
)


def _second(seen: Seen) -> str:
    if len(seen.connects_s) < 2:  # noqa: PLR2004 - there was no second one
        return f"more than {EXPERIMENTS[4].watch_s:.0f} s"
    return f"{seen.connects_s[1] - seen.connects_s[0]:.1f} s"


def watch(experiment: Experiment, client: str) -> Seen:
    """Let one client run through one accident."""
    scenario = {
        "connections": [{"steps": steps} for steps in experiment.connections],
        "rules": [{"value": "cat", "tag": "cats"}],
        "connect_limit": None,
        "max_connections": None,
    }
    with Simulator(Scenario.from_json(scenario)) as sim, tempfile.TemporaryDirectory() as folder:
        command = _command(client, sim, Path(folder), experiment)
        with (
            Path(folder, "out").open("wb") as out,
            Path(folder, "err").open("wb") as err,
            subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err) as process,
        ):
            stop_s = _let_run(process, sim, experiment, client)
            alive = process.poll() is None
            process.kill()
        connects_s = [r["t"] for r in sim.oracle.requests if r["path"].endswith("/search/stream")]
        if not experiment.stop_after_s:
            first_s = connects_s[0] if connects_s else 0.0
            connects_s = [at_s for at_s in connects_s if at_s - first_s <= experiment.watch_s]
        errors = Path(folder, "err").read_text(errors="replace").strip().splitlines()
        return Seen(
            ids=_ids(client, Path(folder, "out").read_text().split("\n")),
            sent=[*sim.oracle.sent_ids(), *experiment.extra_ids],
            connects_s=connects_s,
            alive=alive,
            stop_s=stop_s,
            said=errors[-1].partition(":")[0][-40:] if errors else "without a word",
        )


def _let_run(
    process: subprocess.Popen[bytes], sim: Simulator, experiment: Experiment, client: str
) -> float | None:
    """Watch for the experiment's time, or until the stop it asks for has ended the client."""
    assert sim.wait_for(lambda: bool(_streams(sim)) or process.poll() is not None, 30)  # noqa: S101
    deadline_s = time.monotonic() + experiment.watch_s
    if not experiment.stop_after_s:
        _wait(process, deadline_s)
        return None
    if client == "xdk":  # it has no stop of its own; ending the process says nothing about it
        return None
    if client == "tap":
        _wait(process, time.monotonic() + experiment.stop_after_s)
        asked_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
    else:
        asked_s = time.monotonic() + experiment.stop_after_s - _since(sim)
    _wait(process, deadline_s)
    return time.monotonic() - asked_s if process.poll() is not None else None


def _since(sim: Simulator) -> float:
    return time.time() - float(_streams(sim)[0]["t"])


def _streams(sim: Simulator) -> list[dict[str, Any]]:
    return [one for one in sim.oracle.requests if one["path"].endswith("/search/stream")]


def _wait(process: subprocess.Popen[bytes], deadline_s: float) -> None:
    try:
        process.wait(max(0.0, deadline_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        return


def _command(
    client: str, sim: Simulator, folder: Path, experiment: Experiment
) -> Sequence[str | Path]:
    if client == "tap":
        config = {
            "api_url": sim.url,
            "bearer_token": sim.bearer_token,
            "rules_policy": "ignore",
            "spool_dir": str(folder / "spool"),
        }
        (folder / "config.json").write_text(json.dumps(config))
        return [sys.executable, "-m", "tap_twitter_stream", "--config", folder / "config.json"]
    own = ROOT / ".tools/xdk/bin/python"
    python = str(own) if client == "xdk" else sys.executable
    script = [python, "-m", "bench.experiment_clients"]
    return [*script, client, sim.url, sim.bearer_token, str(experiment.stop_after_s)]


def _ids(client: str, lines: list[str]) -> list[str]:
    if client != "tap":
        return [line.strip() for line in lines]
    messages = [json.loads(line) for line in lines]
    return [m["record"]["id"] for m in messages if m.get("stream") == "tweets" and "record" in m]


def page(found: dict[tuple[str, str], Seen]) -> str:
    """Return the page: one row an experiment, one column a client."""
    head = f"""\
# Small accidents, four clients

`python -m bench.experiments` ({date.today().isoformat()}; {", ".join(_versions())}): each client
runs the loop it ships, with its defaults, as a process of its own against the simulator.
A tick says that it neither stops working, nor loses a post that was sent, nor connects more often
than X allows, nor keeps whoever asks for a stop waiting.

"""  # noqa: DTZ011 - the day where it was run
    rows = ["| Accident | " + " | ".join(CLIENTS) + " |", "|---" * (len(CLIENTS) + 1) + "|"]
    for one in EXPERIMENTS:
        cells = []
        for client in CLIENTS:
            seen = found[one.name, client]
            cells.append(f"{'✓' if one.passes(seen) else '✗'} {one.tell(seen)}")
        rows.append(f"| {one.name} | " + " | ".join(cells) + " |")
    return head + "\n".join(rows) + "\n"


def _versions() -> list[str]:
    from importlib.metadata import version  # noqa: PLC0415 - of what is installed here

    pinned = (ROOT / "constraints/xdk.in").read_text().strip().replace("==", " ")
    return [f"tweepy {version('tweepy')}", f"twarc2 {version('twarc')}", pinned]


def main() -> int:
    """Try everything and write the page; return 1 when this tap fails one."""
    found = {}
    for experiment in EXPERIMENTS:
        for client in CLIENTS:
            seen = found[experiment.name, client] = watch(experiment, client)
            print(f"{experiment.name}: {client}: {experiment.tell(seen)}", flush=True)
    PAGE.write_text(page(found), encoding="utf-8")
    return int(not all(one.passes(found[one.name, "tap"]) for one in EXPERIMENTS))


if __name__ == "__main__":
    sys.exit(main())
