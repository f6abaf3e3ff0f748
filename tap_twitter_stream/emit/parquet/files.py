"""Output as Parquet files: lanes for the capture, a seal at each checkpoint, BATCH messages."""

from __future__ import annotations

import contextlib
import errno
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.columns.encode import to_json
from tap_twitter_stream.emit.parquet.dataset import Dataset
from tap_twitter_stream.emit.parquet.lanes import Gatherer, MappedParquetLane, ParquetLane
from tap_twitter_stream.emit.parquet.manifest import FOLDER, manifests, state_held
from tap_twitter_stream.emit.parquet.store import open_store
from tap_twitter_stream.emit.parquet.worker import Worker
from tap_twitter_stream.errors import FilesError
from tap_twitter_stream.wire.stamps import STAMP_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from singer_sdk.streams import Stream

    from tap_twitter_stream.columns.shapes import Columns
    from tap_twitter_stream.emit.lanes import Lane
    from tap_twitter_stream.emit.parquet.constant_columns import Block
    from tap_twitter_stream.emit.parquet.manifest import FileEntry
    from tap_twitter_stream.emit.parquet.run_facts import Mark, RunFacts
    from tap_twitter_stream.settings.parquet import ParquetFiles

_MOST_WAITING = 2  # blocks
_READING = 5  # measured: reading a block takes 9 MB for 2 MB of lines, beside the lines
_SWITCH_S = 0.0005


class FileOutput:
    """The files of one run.

    Raises:
        FilesError: The place for the files cannot be used.
    """

    def __init__(self, settings: ParquetFiles) -> None:
        # The thread below comes back from Arrow a dozen times a block, and each time waits for the
        # interpreter at most so long. Measured: the usual 5 ms cost a tenth of the posts/s.
        sys.setswitchinterval(_SWITCH_S)
        self._settings = settings
        self._store = open_store(settings.root, settings.params)
        self._store.names(FOLDER)  # so that a wrong address is told before anything is connected
        self._columns: list[Columns] = []
        self._gatherers: dict[str, Gatherer] = {}
        self._worker = Worker(_MOST_WAITING)
        # Two sums, as each is written by one thread.
        self._handed_bytes = self._taken_bytes = 0
        self._dataset: Dataset | None = None
        self._sealing: Future[None] | None = None
        self._sealed: list[FileEntry] = []
        self._sealed_position = 0

    def state_held(self, spool_id: str, mark: Mark) -> dict[str, Any] | None:
        """Return the STATE to go on from instead of that of a mark, None to go on from there."""
        return state_held(manifests(self._store, spool_id), mark) if spool_id else None

    def begin(self, facts: RunFacts, state: dict[str, Any]) -> tuple[int, int]:
        """Begin a run, once every lane is made.

        Args:
            facts: Of the run.
            state: The STATE that it begins from.

        Returns:
            How many files of an earlier run were removed, as this one is going to write them again,
            and how many stay because the log has lost their rows.
        """
        self._sealed_position = facts.start[0]
        self._dataset = Dataset(self._store, facts, self._settings)
        for columns in self._columns:
            self._dataset.declare(columns)
        with self._trouble():
            return self._dataset.prepare(state)

    def lane(self, stream: Stream, columns: Iterable[Columns], *, plain: bool) -> Lane:
        """Return how a stream's records are written.

        Args:
            stream: Of the SDK.
            columns: What it becomes: several, if stream maps make several of it.
            plain: Whether its records are written as they are.
        """
        gatherers = {}
        for one in columns:
            if plain:  # then its rows have every column of their stamp
                have = tuple(name for name in STAMP_COLUMNS if name in one.schema["properties"])
                one = replace(one, stamped=have)  # noqa: PLW2901 - the same, in full
            self._columns.append(one)
            gatherers[one.name] = Gatherer(one.name, self)
        self._gatherers |= gatherers
        if plain:
            (gatherer,) = gatherers.values()
            return ParquetLane(gatherer)
        return MappedParquetLane(stream, gatherers)

    def add_block(self, stream: str, block: Block) -> None:
        """Take a block of lines; see ``Blocks``."""
        self._handed_bytes += len(block.lines)
        self._worker.submit(self._add, stream, block)

    def is_due(self, position: int) -> bool:
        """Tell whether a file is as large as it may be, or the log holds enough behind the seal."""
        return (
            self._begun.is_full or position - self._sealed_position >= self._settings.most_log_bytes
        )

    def begin_seal(self, end: Mark, state: dict[str, Any], sealed_at: str) -> None:
        """Begin to put everything so far in its place."""
        for gatherer in self._gatherers.values():
            gatherer.flush()
        self._sealing = self._worker.submit(self._seal, end, state, sealed_at)

    def is_sealed(self, timeout_s: float) -> bool:
        """Wait for the seal at most so long; tell whether it is done."""
        assert self._sealing is not None  # noqa: S101 - begun before
        return self._worker.is_done(self._sealing, timeout_s)

    def batch_lines(self) -> list[bytes]:
        """Return the BATCH messages for what the last seal has added."""
        found: dict[str, list[str]] = {}
        for entry in self._sealed:
            found.setdefault(entry.stream, []).append(self._store.url(entry.path))
        self._sealed = []
        return [
            to_json(
                {
                    "type": "BATCH",
                    "stream": stream,
                    "encoding": {"format": "parquet"},
                    "manifest": urls,
                }
            )
            + b"\n"
            for stream, urls in found.items()
        ]

    @property
    def _begun(self) -> Dataset:
        assert self._dataset is not None  # noqa: S101 - a run begins before it writes
        return self._dataset

    def close(self) -> None:
        """End the thread; what is not sealed is not kept."""
        self._worker.close()
        if self._dataset:
            self._dataset.close()

    def _add(self, stream: str, block: Block) -> None:
        gathered_bytes = sum(one.size_bytes for one in self._gatherers.values())
        waiting_bytes = gathered_bytes + self._handed_bytes - self._taken_bytes
        waiting_bytes += _READING * len(block.lines)
        with self._trouble():
            self._begun.add(stream, block, waiting_bytes)
        self._taken_bytes += len(block.lines)

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Say what a full or broken disk means."""
        try:
            yield
        except OSError as error:
            remedy = "Make room or mend the folder"
            if error.errno == errno.ENOMEM:
                remedy = "Lower parquet_buffer_bytes or give the tap more memory"
            msg = (
                f"Files cannot be written under {self._settings.root} ({error.strerror or error})."
                f" {remedy}, then run again."
            )
            raise FilesError(msg) from error

    def _seal(self, end: Mark, state: dict[str, Any], sealed_at: str) -> None:
        with self._trouble():
            self._sealed = self._begun.seal(end, state, sealed_at)
        self._sealed_position = end[0]
