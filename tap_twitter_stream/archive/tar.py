"""Read a tar from a source that cannot go back, and notice each way in which it can be damaged.

The standard library's reader ends at a broken header as if the archive did, and remembers every
member it passed. Formats: POSIX ustar, pax (its path and size), GNU long names and large numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_twitter_stream.archive.byte_source import PartSource, Source
from tap_twitter_stream.errors import DamagedArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
_MAGIC = slice(257, 262)
_NAME, _SIZE, _TIME, _SUM, _KIND, _PREFIX = (
    slice(0, 100),
    slice(124, 136),
    slice(136, 148),
    slice(148, 156),
    slice(156, 157),
    slice(345, 500),
)
_FILES = frozenset({b"0", b"\0", b"7"})
_MOST_NAME_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive."""

    name: str
    source: Source
    modified_us: int | None


@dataclass(slots=True)
class _Named:
    """What the records before a header say of it."""

    path: bytes | None = None
    size_bytes: int | None = None


def is_tar(head: bytes) -> bool:
    """Tell a tar by its first block; an empty one has its end mark there."""
    return len(head) >= BLOCK and (head[_MAGIC] == b"ustar" or not head.strip(b"\0"))


def tar_members(source: Source) -> Iterator[Member]:
    """Yield each file; its source ends when the next one is asked for.

    Several archives may follow each other, as ``cat`` puts them together.

    Raises:
        DamagedArchiveError: A header is broken, or the archive ends without its end mark.
    """
    named = _Named()
    while (header := _header(source)) is not None:
        size_bytes = _number(header[_SIZE]) if named.size_bytes is None else named.size_bytes
        kind = header[_KIND]
        part = PartSource(source, size_bytes)
        if kind == b"L":
            named.path = _text(part, size_bytes).rstrip(b"\0")
        elif kind == b"x":
            _read_pax(_text(part, size_bytes), named)
        else:
            if kind in _FILES:
                name = named.path or _name(header)
                modified_us = _number(header[_TIME]) * 1_000_000
                yield Member(name.decode(errors="replace"), part, modified_us)
            named = _Named()
        part.leave()
        source.skip(-size_bytes % BLOCK)


def _header(source: Source) -> bytes | None:
    header, is_marked = source.exactly(BLOCK), False
    while len(header) == BLOCK and not header.strip(b"\0"):
        header, is_marked = source.exactly(BLOCK), True
    if is_marked and not header.strip(b"\0"):
        return None
    if len(header) < BLOCK:
        msg = "the tar ends without its end mark"
        raise DamagedArchiveError(msg)
    unsigned = sum(header) - sum(header[_SUM]) + 8 * ord(" ")
    if _number(header[_SUM]) != unsigned:
        msg = "a header of the tar is broken"
        raise DamagedArchiveError(msg)
    return header


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: more than the octal digits can hold
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        msg = "a header of the tar is broken"
        raise DamagedArchiveError(msg) from None


def _name(header: bytes) -> bytes:
    name, prefix = header[_NAME].rstrip(b"\0"), header[_PREFIX].partition(b"\0")[0]
    is_posix = header[_MAGIC.stop : _MAGIC.stop + 1] == b"\0"  # GNU has other things there
    return prefix + b"/" + name if prefix and is_posix else name


def _text(part: PartSource, size_bytes: int) -> bytes:
    if size_bytes > _MOST_NAME_BYTES:
        msg = "a header of the tar is broken"
        raise DamagedArchiveError(msg)
    return part.exactly(size_bytes)


def _read_pax(text: bytes, named: _Named) -> None:
    """Read records of the form ``LENGTH KEY=VALUE`` and a line feed."""
    while text:
        length, _, rest = text.partition(b" ")
        if not length.isdigit() or int(length) <= len(length):
            return
        record = rest[: int(length) - len(length) - 1]
        text = text[int(length) :]
        key, _, value = record.rstrip(b"\n").partition(b"=")
        if key == b"path":
            named.path = value
        elif key == b"size" and value.isdigit():
            named.size_bytes = int(value)
