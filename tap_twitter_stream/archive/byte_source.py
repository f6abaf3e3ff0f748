"""Bytes to pull, from a file or out of another source, with a look ahead and a cheap skip."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import CaptureFailedError, DamagedArchiveError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 256 * 1024


class Source:
    """A run of bytes. A failure stays: what was read before it can be had, then it is raised."""

    def __init__(self) -> None:
        self._ahead = b""
        self._failure: DamagedArchiveError | None = None

    def read(self, most_bytes: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes, at most so many; none at the end.

        Raises:
            DamagedArchiveError: What follows cannot be read, now or ever.
            CaptureFailedError: The file itself cannot be read.
        """
        if self._ahead:
            data, self._ahead = self._ahead[:most_bytes], self._ahead[most_bytes:]
            return data
        return self._guarded(most_bytes)

    def exactly(self, size_bytes: int) -> bytes:
        """Return so many bytes, or fewer where the source ends."""
        pieces = []
        while size_bytes > 0 and (piece := self.read(size_bytes)):
            pieces.append(piece)
            size_bytes -= len(piece)
        return b"".join(pieces)

    def peek(self, size_bytes: int) -> bytes:
        """Return so many of the next bytes, or fewer where the source ends or fails."""
        while len(self._ahead) < size_bytes:
            try:
                more = self._guarded(BLOCK_BYTES)
            except DamagedArchiveError:
                break
            if not more:
                break
            self._ahead += more
        return self._ahead[:size_bytes]

    def unread(self, data: bytes) -> None:
        """Put bytes back in front."""
        self._ahead = data + self._ahead

    def skip(self, size_bytes: int) -> int:
        """Pass over so many bytes; return how many there were."""
        passed = min(size_bytes, len(self._ahead))
        self._ahead = self._ahead[passed:]
        return passed + self._pass(size_bytes - passed)

    def _pass(self, size_bytes: int) -> int:
        left = size_bytes
        while left > 0 and (data := self._guarded(min(left, BLOCK_BYTES))):
            left -= len(data)
        return size_bytes - left

    def _guarded(self, most_bytes: int) -> bytes:
        if self._failure:
            raise self._failure
        try:
            data = self._more(most_bytes)
        except DamagedArchiveError as failure:
            self._failure = failure
            raise
        if not data and self._failure:  # found while the last bytes were read
            raise self._failure
        return data

    def _more(self, most_bytes: int) -> bytes:
        """Return bytes from where this source has them; none at its end."""
        raise NotImplementedError


class FileSource(Source):
    """A file of the disk.

    Raises:
        CaptureFailedError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        try:
            self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(path, error) from error
        found = os.fstat(self._handle)
        self.size_bytes = found.st_size
        self.modified_us = found.st_mtime_ns // 1000

    def close(self) -> None:
        """Give the file back."""
        os.close(self._handle)

    def _more(self, most_bytes: int) -> bytes:
        try:
            return os.read(self._handle, most_bytes)
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def _pass(self, size_bytes: int) -> int:
        at = os.lseek(self._handle, 0, os.SEEK_CUR)
        passed = max(0, min(size_bytes, self.size_bytes - at))
        os.lseek(self._handle, passed, os.SEEK_CUR)
        return passed


class PartSource(Source):
    """The next bytes of another source, so many of them."""

    def __init__(self, whole: Source, size_bytes: int) -> None:
        super().__init__()
        self._whole = whole
        self._left_bytes = size_bytes

    def leave(self) -> None:
        """Pass over what nobody read, so that the other source goes on behind it."""
        if self._failure:  # whoever read it has told of it
            raise self._failure
        self._left_bytes -= self._whole.skip(self._left_bytes)
        self._check()

    def _more(self, most_bytes: int) -> bytes:
        data = self._whole.read(min(most_bytes, self._left_bytes)) if self._left_bytes else b""
        self._left_bytes -= len(data)
        if not data:
            self._check()
        return data

    def _pass(self, size_bytes: int) -> int:
        passed = self._whole.skip(min(size_bytes, self._left_bytes))
        self._left_bytes -= passed
        return passed

    def _check(self) -> None:
        if self._left_bytes:
            msg = "the archive ends inside this file"
            raise DamagedArchiveError(msg)


def _unreadable(path: Path, error: OSError) -> CaptureFailedError:
    return CaptureFailedError(
        f"{path} of `archive_paths` cannot be read ({error.strerror}).",
        "Mend that, or take it out; a run with the same STATE goes on there.",
    )
