"""What cannot be written ends the run with a sentence that names the remedy."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.emit.parquet.constant_columns import Block
from tap_twitter_stream.emit.parquet.dataset import Dataset
from tap_twitter_stream.emit.parquet.files import FileOutput
from tap_twitter_stream.emit.parquet.run_facts import RunFacts
from tap_twitter_stream.errors import FilesError
from tap_twitter_stream.settings.parquet import ParquetFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "Make room"), (errno.ENOMEM, "Lower parquet_buffer_bytes")],
)
def test_trouble_with_a_block_names_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def add(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Dataset, "add", add)
    settings = ParquetFiles(
        root=str(tmp_path),
        prefix="",
        params={},
        compression="zstd",
        seal_s=300,
        most_rows=1000,
        most_bytes=1 << 27,
        most_log_bytes=1 << 30,
        buffer_bytes=1 << 26,
    )
    output = FileOutput(settings)
    output.begin(RunFacts("w", "spool", (0, 0), 1000, durable=True, tap_version="0"), {})
    output.add_block("tweets", Block(b'{"id":"1"}\n', [({}, 1)], "2026-11-26T10:20:30Z"))
    with pytest.raises(FilesError, match=rf"{os.strerror(number)}.*{remedy}"):
        seal(output)
    output.close()


def seal(output: FileOutput) -> None:
    output.begin_seal((500, 500), {}, "2026-11-26T10:21:00Z")
    assert output.is_sealed(5)
