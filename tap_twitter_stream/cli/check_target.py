"""``twitter-stream check-target``: find out whether a target's STATE can be relied on."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

import click

from tap_twitter_stream.clock import Clock
from tap_twitter_stream.errors import TargetCheckError
from tap_twitter_stream.tools.target_check.check import Check, Course
from tap_twitter_stream.tools.target_check.messages import Messages
from tap_twitter_stream.tools.target_check.stored import DuckDb, Files, Query, Stored
from tap_twitter_stream.tools.target_check.verdict import judge

# Ids of tweets grow with time; a microsecond's worth of them keeps two checks apart.
_IDS_PER_US = 1_000


def _stored(
    command: tuple[str, ...], query: str | None, files: str | None, duckdb: Path | None, schema: str
) -> Stored | None:
    """Return the one way to read what is stored, None when none was given."""
    if sum(way is not None for way in (query, files, duckdb)) > 1:
        message = "give one of --query, --files and --duckdb, not several"
        raise click.UsageError(message)
    if query is not None:
        return Query(query)
    if files is not None:
        return Files(files)
    return DuckDb(duckdb, command, schema) if duckdb else None


@click.command(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "allow_interspersed_args": False,  # what follows the target's name is the target's
    },
    options_metavar="[OPTIONS] --",
)
@click.argument("command", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--query",
    metavar="COMMAND",
    help="Prints the stored ids, one a line; {stream} and {key} become table and column.",
)
@click.option("--files", metavar="GLOB", help="JSONL or CSV files that the target writes.")
@click.option(
    "--duckdb",
    type=click.Path(dir_okay=False, path_type=Path),
    help="DuckDB file that the target writes.",
)
@click.option("--duckdb-schema", default="main", help="Schema of the tables in that file.")
@click.option("--kills", type=click.IntRange(0), default=20, help="How often to kill it.")
@click.option("--terms", type=click.IntRange(0), default=4, help="How often to send it SIGTERM.")
@click.option("--records", type=click.IntRange(20), default=3000, help="Tweets to each start.")
@click.option(
    "--trickle-seconds",
    type=click.IntRange(0),
    default=0,
    help="Also send one row a second for so long: when does a quiet stream get its STATE?",
)
@click.option("--seed", type=click.IntRange(min=0), help="Repeats the moments of an earlier check.")
@click.option("--stream-prefix", default="check_", help="Before the names of the made-up streams.")
@click.option(
    "--timeout-seconds",
    type=click.FloatRange(min=1),
    default=300.0,
    help="Longest time for one start of the target.",
)
@click.pass_context
def check_target(  # noqa: PLR0913 - one argument to an option
    context: click.Context,
    *,
    command: tuple[str, ...],
    query: str | None,
    files: str | None,
    duckdb: Path | None,
    duckdb_schema: str,
    kills: int,
    terms: int,
    records: int,
    trickle_seconds: int,
    seed: int | None,
    stream_prefix: str,
    timeout_seconds: float,
) -> None:
    """Prove whether a target's STATE is an acknowledgement.

    Starts the TARGET again and again with made-up rows, kills it at random moments, goes on from
    the STATE it printed last, and looks whether every row that a STATE covers is stored. It makes
    tables of its own (check_tweets and so on) where the target's configuration says; drop them
    afterwards. Exits 0 when STATE can be trusted, else 1.
    """
    seed = secrets.randbelow(10**6) if seed is None else seed
    course = Course(records, kills, terms, trickle_seconds, timeout_seconds)
    clock = Clock()
    messages = Messages(clock.now_us() * _IDS_PER_US, stream_prefix)
    click.echo(f"Checking {' '.join(command)} (the same moments again: --seed {seed})", err=True)
    try:
        stored = _stored(command, query, files, duckdb, duckdb_schema)
        check = Check(command, messages, stored, clock, lambda line: click.echo(line, err=True))
        verdict = judge(check.run(course, random.Random(seed).random))  # noqa: S311 - no secret
    except TargetCheckError as error:
        raise click.ClickException(str(error)) from error
    click.echo(verdict.sentence)
    for remark in verdict.remarks:
        click.echo(f"- {remark}")
    context.exit(0 if verdict.trusted else 1)
