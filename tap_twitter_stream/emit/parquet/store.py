"""Where the files lie: a local folder, or whatever fsspec knows. Nothing half is ever visible.

Locally a file is renamed into its place when it is on disk, and the folder is forced to disk
behind it. Object stores show an object only when it is whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from tap_twitter_stream.disk import REAL_FILES, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STAGING = "_staging"


class Store(Protocol):
    """A place for files, by names relative to its root with ``/`` between their parts."""

    def staging(self, owner: str) -> Path:
        """Return a fresh local folder to write in; what dead owners have left is gone."""
        ...

    def publish(self, drafts: Iterable[tuple[Path, str]]) -> None:
        """Put local files, already on disk, under their names; the drafts are gone then."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Put a small file in its place at once, over an older one."""
        ...

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        ...

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted; none when it is not there."""
        ...

    def delete(self, names: Iterable[str]) -> int:
        """Delete files that are there; return how many were."""
        ...

    def url(self, name: str) -> str:
        """Return a file's address, as a BATCH message carries it."""
        ...


def open_store(root: str, params: Mapping[str, Any]) -> Store:
    """Return the store that a URL or a path names.

    Raises:
        FilesError: Nothing here can speak its protocol, or it cannot be reached.
    """
    path = local_path(root)
    if path is not None:
        return LocalStore(path)
    from tap_twitter_stream.emit.parquet.remote_store import RemoteStore  # noqa: PLC0415 - takes fsspec

    return RemoteStore(root, params)


def local_path(root: str) -> Path | None:
    """Return the folder that a path or a ``file://`` URL names, None for other URLs."""
    parts = urlsplit(root)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in root else Path(root).expanduser().absolute()


class LocalStore:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._locks: list[int] = []  # held until this process ends

    def staging(self, owner: str) -> Path:
        """Return a folder on the same disk; see ``Store``."""
        top = self._root / STAGING
        self._make(top)
        for folder in top.iterdir():
            _remove_if_dead(folder)
        folder = top / owner
        folder.mkdir(exist_ok=True)
        self._locks.append(_locked(folder))
        return folder

    def publish(self, drafts: Iterable[tuple[Path, str]]) -> None:
        """Rename, then force the folders to disk; see ``Store``."""
        folders = set()
        for draft, name in drafts:
            path = self._root / name
            self._make(path.parent)
            draft.replace(path)
            folders.add(path.parent)
        for folder in folders:
            REAL_FILES.sync_folder(folder)

    def write(self, name: str, data: bytes) -> None:
        """Write aside and rename; see ``Store``."""
        path = self._root / name
        self._make(path.parent)
        replace_file(path, data, mode=0o644)

    def read(self, name: str) -> bytes:
        """Read a file; see ``Store``."""
        return (self._root / name).read_bytes()

    def has(self, name: str) -> bool:
        """Look for a file; see ``Store``."""
        return (self._root / name).exists()

    def names(self, folder: str) -> list[str]:
        """List a folder; see ``Store``."""
        path = self._root / folder
        found = path.iterdir() if path.is_dir() else ()
        return sorted(f"{folder}/{one.name}" for one in found if not one.name.startswith("."))

    def delete(self, names: Iterable[str]) -> int:
        """Delete, then force the folders to disk; see ``Store``."""
        deleted = 0
        folders = set()
        for name in names:
            path = self._root / name
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                deleted += 1
                folders.add(path.parent)
        for folder in folders:
            REAL_FILES.sync_folder(folder)
        return deleted

    def url(self, name: str) -> str:
        """Return a ``file://`` address; see ``Store``."""
        return "file://" + quote(str(self._root / name), safe="/=")

    def _make(self, folder: Path) -> None:
        """Make a folder and its parents, each of them on disk before anything lies in it."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            REAL_FILES.sync_folder(one.parent)


def _locked(folder: Path) -> int:
    """Mark a folder as in use by a process that lives.

    Raises:
        BlockingIOError: It is in use.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    return handle


def _remove_if_dead(folder: Path) -> None:
    """Remove what a killed process has left in staging."""
    with contextlib.suppress(OSError):
        handle = _locked(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
