"""Where an archive was read to: to and from STATE, and what that means for the files of now. Pure.

Files are read in the order of their names, so one place says what was read: all files before it.
How many those were, and a digest of their names, show that the files before it are still the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of the archive as it is found at a start."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far the files were read.

    ``leaf`` counts the texts inside the file from 0, ``offset`` the bytes of that text, unpacked;
    it is a line's start. ``size_bytes`` is the file's own, ``is_whole`` says that it was read to
    its end. ``done_total`` and ``digest`` are of the files before it. ``counts`` are those of the
    row that the text will get in ``capture_connections``. ``log_id`` and ``position`` name all that
    was emitted, as those of a log do: a later place has a higher position.
    """

    name: str = ""
    leaf: int = 0
    offset: int = 0
    size_bytes: int = 0
    is_whole: bool = False
    done_total: int = 0
    digest: int = 0
    counts: tuple[Any, ...] = field(default=(), hash=False)
    log_id: str = ""
    position: int = 0

    def to_state(self) -> dict[str, Any]:
        """Return the value for STATE."""
        return {
            "version": VERSION,
            "file": self.name,
            "leaf": self.leaf,
            "offset": self.offset,
            "size_bytes": self.size_bytes,
            "is_whole": self.is_whole,
            "done_total": self.done_total,
            "digest": f"{self.digest:016x}",
            "counts": list(self.counts),
            "log_id": self.log_id,
            "position": self.position,
        }


def from_state(value: object) -> tuple[Place, str]:
    """Read what :meth:`Place.to_state` made; a place that makes no sense is told of, not used."""
    if not value:
        return Place(), ""
    try:
        place = _read(value)
    except (KeyError, TypeError, ValueError) as error:
        said = f"STATE's place in the archive is damaged ({error!r}); all files are read."
        return Place(), said
    return place, ""


def _read(value: Any) -> Place:  # noqa: ANN401 - any JSON value
    if value["version"] != VERSION:
        message = "version"
        raise ValueError(message)
    place = Place(
        name=str(value["file"]),
        leaf=int(value["leaf"]),
        offset=int(value["offset"]),
        size_bytes=int(value["size_bytes"]),
        is_whole=bool(value["is_whole"]),
        done_total=int(value["done_total"]),
        digest=int(value["digest"], 16),
        counts=tuple(value["counts"]),
        log_id=str(value["log_id"]),
        position=int(value["position"]),
    )
    numbers = (place.leaf, place.offset, place.size_bytes, place.done_total, place.position)
    if min(numbers) < 0:
        message = "a number below 0"
        raise ValueError(message)
    return place


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be read: ``files``, of the first what comes behind ``at``.

    Without files ``at`` is where the last run ended. ``notes`` are sentences for a person.
    """

    files: tuple[File, ...]
    at: Place
    notes: tuple[str, ...] = ()


def start_from(place: Place, files: Sequence[File]) -> Start:
    """Compare the place of the last run with the files of now.

    Args:
        place: An empty one for a first run.
        files: In the order of their names.
    """
    left = tuple(file for file in files if file.name >= place.name)
    place, notes = _checked(place, files[: len(files) - len(left)])
    done_total, digest = place.done_total, place.digest
    if left and left[0].name == place.name:
        if not place.is_whole or left[0].size_bytes != place.size_bytes:
            at, note = _again(place, left[0])
            return Start(left, at, (*notes, *note))
        done_total, digest = done_total + 1, digest ^ digest_of(place.name)
        left = left[1:]
    elif place.name and not place.is_whole:
        notes = (*notes, f"{place.name} is gone, of which a part was still to be read.")
    if not left:
        return Start((), place, notes)
    return Start(left, Place(left[0].name, done_total=done_total, digest=digest), notes)


def _again(place: Place, file: File) -> tuple[Place, tuple[str, ...]]:
    """Go on inside a file, which may have grown."""
    if file.size_bytes < place.size_bytes:
        at = Place(file.name, done_total=place.done_total, digest=place.digest)
        return at, (f"{file.name} is smaller than it was; it is read from its beginning.",)
    return replace(place, is_whole=False), ()


def _checked(place: Place, before: Sequence[File]) -> tuple[Place, tuple[str, ...]]:
    """Compare the files that sort before the place with those that were read."""
    digest = 0
    for file in before:
        digest ^= digest_of(file.name)
    if (len(before), digest) == (place.done_total, place.digest):
        return place, ()
    if len(before) < place.done_total:  # some were taken away after they had been read
        return replace(place, done_total=len(before), digest=digest), ()
    said = (
        f"{len(before)} files sort before {place.name}, up to which the archive was read; they were"
        f" {place.done_total} then. What is new among them is not read: give it a later name, or"
        " read it in a run with a STATE of its own."
    )
    return place, (said,)


def digest_of(name: str) -> int:
    """Return a number for a name; those of several are put together by exclusive or."""
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=8).digest(), "big")
