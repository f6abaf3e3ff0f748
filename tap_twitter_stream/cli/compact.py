"""``twitter-stream compact FOLDER``: few large Parquet files of many small ones."""

from __future__ import annotations

from importlib.util import find_spec

import click

from tap_twitter_stream.emit.parquet.store import local_path
from tap_twitter_stream.errors import FilesError


@click.command()
@click.argument("folder")
@click.option(
    "--last-run",
    is_flag=True,
    help="Also files whose STATE no later run has begun from yet: your runner must have stored it.",
)
def compact(folder: str, *, last_run: bool) -> None:
    """Make one file of the small ones of each hour in FOLDER, a local `batch_config.storage.root`.

    Readers and a running tap may go on. A query that has just listed the files may fail once and
    then be asked again; it never sees a row twice, or not at all.
    """
    root = local_path(folder)
    if root is None or not root.is_dir():
        message = f"{folder} is no local folder: compact needs one that it can rename files in."
        raise click.ClickException(message)
    if find_spec("pyarrow") is None:
        message = "pyarrow is missing: pip install 'tap-twitter-stream[parquet]'."
        raise click.ClickException(message)
    from tap_twitter_stream.emit.parquet import compact as work  # noqa: PLC0415 - takes pyarrow

    files = hours = 0
    try:
        for done in work.compact(root, last_run=last_run):
            files, hours = files + done.files, hours + 1
            click.echo(
                f"{done.folder}: {done.files} files, {done.rows:,} rows,"
                f" {done.bytes_before:,} -> {done.bytes_after:,} bytes"
            )
    except FilesError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{files} files became {hours}.")
