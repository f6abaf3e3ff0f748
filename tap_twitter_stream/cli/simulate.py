"""``twitter-stream simulate``: serve the simulator until told to stop."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twitter_stream_simulator import Scenario, ScenarioError, Simulator

if TYPE_CHECKING:
    from types import FrameType

DRAW = "drawn"
HINTS = """The simulator listens on {url} (made-up people and posts, this machine only).
  read a sample:  curl -N -H 'Authorization: Bearer {token}' {url}/2/tweets/sample/stream
  what was sent:  curl {url}/simulator/oracle
  stop:           Ctrl-C, or curl -X POST {url}/simulator/stop"""


def _rate(_: click.Context, __: click.Parameter, value: str | None) -> float | str | None:
    """Read ``--rate``: posts per second, or ``max``."""
    if value is None or value == "max":
        return value
    try:
        return float(value)
    except ValueError as error:
        message = "use a number of posts per second, or max"
        raise click.BadParameter(message) from error


def _seed(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Read ``--random-faults``: a whole number, or nothing for one that is drawn."""
    if value is None:
        return None
    if value == DRAW:
        return secrets.randbelow(2**31)
    if not (value.isascii() and value.isdecimal()):
        message = f"the seed must be a whole number, not {value}"
        raise click.BadParameter(message)
    return int(value)


def _scenario(
    path: Path | None, rules: tuple[str, ...], faults_seed: int | None, given: dict[str, Any]
) -> Scenario:
    """Join the scenario file and the options; an option that was given wins."""
    values: dict[str, Any] = {}
    if path:
        values = json.loads(path.read_text(encoding="utf-8"))
        Scenario.from_json(values)
    values.update({name: value for name, value in given.items() if value is not None})
    if faults_seed is not None:
        values["random_faults"] = {**(values.get("random_faults") or {}), "seed": faults_seed}
    if rules:
        values["rules"] = [*values.get("rules", ()), *(_rule(rule) for rule in rules)]
    return Scenario.from_json(values)


def _rule(text: str) -> dict[str, str]:
    """Read ``value|tag``; the tag may be left out."""
    value, bar, tag = text.partition("|")
    return {"value": value, "tag": tag} if bar else {"value": value}


def _stop_on_signals(simulator: Simulator) -> None:
    """Let SIGINT and SIGTERM end the simulator."""

    def stop(_: int, __: FrameType | None) -> None:
        simulator.stop_requested.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _announce(simulator: Simulator) -> None:
    """Tell scripts on stdout, in one JSON line, and people on stderr."""
    facts: dict[str, Any] = {
        "url": simulator.url,
        "bearer_token": simulator.bearer_token,
        "consumer_key": simulator.consumer_key,
        "consumer_secret": simulator.consumer_secret,
        "access_token": simulator.access_token,
        "access_token_secret": simulator.access_token_secret,
    }
    faults = simulator.scenario.random_faults
    if faults:
        facts["random_faults_seed"] = faults["seed"]
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    click.echo(HINTS.format(url=simulator.url, token=simulator.bearer_token), err=True)
    if faults:
        again = f"--random-faults {faults['seed']}"
        click.echo(f"  the same faults again:  twitter-stream simulate {again}", err=True)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", default=0, show_default=True, help="0 takes any free port.")
@click.option("--rate", callback=_rate, help="Posts per second on a stream, or max.  [default: 50]")
@click.option("--seed", type=click.IntRange(min=0), help="Decides people and texts.  [default: 1]")
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file with settings and the script of each connection.",
)
@click.option(
    "--oracle",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write what was requested and sent to this file, as JSON lines.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop by itself after that long.",
)
@click.option(
    "--random-faults",
    callback=_seed,
    is_flag=False,
    flag_value=DRAW,
    metavar="[SEED]",
    help="Connections fail by chance; without SEED one is drawn. It is printed.",
)
@click.option("--rule", multiple=True, metavar="'VALUE|TAG'", help="A first rule; repeatable.")
def simulate(  # noqa: PLR0913 - one argument to an option
    *,
    host: str,
    port: int,
    rate: float | str | None,
    seed: int | None,
    scenario: Path | None,
    oracle: Path | None,
    max_seconds: float | None,
    random_faults: int | None,
    rule: tuple[str, ...],
) -> None:
    """Serve made-up posts the way X's streaming endpoints do, on this machine only."""
    try:
        given = {"rate_per_s": rate, "seed": seed}
        script = _scenario(scenario, rule, random_faults, given)
        simulator = Simulator(script, host=host, port=port, oracle_path=oracle)
    except json.JSONDecodeError as error:
        message = f"The scenario file {scenario} is not JSON: {error}."
        raise click.ClickException(message) from error
    except (ScenarioError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        message = f"The simulator cannot start: {error}."
        raise click.ClickException(message) from error
    with simulator:
        _stop_on_signals(simulator)
        _announce(simulator)
        simulator.stop_requested.wait(max_seconds)
