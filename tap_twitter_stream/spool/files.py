"""What the log does to the disk. One small seam, so that tests can let a disk lie, fill or die."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import SpoolError, SpoolFullError

if TYPE_CHECKING:
    from pathlib import Path

# The disk has no room now and may have some later; with any other error it is broken.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Files:
    """The calls of the operating system, unchanged: a call through here costs one look-up."""

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
        """Write everything, in as many steps as it takes; return how many bytes."""
        total = len(data)
        while data:
            data = data[self.write(handle, data) :]
        return total


REAL_FILES = Files()


def unwritable(error: OSError) -> SpoolError:
    """Return what to raise for a failed write; its class says whether waiting makes sense."""
    kind = SpoolFullError if error.errno in _FULL else SpoolError
    return kind(
        f"The spool cannot be written ({error.strerror}). "
        "Free disk space under spool_dir, or name another folder there."
    )


def unsynced(error: OSError) -> SpoolError:
    """Return what to raise for a failed fsync.

    Never try it again: the kernel reports such an error once, forgets the pages, and calls the
    next fsync of the same file a success.
    """
    return SpoolError(f"The spool cannot be forced to disk ({error.strerror}). Look at the disk.")
