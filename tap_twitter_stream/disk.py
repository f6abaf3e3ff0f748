"""Calls to the disk through one seam, and files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Files:
    """The calls of the operating system, unchanged: a call through here costs one look-up.

    Tests pass another one, so that a disk can fill up, fail, or lose what was not forced onto it.
    """

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    write = staticmethod(os.write)
    writev = staticmethod(os.writev)
    pwrite = staticmethod(os.pwrite)
    ftruncate = staticmethod(os.ftruncate)
    fdatasync = staticmethod(os.fdatasync)
    replace = staticmethod(os.replace)
    unlink = staticmethod(os.unlink)

    def sync_folder(self, folder: Path) -> None:
        """Force a folder's entries to disk: a file that was made, renamed or deleted."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def write_all(self, handle: int, data: bytes) -> int:
        """Write everything, in as many steps as it takes; return the number of bytes."""
        total = len(data)
        while data:
            data = data[self.write(handle, data) :]
        return total


REAL_FILES = Files()


def begin_file(
    path: Path,
    blocks: Iterable[bytes],
    files: Files = REAL_FILES,
    *,
    mode: int = 0o600,
    durable: bool = True,
) -> int:
    """Make a file with its first bytes, over an older one: with all of them, or not at all.

    Args:
        path: The file's final name; its draft is beside it, hidden, and ends in ``.new``.
        blocks: The first bytes.
        files: The calls to the disk.
        mode: Permissions, before the umask.
        durable: Whether the bytes are forced to disk before the file gets its name.

    Returns:
        A handle that appends. The caller forces the folder to disk.

    Raises:
        OSError: The file cannot be written; an older one is unchanged, the draft is gone.
    """
    draft = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
    handle = files.open(draft, flags, mode)
    try:
        for block in blocks:
            files.write_all(handle, block)
        if durable:
            files.fdatasync(handle)
        files.replace(draft, path)
    except OSError:
        files.close(handle)
        with suppress(OSError):  # a file whose fsync failed is never used again
            files.unlink(draft)
        raise
    return handle


def replace_file(path: Path, data: bytes, files: Files = REAL_FILES, *, mode: int = 0o600) -> None:
    """Replace a file as a whole: after a power cut it holds the old bytes or the new ones.

    Raises:
        OSError: The file cannot be written, or its folder cannot be forced to disk.
    """
    files.close(begin_file(path, [data], files, mode=mode))
    files.sync_folder(path.parent)
