"""What lies in a dataset and from where to go on: one JSON file a window, replaced as a whole.

A seal first writes down which files it is about to add, then adds them, then says so together with
the STATE that covers them. So whatever a kill leaves behind is known by name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_twitter_stream.emit.parquet.run_facts import Mark
    from tap_twitter_stream.emit.parquet.store import Store

FOLDER = "_manifests"
VERSION = 1
MOST_FILES = 1000  # of one manifest; a longer window goes on in another


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file: the part of the log it was made of, and what it holds.

    A file that ends where it begins holds what the run said of itself at its end; no later run
    makes those rows again.
    """

    path: str
    stream: str
    rows: int
    first_id: str | None
    last_id: str | None
    bytes: int
    sha256: str
    begins: Mark
    ends: Mark

    def is_written_again_from(self, start: Mark) -> bool:
        """Tell whether a run that begins there makes these rows again."""
        return self.begins >= start and self.begins < self.ends


@dataclass(slots=True)
class Manifest:
    """The files of one window, or of one of several parts of a long one."""

    window_id: str
    part: int
    spool_id: str
    start: Mark
    """Where the window began: what lies before it, its runner had stored."""
    end: Mark
    tap_version: str
    durable: bool = True
    """Whether the log outlives the run: the STATE of another one is of no use."""
    began: dict[str, Any] | None = None
    """The STATE that the window began from."""
    sealed_at: str | None = None
    state: dict[str, Any] | None = None
    schemas: dict[str, str] = field(default_factory=dict)
    files: list[FileEntry] = field(default_factory=list)
    pending: list[FileEntry] = field(default_factory=list)
    """Files that the last seal was about to add: after a kill, some may be there."""
    clearing: bool = False
    """Whether files that this window writes again may still be there."""

    @property
    def name(self) -> str:
        """Where it lies; names sort by window within a spool."""
        return f"{FOLDER}/{self.spool_id}.{self.window_id}.{self.part:04d}.json"

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return json.dumps({"version": VERSION, **asdict(self)}).encode() + b"\n"


def decode_manifest(data: bytes, name: str) -> Manifest:
    """Read a manifest.

    Raises:
        FilesError: It is none, or of another version.
    """
    try:
        value = json.loads(data)
        if value.pop("version") != VERSION:
            raise ValueError("version")  # noqa: TRY301, EM101 - told as the others
        for key in ("files", "pending"):
            value[key] = [FileEntry(**_with_marks(one, "begins", "ends")) for one in value[key]]
        _with_marks(value, "start", "end")
        return Manifest(**value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{name} is no manifest of this version. Move it out of the folder."
        raise FilesError(msg) from error


def manifests(store: Store, spool_id: str = "") -> Iterator[Manifest]:
    """Yield the manifests of a dataset, those of each spool newest first."""
    for name in sorted(store.names(FOLDER), reverse=True):
        if name.endswith(".json") and name.startswith(f"{FOLDER}/{spool_id}"):
            yield decode_manifest(store.read(name), name)


def _with_marks(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Make tuples of the lists that JSON has in their place."""
    for name in names:
        position, lines = value[name]
        value[name] = (int(position), int(lines))
    return value


def state_held(found: Iterable[Manifest], mark: Mark) -> dict[str, Any] | None:
    """Return another STATE than that of a mark, where no run can go on behind its files there.

    A run that began from an older STATE has removed what it was going to write again, and has cut
    its own files where it liked. A STATE of before then may promise rows that no file holds, or lie
    in the middle of a file: then the last window to begin before it is written again.

    Args:
        found: Manifests of one log, newest first.
        mark: Of the STATE that was given.

    Returns:
        The STATE to go on from, None when that is the given one.
    """
    for number, one in enumerate(found):
        if number == 0 and one.end < mark:
            return one.state
        if any(entry.begins < mark < entry.ends for entry in one.files):
            return one.began
        if one.end <= mark:  # so do all that are older
            break
    return None


def clear_from(store: Store, manifest: Manifest, log_end: int) -> tuple[int, int]:
    """Remove the files that a window is about to write again, and their entries.

    The window's own manifest is there first, so that no STATE of a later place can be found while
    its files go; should this be cut short, the next start finishes it.

    Args:
        store: Where the files lie.
        manifest: Of the window that begins, with the STATE it begins from.
        log_end: Files that reach further hold rows that the log has lost. They stay for good.

    Returns:
        How many files were removed, and how many stay for that reason.
    """
    manifest.clearing = True
    store.write(manifest.name, manifest.encode())
    removed = kept = 0
    for one in manifests(store, manifest.spool_id):
        if one.name == manifest.name:
            continue
        if one.end <= manifest.start and not (one.pending or one.clearing):
            break
        listed = (*one.files, *(entry for entry in one.pending if store.has(entry.path)))
        again = [entry for entry in listed if entry.is_written_again_from(manifest.start)]
        gone = {entry.path for entry in again if entry.ends[0] <= log_end}
        lost = {entry.path for entry in again} - gone
        removed += store.delete(sorted(gone))
        kept += len(lost)
        one.files = [
            replace(entry, ends=entry.begins) if entry.path in lost else entry
            for entry in listed
            if entry.path not in gone
        ]
        one.pending = []
        one.end = min(one.end, manifest.start)
        one.state, one.clearing = None, False
        store.write(one.name, one.encode())
    manifest.clearing = False
    store.write(manifest.name, manifest.encode())
    return removed, kept
