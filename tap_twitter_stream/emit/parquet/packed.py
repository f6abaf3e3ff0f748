"""Rows that wait for their row group: a batch goes in, and the same batch comes out.

A batch is hundreds of small pieces. Freed in another order than they were made, between others of
shorter life, they left a heap of which a third was holes. So each batch is copied into one piece
of memory, which goes back whole when it is freed.
"""

from __future__ import annotations

import mmap
from typing import NamedTuple

import pyarrow as pa

_MAPPED_BYTES = 64 << 10  # a mapping is whole pages, so small batches stay on the heap


class Packed(NamedTuple):
    """A batch in one piece."""

    memory: pa.Buffer
    schema: pa.Schema
    """Of the columns in it."""

    @property
    def size_bytes(self) -> int:
        """How much it takes."""
        size: int = self.memory.size
        return size

    def unpacked(self, schema: pa.Schema) -> pa.RecordBatch:
        """Return the batch with all columns of its schema; their bytes stay where they are."""
        batch = pa.ipc.read_record_batch(self.memory, self.schema)
        names = set(self.schema.names)
        arrays = [
            batch.column(one.name) if one.name in names else pa.nulls(batch.num_rows, one.type)
            for one in schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def packed(batch: pa.RecordBatch) -> Packed:
    """Return a batch in one piece. A column of nulls takes none of it: that is a third of some."""
    filled = [n for n, one in enumerate(batch.columns) if one.null_count < batch.num_rows]
    batch = batch.select(filled or [0])
    size_bytes = pa.ipc.get_record_batch_size(batch)
    if size_bytes < _MAPPED_BYTES:
        return Packed(batch.serialize(), batch.schema)
    memory = pa.py_buffer(mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    pa.FixedSizeBufferWriter(memory).write(batch.serialize())
    return Packed(memory, batch.schema)
