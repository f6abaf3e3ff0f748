"""Stream into a DuckDB file for some seconds, then show what landed. ``make demo`` runs this.

Without LIVE the posts are made up by ``twitter-stream simulate`` on loopback. LIVE=1 with a
BEARER_TOKEN takes real ones from X, RULE='...' says which. A second run continues the first.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import demo_report as report
from scripts.demo_report import ROOT, TARGET_BIN, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BIN = ROOT / ".venv/bin"
TOKEN_VARIABLE = "TAP_TWITTER_STREAM_BEARER_TOKEN"  # noqa: S105  # its name, not its value
TAG_PREFIX = "tap-demo:"
MADE_UP_RULES = {"cats": "cat has:images", "weather": "(rain OR snow OR fog) lang:en"}
LIVE_MAX_RECORDS = 100
# What X asks for a post that a stream delivers: https://docs.x.com/x-api/getting-started/pricing
PRICE_PER_POST_USD = 0.005


@dataclass(frozen=True)
class Source:
    """What to capture: settings for the tap beside where it keeps things, and a credential."""

    settings: dict[str, Any]
    bearer_token: str


def rule_settings(rules: dict[str, str]) -> dict[str, Any]:
    """Return the settings that make the tap own and keep these rules, by tag, and no others."""
    return {
        "endpoints": ["filtered"],
        "rules": [{"value": value, "tag": tag} for tag, value in rules.items()],
        "rules_policy": "sync",
        "rules_tag_prefix": TAG_PREFIX,
    }


@contextmanager
def simulated(rate_per_s: int) -> Iterator[Source]:
    """Run the simulator as a process of its own for as long as the block lasts."""
    command = [str(BIN / "twitter-stream"), "simulate", "--rate", str(rate_per_s)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # asked for above
            hello = json.loads(process.stdout.readline() or b"{}")
            if "url" not in hello:
                sys.exit("demo: the simulator did not start; `twitter-stream simulate` says why.")
            print(f"simulator: {rate_per_s} made-up posts a second at {hello['url']}")
            settings = rule_settings(MADE_UP_RULES) | {"api_url": hello["url"]}
            yield Source(settings, hello["bearer_token"])
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def live() -> Iterator[Source]:
    """Take posts from X itself: say first what that may cost."""
    token = os.environ.get("BEARER_TOKEN", "")
    if not token:
        sys.exit("demo: LIVE=1 needs an app's token: BEARER_TOKEN=... make demo LIVE=1")
    rule = os.environ.get("RULE") or "cat has:images"
    cost_usd = LIVE_MAX_RECORDS * PRICE_PER_POST_USD
    print(
        f"live: posts that match {rule!r}, at most {LIVE_MAX_RECORDS} of them:"
        f" {cost_usd:.2f} USD at the most at {PRICE_PER_POST_USD} USD a post, plus the few that are"
        " on their way when it stops.\n"
        f"live: adds that rule to the app under a tag {TAG_PREFIX!r}; leaves all other rules alone."
    )
    yield Source(rule_settings({"live": rule}) | {"max_records": LIVE_MAX_RECORDS}, token)


def environment(bearer_token: str) -> dict[str, str]:
    """Return the tap's environment: the token goes there, so that no file holds it."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("TAP_TWITTER_STREAM_")}
    quiet = {"TAP_TWITTER_STREAM_LOGLEVEL": "WARNING"}  # the progress line says the rest
    return own | quiet | {TOKEN_VARIABLE: bearer_token, "PYTHONUTF8": "1"}


def commands(place: Place, source: Source, seconds: int) -> tuple[list[str], list[str]]:
    """Write both config files; return the command of the tap and that of the target."""
    tap_config = source.settings | {
        "max_run_seconds": seconds,
        "spool_dir": str(place.folder / ("spool" if place.name == "demo" else "live-spool")),
        "progress": "auto",
    }
    target_config = {
        "path": str(place.database),
        "default_target_schema": "main",
        "batch_size_rows": 5000,
        # Without it the target hands back a STATE that covers rows it still holds in memory.
        "flush_all_streams": True,
    }
    place.file("tap.json").write_text(json.dumps(tap_config, indent=2))
    place.file("target.json").write_text(json.dumps(target_config, indent=2))
    tap = [str(BIN / "tap-twitter-stream"), "--config", str(place.file("tap.json"))]
    tap += ["--config", "ENV"]
    if place.state.exists():
        tap += ["--state", str(place.state)]
    return tap, [str(TARGET_BIN / "target-duckdb"), "--config", str(place.file("target.json"))]


@contextmanager
def ctrl_c_stops(tap: subprocess.Popen[bytes]) -> Iterator[None]:
    """Make Ctrl-C ask the tap to stop, so that what it has still reaches the tables."""
    usual = signal.signal(signal.SIGINT, lambda *_: tap.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def pipe(place: Place, source: Source, seconds: int) -> None:
    """Run ``tap | target``, keep the last STATE the target printed, stop at a failure."""
    tap_command, target_command = commands(place, source, seconds)
    env = environment(source.bearer_token)
    acknowledged, target_log = place.file("acknowledged.jsonl"), place.file("target.log")
    # Sessions of their own: Ctrl-C must reach neither, or the target would drop what it holds.
    with (
        acknowledged.open("wb") as states,
        target_log.open("wb") as log,
        subprocess.Popen(
            tap_command, stdout=subprocess.PIPE, env=env, start_new_session=True
        ) as tap,
        subprocess.Popen(
            target_command, stdin=tap.stdout, stdout=states, stderr=log, start_new_session=True,
            env=os.environ | {"PYTHONUTF8": "1"},
        ) as target,
    ):  # fmt: skip
        assert tap.stdout is not None  # noqa: S101  # asked for above
        tap.stdout.close()  # the target's end is the only one left
        with ctrl_c_stops(tap):
            codes = tap.wait(), target.wait()
    if lines := acknowledged.read_text().split("\n")[:-1]:
        place.state.write_text(lines[-1])
    if codes != (0, 0):
        sys.exit(f"demo: tap and target ended with {codes}; the target's log: {target_log}")


def main(arguments: Sequence[str]) -> None:
    """Capture, count, show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, help="how long to listen (15, live 60)")
    parser.add_argument("--rate", type=int, default=200, help="made-up posts a second")
    parser.add_argument("--output", type=Path, default=ROOT / "demo-output")
    options = parser.parse_args(arguments)
    is_live = os.environ.get("LIVE", "") not in {"", "0"}
    place = Place(options.output.resolve(), "live" if is_live else "demo")
    place.folder.mkdir(parents=True, exist_ok=True)
    seconds = options.seconds or (60 if is_live else 15)

    before = report.row_counts(place)
    if place.state.exists():
        print(f"continuing from {os.path.relpath(place.state)}")
    was_cut_off = place.running.exists()
    with live() if is_live else simulated(options.rate) as source:
        print(f"capturing for {seconds} s (Ctrl-C ends it early) ...", flush=True)
        place.running.touch()
        pipe(place, source, seconds)
    place.running.unlink()
    report.show(place, before, repeats=was_cut_off)


if __name__ == "__main__":
    main(sys.argv[1:])
