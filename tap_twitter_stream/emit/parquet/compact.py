"""Few large files instead of many small ones, hour by hour, beside readers and a running tap.

The files of an hour are written into one, in a new folder beside links to all other files of the
hour. Then the folders are exchanged in one step: who lists the hour sees the many or the one. A
query that has listed the many and opens one of them later finds it gone and fails; it never sees a
row twice, or not at all.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tap_twitter_stream.disk import REAL_FILES
from tap_twitter_stream.emit.parquet.arrow import described, footer_facts
from tap_twitter_stream.emit.parquet.manifest import FileEntry, manifests
from tap_twitter_stream.emit.parquet.part_file import FileFacts, PartFile
from tap_twitter_stream.emit.parquet.partition import Part, span_of
from tap_twitter_stream.emit.parquet.store import LocalStore
from tap_twitter_stream.emit.parquet.swap import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_twitter_stream.emit.parquet.run_facts import Mark

FOLDER = "_compactions"
_BATCH_ROWS = 1 << 14
_ALL: Mark = (1 << 63, 1 << 63)


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of one hour of one stream."""

    folder: str
    files: int
    rows: int
    bytes_before: int
    bytes_after: int


def compact(root: Path, *, last_run: bool) -> Iterator[Compacted]:
    """Compact every hour that has several files of captures whose STATE is stored.

    Args:
        root: Of the dataset.
        last_run: Also take the files that only the last run of each capture vouches for. A run
            that begins from an older STATE could not take these rows back.
    """
    store = LocalStore(root)
    for (folder, _), entries in sorted(_by_hour(store, root, last_run=last_run).items()):
        if len(entries) > 1:
            yield _Hour(store, root, folder).compact(entries)


def _by_hour(
    store: LocalStore, root: Path, *, last_run: bool
) -> dict[tuple[str, str], list[FileEntry]]:
    """Return the files that no run can want to replace, by folder and hash of their columns."""
    found = list(manifests(store))
    stored: dict[str, Mark] = {}
    for one in found:
        mark = _ALL if last_run else max(stored.get(one.spool_id, one.start), one.start)
        stored[one.spool_id] = mark
    hours = defaultdict(list)
    for one in reversed(found):
        for entry in one.files:
            path = root / entry.path
            if entry.ends <= stored[one.spool_id] and path.exists():
                columns = footer_facts(pq.read_schema(path)).get("schema_hash", "")
                hours[entry.path.rpartition("/")[0], columns].append(entry)
    return hours


class _Hour:
    """The folder of one hour of one stream."""

    def __init__(self, store: LocalStore, root: Path, folder: str) -> None:
        self._store = store
        self._root = root
        self._name = folder
        self._folder = root / folder

    def compact(self, entries: list[FileEntry]) -> Compacted:
        """Put one file in the place of several."""
        name = f"compacted-{secrets.token_hex(8)}.parquet"
        aside = self._store.staging(name.removesuffix(".parquet"))
        try:
            facts = _merged([self._root / one.path for one in entries], aside / name)
            self._note(name, facts, entries)
            self._exchange(aside, {one.path.rpartition("/")[2] for one in entries})
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        before = sum(one.bytes for one in entries)
        return Compacted(self._name, len(entries), facts.rows, before, facts.bytes)

    def _exchange(self, aside: Path, replaced: set[str]) -> None:
        for path in self._folder.iterdir():
            if path.name not in replaced:
                os.link(path, aside / path.name)
        REAL_FILES.sync_folder(aside)
        exchange(self._folder, aside)
        REAL_FILES.sync_folder(self._folder.parent)
        # What a running tap has put there meanwhile is now in the folder that is going.
        for path in aside.iterdir():
            if path.name not in replaced and not (self._folder / path.name).exists():
                path.rename(self._folder / path.name)
        REAL_FILES.sync_folder(self._folder)

    def _note(self, name: str, facts: FileFacts, entries: list[FileEntry]) -> None:
        """Write down what becomes of which file; manifests go on naming the old ones."""
        note = {
            "version": 1,
            "file": {"path": f"{self._name}/{name}", **asdict(facts)},
            "replaces": [one.path for one in entries],
        }
        self._store.write(
            f"{FOLDER}/{name.removesuffix('.parquet')}.json", json.dumps(note).encode()
        )


def _merged(sources: list[Path], target: Path) -> FileFacts:
    """Write the rows of several files into one, in their order."""
    first = pq.read_schema(sources[0])
    known = footer_facts(first)
    ids = [name for name in known.get("id_columns", "").split(",") if name]
    kept = {name: known.get(name, "") for name in ("stream", "tap_version", "id_columns")}
    schema = described(first, {**kept, "compacted_files": str(len(sources))})
    merged = PartFile(target, schema, ids)
    for source in sources:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(_BATCH_ROWS):
                table = pa.Table.from_batches([batch]).cast(schema)
                span = span_of(table, ids[0]) if ids else None
                merged.add(Part(0, table, span))
    return merged.close()
