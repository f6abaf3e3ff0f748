"""The texts inside a file: out of any compression, tar and zip, however they lie in each other."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING

from tap_twitter_stream.archive.byte_source import FileSource, Source
from tap_twitter_stream.archive.codecs import HEAD_BYTES, UnpackedSource, codec_of
from tap_twitter_stream.archive.tar import is_tar, tar_members
from tap_twitter_stream.errors import DamagedArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEEPEST = 8  # a gzip file can hold itself
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
_NAMES = re.compile(
    r"\.(jsonl?|ndjson|jsonlines|tar|zip|t?gz|t?bz2?|tbz2|zst|tzst|t?xz)$", re.IGNORECASE
)
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(OSError, RuntimeError, ValueError),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Lines of text. ``name`` is empty when they are the file itself, unpacked."""

    name: str
    source: Source
    modified_us: int


def is_archive_name(path: str) -> bool:
    """Tell what is read from what lies beside it in a folder, tar or zip."""
    parts = path.split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in parts)
    return not hidden and "__MACOSX" not in parts and bool(_NAMES.search(path))


def leaves(path: Path) -> Iterator[Leaf]:
    """Yield the texts of a file in the order they lie in it; each ends when the next is asked for.

    Raises:
        DamagedArchiveError: The rest of the file cannot be told apart.
        CaptureFailedError: The file cannot be read.
    """
    source = FileSource(path)
    try:
        if source.peek(HEAD_BYTES).startswith(_ZIP_MARKS):
            yield from _zip_leaves(path, source.modified_us)
        else:
            yield from _leaves(Leaf("", source, source.modified_us), _DEEPEST)
    finally:
        source.close()


def _leaves(outer: Leaf, depth: int) -> Iterator[Leaf]:
    source = outer.source
    while depth and (codec := codec_of(source.peek(HEAD_BYTES))):
        source = UnpackedSource(source, codec)
        depth -= 1
    head = source.peek(HEAD_BYTES)
    if is_tar(head) and depth:
        for member in tar_members(source):
            if is_archive_name(member.name):
                name = f"{outer.name}!{member.name}" if outer.name else member.name
                yield from _leaves(
                    Leaf(name, member.source, member.modified_us or outer.modified_us), depth - 1
                )
    else:
        yield Leaf(outer.name, _refusing(source, head, depth), outer.modified_us)


def _refusing(source: Source, head: bytes, depth: int) -> Source:
    """Return a source that tells why it is not read, where that is so."""
    if head.startswith(_ZIP_MARKS):
        return _Refusal("a zip inside another archive is not read: unpack the outer one")
    if codec_of(head) or (is_tar(head) and not depth):
        return _Refusal(f"archives lie in each other more than {_DEEPEST} deep")
    return source


class _Refusal(Source):
    def __init__(self, why: str) -> None:
        super().__init__()
        self._failure = DamagedArchiveError(why)


def _zip_leaves(path: Path, modified_us: int) -> Iterator[Leaf]:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        msg = f"the zip has no directory that can be read ({error})"
        raise DamagedArchiveError(msg) from error
    with archive:
        for entry in archive.infolist():
            if entry.is_dir() or not is_archive_name(entry.filename):
                continue
            source = _ZipSource(archive, entry)
            outer = Leaf(entry.filename, source, _zip_time(entry, modified_us))
            try:
                yield from _leaves(outer, _DEEPEST)
            finally:
                source.close()


class _ZipSource(Source):
    """One entry of a zip, opened when its bytes are asked for."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        super().__init__()
        self._archive = archive
        self._entry = entry
        self._handle: IO[bytes] | None = None

    def close(self) -> None:
        """Give the entry back."""
        if self._handle:
            self._handle.close()

    def _more(self, most_bytes: int) -> bytes:
        try:
            self._handle = self._handle or self._archive.open(self._entry)
            return self._handle.read(most_bytes)
        except _ZIP_ERRORS as error:
            msg = f"an entry of the zip cannot be read ({error})"
            raise DamagedArchiveError(msg) from error


def _zip_time(entry: zipfile.ZipInfo, modified_us: int) -> int:
    try:
        instant = datetime(*entry.date_time, tzinfo=timezone.utc)
    except ValueError:
        return modified_us
    return int(instant.timestamp()) * 1_000_000
