"""Check the settings of an archive: it is read alone, and has to be told what to read."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.table import shown
from tap_twitter_stream.wire.endpoints import ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def archive_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what keeps an archive from being read."""
    if ARCHIVE not in values["endpoints"]:
        return
    others = [name for name in values["endpoints"] if name != ARCHIVE]
    if others:
        yield (
            f"`endpoints` names {ARCHIVE} beside {', '.join(others)}: a stream cannot wait while"
            " files are read, so give the archive a run of its own."
        )
    if not values["archive_paths"]:
        yield f"`archive_paths` must name files, folders or globs: {ARCHIVE} reads nothing else."
    for path in values["archive_paths"] or ():
        pattern = str(Path(path).expanduser())
        if not path.strip() or not (
            Path(pattern).exists() or next(glob.iglob(pattern, recursive=True), None)  # noqa: PTH207 - absolute
        ):
            yield f"`archive_paths` holds {shown(path)}, which names no file: correct it."


def archive_warnings(values: dict[str, Any], raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what has no effect, and what a target may do with old rows.

    Args:
        values: Every setting.
        raw: What was given, those of the SDK included.
    """
    if ARCHIVE not in values["endpoints"]:
        if values["archive_paths"] is not None:
            yield f"`archive_paths` has no effect: `endpoints` does not name {ARCHIVE}."
        return
    if values["spool_dir"] is not None:
        yield f"`spool_dir` has no effect on {ARCHIVE}: its files are the log."
    if not raw.get("batch_config") and "users" not in (raw.get("stream_maps") or ()):
        yield (
            "Rows of an archive are as old as what it holds, and a target that upserts puts them"
            " over newer ones: give them tables of their own (docs/how-to/archives.md)."
        )
