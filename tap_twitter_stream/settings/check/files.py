"""Check the settings of Parquet files: where they go, and that they can be written."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.table import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOUNDS = ("parquet_seal_seconds", "parquet_file_bytes", "parquet_buffer_bytes")


def files_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with where the files go, and what is not installed."""
    config = values["batch_config"]
    if config is None:
        return
    root = config["storage"]["root"]
    if not root.strip():
        yield "`batch_config.storage.root` is empty: name a folder, or an address like s3://bucket."
    prefix = config["storage"].get("prefix") or ""
    if prefix.startswith("/") or ".." in prefix.split("/"):
        yield "`batch_config.storage.prefix` leads out of the root: give no / in front and no `..`."
    if find_spec("pyarrow") is None:
        yield (
            "`batch_config` needs pyarrow: install the tap with its extra `parquet`"
            " (pip install 'tap-twitter-stream[parquet]')."
        )
    elif root.startswith(("s3://", "s3a://")) and find_spec("s3fs") is None:
        yield (
            "`batch_config.storage.root` needs s3fs: install the tap with its extra `s3`"
            " (pip install 'tap-twitter-stream[s3]')."
        )


def files_warnings(values: dict[str, Any]) -> Iterator[str]:
    """Yield settings without effect."""
    files = values["batch_config"] is not None
    given = [name for name in _BOUNDS if values[name] != default_of(name)]
    if given and not files:
        yield f"{', '.join(f'`{name}`' for name in given)} has no effect without `batch_config`."
    if files and values["state_interval_seconds"] != default_of("state_interval_seconds"):
        yield (
            "`state_interval_seconds` has no effect with `batch_config`: a STATE follows each seal"
            " (`parquet_seal_seconds`)."
        )
