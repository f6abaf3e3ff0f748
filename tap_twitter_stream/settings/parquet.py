"""Settings of Parquet files, frozen: checked values go in."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the receiver decodes its order by this
from dataclasses import dataclass, field
from typing import Any

_FILE_ROWS = 1_000_000
_SECRET_WORDS = ("secret", "token", "password", "key")


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """Where files go, and the bounds of each and of the memory before them."""

    root: str
    prefix: str
    params: Mapping[str, Any] = field(repr=False)
    compression: str
    seal_s: float
    most_rows: int
    most_bytes: int
    most_log_bytes: int  # of the log behind a seal: it is what a crash makes the next run do again
    buffer_bytes: int


def files_settings(values: dict[str, Any]) -> ParquetFiles | None:
    """Return where and how files are written; None when records go to stdout."""
    config = values["batch_config"]
    if config is None:
        return None
    storage = config["storage"]
    return ParquetFiles(
        root=storage["root"],
        prefix=storage.get("prefix") or "",
        params=storage.get("params") or {},
        compression=config["encoding"].get("compression") or "zstd",
        seal_s=float(values["parquet_seal_seconds"]),
        most_rows=config.get("batch_size") or _FILE_ROWS,
        most_bytes=values["parquet_file_bytes"],
        # The log must not fill up while it waits for a seal.
        most_log_bytes=values["spool_max_bytes"] // 4,
        buffer_bytes=values["parquet_buffer_bytes"],
    )


def storage_secrets(files: ParquetFiles | None) -> tuple[str, ...]:
    """Return the texts among the options of the file system that must never be shown."""
    params = files.params if files else {}
    return tuple(
        value
        for name, value in params.items()
        if isinstance(value, str) and any(word in name.lower() for word in _SECRET_WORDS)
    )
