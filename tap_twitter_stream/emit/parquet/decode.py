"""Blocks of JSON lines go in, tables with a stream's fixed columns come out. Nothing is refused.

Arrow reads whole blocks, without the interpreter's lock. It stops at the first value that does not
fit, so a block that it refuses is read again, each time with more of its lines made to fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.json as pj

from tap_twitter_stream.columns.encode import to_json
from tap_twitter_stream.columns.fit import decode, fit, only_extra
from tap_twitter_stream.columns.quick import QuickFit
from tap_twitter_stream.columns.shapes import StructOf
from tap_twitter_stream.emit.parquet.arrow import arrow_schema, seen, widened
from tap_twitter_stream.emit.parquet.constant_columns import Block, stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_MOST_NAMES = 1000  # of unknown fields to remember


class BlockReader:
    """Reads the lines of one stream.

    Args:
        columns: Of the stream.
        stamped: Of these, the ones that do not stand in the lines.
        on_drift: Called once a name with the path of a field that has no column, or whose column
            takes values of another kind, and with which of both it is.
    """

    def __init__(
        self,
        columns: StructOf,
        on_drift: Callable[[str, bool], None],
        stamped: Collection[str] = (),
    ) -> None:
        self.schema = arrow_schema(columns)
        self._stamped = stamped
        inside = {name: one for name, one in columns.fields.items() if name not in stamped}
        self._columns = StructOf(inside)
        self._quick = QuickFit(self._columns)
        self._inside = arrow_schema(self._columns)
        self._whole = pa.struct(list(self._inside))
        # Arrow spends a third of its time on columns that are never filled, so it is asked for
        # those only that were; a field that comes up later makes it read that block again.
        self._seen: pa.DataType | None = None
        self._as_they_are = True
        self._on_drift = on_drift
        self._drifted: set[str] = set()

    def read(self, block: Block) -> pa.Table:
        """Return the rows of a block, in its order."""
        table = self._whole_table(self._read(block.lines))
        if not self._stamped:
            return table
        return stamped(table, self.schema, self._stamped, block.runs)

    def _read(self, block: bytes) -> pa.Table:
        if self._as_they_are and (table := self._arrow(block)) is not None:
            return table
        lines = block.split(b"\n")[:-1]
        quick = [self._quick.fit(line) or self._fitted(line) for line in lines]
        self._as_they_are = quick == lines
        for made in (quick, map(self._fitted, lines)):
            if (table := self._arrow(b"\n".join(made))) is not None:
                return table
        return self._one_by_one(lines)

    def _arrow(self, block: bytes) -> pa.Table | None:
        """Let Arrow read a block; None when a value is none that the columns take."""
        table = None
        if self._seen is not None:
            table = _json(block, pa.schema(list(self._seen)))
        return _json(block, self._inside) if table is None else table

    def _whole_table(self, table: pa.Table) -> pa.Table:
        """Return the table with every column, in order, and remember which were filled."""
        (batch,) = table.combine_chunks().to_batches() or [_empty(table)]
        rows = batch.to_struct_array()
        if batch.schema.equals(self._inside):
            self._seen = seen(self._seen, self._whole, rows)
        return pa.Table.from_struct_array(widened(rows, self._whole))

    def _fitted(self, line: bytes) -> bytes:
        row, misfits = fit(self._columns, decode(line))
        for path in misfits.unknown:
            self._tell(path, known=False)
        for path in misfits.unfit:
            self._tell(path, known=True)
        return to_json(row)

    def _tell(self, path: str, *, known: bool) -> None:
        if path not in self._drifted and len(self._drifted) < _MOST_NAMES:
            self._drifted.add(path)
            self._on_drift(path, known)

    def _one_by_one(self, lines: list[bytes]) -> pa.Table:
        """Read what Arrow refuses although it was made to fit: such a row is all ``_extra``."""
        tables = []
        for line in lines:
            table = _json(self._fitted(line), self._inside)
            if table is None:
                table = _json(to_json(only_extra(decode(line))), self._inside)
            tables.append(table)
        return pa.concat_tables(tables)


def _json(block: bytes, schema: pa.Schema) -> pa.Table | None:
    try:
        return pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid:
        return None


def _empty(table: pa.Table) -> Any:  # noqa: ANN401 - pyarrow carries no types
    return pa.RecordBatch.from_pylist([], schema=table.schema)
