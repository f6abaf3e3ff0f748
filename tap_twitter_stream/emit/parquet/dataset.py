"""All open files of a run: blocks of lines go in; at a seal, files in their places come out."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.columns.shapes import Columns, Scalar, shape_of
from tap_twitter_stream.emit.parquet.arrow import described, schema_hash
from tap_twitter_stream.emit.parquet.decode import BlockReader
from tap_twitter_stream.emit.parquet.manifest import (
    MOST_FILES,
    FileEntry,
    Manifest,
    clear_from,
)
from tap_twitter_stream.emit.parquet.part_file import PartFile
from tap_twitter_stream.emit.parquet.partition import POST_ID, Part, folder_of, hour_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_twitter_stream.emit.parquet.constant_columns import Block
    from tap_twitter_stream.emit.parquet.run_facts import Mark, RunFacts
    from tap_twitter_stream.emit.parquet.store import Store
    from tap_twitter_stream.settings.parquet import ParquetFiles

logger = logging.getLogger("tap-twitter-stream")


class _StreamFiles:
    """One stream's reader and open files."""

    def __init__(self, columns: Columns) -> None:
        shape = shape_of(columns.schema)
        self.name = columns.name
        self.reader = BlockReader(shape, self._on_drift, columns.stamped)
        self.id_columns = [
            name
            for name in dict.fromkeys((*columns.keys, POST_ID.get(columns.source, "")))
            if shape.fields.get(name) is Scalar.TEXT
        ]
        own = POST_ID.get(columns.source)
        self.own_id = own in self.id_columns
        self.id_column = own if self.own_id else next(iter(self.id_columns), None)
        self.open: dict[int, PartFile] = {}

    def parts(self, block: Block) -> Iterator[Part]:
        """Return the rows of a block, hour by hour."""
        table, hour = self.reader.read(block), hour_of(block.captured_at)
        return parts_of(table, hour, self.id_column, own=self.own_id)

    def _on_drift(self, path: str, known: bool) -> None:  # noqa: FBT001 - as the reader says it
        why = "does not fit its column" if known else "has no column"
        logger.warning("A value of %s.%s %s; such values are kept in _extra.", self.name, path, why)


class Dataset:
    """Writes one window's files; used by one thread at a time.

    Args:
        store: Where files and manifests lie.
        facts: Of the run.
        settings: Bounds of files and memory.
    """

    def __init__(self, store: Store, facts: RunFacts, settings: ParquetFiles) -> None:
        self._store = store
        self._facts = facts
        self._settings = settings
        self._streams: dict[str, _StreamFiles] = {}
        self._staging: Path | None = None
        self._drafts = 0
        self._sealed = facts.start
        self._manifest = self._new_manifest(1)
        self.is_full = False
        """Whether a file has reached its size: time for a seal."""

    def prepare(self, state: dict[str, Any]) -> tuple[int, int]:
        """Remove what this run is going to write again.

        Args:
            state: The STATE that the run begins from.

        Returns:
            How many files were removed, and how many stay because the log has lost their rows.
        """
        self._staging = self._store.staging(f"{self._facts.spool_id}.{self._facts.window_id}")
        self._manifest.state = self._manifest.began = state
        return clear_from(self._store, self._manifest, self._facts.log_end)

    def declare(self, columns: Columns) -> None:
        """Make a stream known."""
        stream = _StreamFiles(columns)
        self._streams[columns.name] = stream
        self._manifest.schemas[columns.name] = schema_hash(stream.reader.schema)

    def add(self, stream: str, block: Block, waiting_bytes: int = 0) -> None:
        """Take a block of lines.

        Args:
            stream: Whose lines they are.
            block: The lines.
            waiting_bytes: Memory of lines on their way here, and of reading them; it counts too.
        """
        found = self._streams[stream]
        for part in found.parts(block):
            file = found.open.get(part.hour)
            if file is None:
                file = found.open[part.hour] = self._open(found)
            file.add(part)
        self._keep_within_memory(waiting_bytes)
        self.is_full = self.is_full or any(map(self._is_full, found.open.values()))

    def close(self) -> None:
        """Give up what is not sealed."""
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)

    def _is_full(self, file: PartFile) -> bool:
        settings = self._settings
        return file.rows >= settings.most_rows or file.written_bytes >= settings.most_bytes

    def seal(self, end: Mark, state: dict[str, Any], sealed_at: str) -> list[FileEntry]:
        """Put every open file in its place and write the manifest with the STATE.

        Args:
            end: In the log: everything before it is in these files or in earlier ones.
            state: The STATE that this makes true.
            sealed_at: Now, as records carry it.

        Returns:
            The new files.
        """
        drafts = self._close_files(end)
        manifest = self._current_manifest()
        if drafts:
            manifest.pending = [entry for _, entry in drafts]
            self._store.write(manifest.name, manifest.encode())
            self._store.publish((draft, entry.path) for draft, entry in drafts)
        manifest.files += [entry for _, entry in drafts]
        manifest.pending = []
        manifest.end, manifest.state, manifest.sealed_at = end, state, sealed_at
        self._store.write(manifest.name, manifest.encode())
        self._sealed = end
        self.is_full = False
        return [entry for _, entry in drafts]

    @property
    def buffered_bytes(self) -> int:
        """Memory of the rows that are in no file yet."""
        return sum(file.buffered_bytes for file in self._open_files)

    @property
    def _open_files(self) -> list[PartFile]:
        return [file for stream in self._streams.values() for file in stream.open.values()]

    def _open(self, stream: _StreamFiles) -> PartFile:
        assert self._staging is not None  # noqa: S101 - prepare comes first
        self._drafts += 1
        facts = self._facts
        schema = described(
            stream.reader.schema,
            {
                "stream": stream.name,
                "id_columns": ",".join(stream.id_columns),
                "tap_version": facts.tap_version,
                "spool_id": facts.spool_id,
                "window_id": facts.window_id,
                "from_position": str(self._sealed[0]),
            },
        )
        path = self._staging / f"{self._drafts}.draft"
        return PartFile(path, schema, stream.id_columns, self._settings.compression)

    def _close_files(self, end: Mark) -> list[tuple[Path, FileEntry]]:
        drafts = []
        for stream in self._streams.values():
            for hour, file in sorted(stream.open.items()):
                facts = file.close()
                entry = FileEntry(
                    path=f"{self._settings.prefix}{stream.name}/{folder_of(hour)}/{self._file_name(end)}",
                    stream=stream.name,
                    rows=facts.rows,
                    first_id=facts.first_id,
                    last_id=facts.last_id,
                    bytes=facts.bytes,
                    sha256=facts.sha256,
                    begins=self._sealed,
                    ends=end,
                )
                drafts.append((file.path, entry))
            stream.open.clear()
        return drafts

    def _file_name(self, end: Mark) -> str:
        begin = self._sealed
        name = f"{self._facts.spool_id}-{begin[0]:016d}-{end[0]:016d}"
        if begin[0] == end[0]:  # one of several, such as what each run says at its end
            name += f"-{self._facts.window_id}"
        return f"{name}.parquet"

    def _keep_within_memory(self, waiting_bytes: int) -> None:
        """Write the largest row groups early when all together hold too much."""
        most_bytes = self._settings.buffer_bytes
        most_bytes -= min(waiting_bytes, most_bytes // 2)
        held_bytes = self.buffered_bytes
        if held_bytes <= most_bytes:
            return
        for file in sorted(self._open_files, key=lambda one: -one.buffered_bytes):
            held_bytes -= file.buffered_bytes
            file.flush()
            if held_bytes <= most_bytes // 2:
                return

    def _current_manifest(self) -> Manifest:
        if len(self._manifest.files) >= MOST_FILES:
            self._manifest = self._new_manifest(self._manifest.part + 1)
        return self._manifest

    def _new_manifest(self, part: int) -> Manifest:
        facts = self._facts
        return Manifest(
            window_id=facts.window_id,
            part=part,
            spool_id=facts.spool_id,
            start=facts.start,
            end=self._sealed,
            tap_version=facts.tap_version,
            durable=facts.durable,
            schemas=self._manifest.schemas if part > 1 else {},
            began=self._manifest.began if part > 1 else None,
        )
