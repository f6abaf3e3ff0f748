"""``twitter-stream state FOLDER``: the STATE that the last seal of a dataset wrote down."""

from __future__ import annotations

import json
import sys

import click

from tap_twitter_stream.emit.parquet.manifest import Manifest, manifests
from tap_twitter_stream.emit.parquet.store import open_store
from tap_twitter_stream.errors import FilesError


@click.command()
@click.argument("folder")
@click.option("--spool-id", default="", help="Of the capture, where several write into the folder.")
def state(folder: str, spool_id: str) -> None:
    """Print the STATE that covers the Parquet files in FOLDER, for the next run's --state.

    FOLDER is `batch_config.storage.root`: a path, or an address that fsspec knows.
    """
    try:
        found = _newest(folder, spool_id)
    except FilesError as error:
        raise click.ClickException(str(error)) from error
    if len(found) > 1:
        listed = "\n".join(f"  --spool-id {one.spool_id}  sealed {one.sealed_at}" for one in found)
        message = f"Several captures write into {folder}. Choose one:\n{listed}"
        raise click.ClickException(message)
    if not found:
        message = f"No seal has been written in {folder}: start without --state."
        raise click.ClickException(message)
    sys.stdout.write(json.dumps(found[0].state) + "\n")


def _newest(folder: str, spool_id: str) -> list[Manifest]:
    """Return the last sealed manifest of each spool."""
    newest: dict[str, Manifest] = {}
    for manifest in manifests(open_store(folder, {}), spool_id):
        if manifest.state is not None:
            newest.setdefault(manifest.spool_id, manifest)
    kept = [one for one in newest.values() if one.durable]
    # Each run without a spool_dir has a log of its own, whose STATE at least tells of its end.
    return kept or sorted(newest.values(), key=lambda one: one.sealed_at or "")[-1:]
