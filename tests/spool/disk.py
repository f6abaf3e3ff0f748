"""A disk that fills up, fails, and loses what was not forced onto it when the power goes.

The files in the folder are what the kernel shows, its page cache. Beside them this remembers what
the disk itself has: contents by the page as of the last fsync, names as of the folder's last one.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import Files

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

PAGE_BYTES = 32  # far below a real one, so that each small frame spans some


@dataclass(eq=False)
class _File:
    content: bytes = b""
    on_disk: bytes = b""
    since: list[bytes] = field(default_factory=list)  # contents that may be on their way to disk
    forgotten: bytes | None = None  # content when an fsync failed: it counts as written

    def change(self, content: bytes) -> None:
        self.content = content
        self.since.append(content)

    def sync(self) -> None:
        if self.forgotten is None:
            self.on_disk = self.content
        else:
            pages = range(0, len(self.content), PAGE_BYTES)
            self.on_disk = b"".join(self._page_after_failure(at) for at in pages)
        self.since = []

    def _page_after_failure(self, at: int) -> bytes:
        page = self.content[at : at + PAGE_BYTES]
        if page != (self.forgotten or b"")[at : at + PAGE_BYTES]:
            return page  # dirty again
        return self.on_disk[at : at + PAGE_BYTES].ljust(len(page), b"\0")

    def after_power_cut(self, chance: random.Random, *, kind: str) -> bytes:
        """Return what is found: old and new pages in any mixture, and zeros."""
        if kind == "old" or not self.since:
            return self.on_disk
        candidates = [self.on_disk, *self.since]
        size = len(chance.choice(candidates))
        if kind == "torn":
            return chance.choice(candidates)[:size]
        pages = []
        for at in range(0, size, PAGE_BYTES):
            # A page that the disk has is old or new, never neither.
            page = chance.choice(candidates if at < len(self.on_disk) else [*candidates, b""])
            pages.append(page[at : at + PAGE_BYTES].ljust(PAGE_BYTES, b"\0"))
        return b"".join(pages)[:size]


class Disk(Files):
    """Lets calls through, but for the faults that were asked for.

    Attributes:
        free_bytes: Writes fail beyond these; None for no bound.
        most_bytes: No write takes more at once.
        fails: The next call of that name fails with this error.
        synced: Names of what was forced to disk, in order.
    """

    def __init__(self) -> None:
        self.free_bytes: int | None = None
        self.most_bytes: int | None = None
        self.fails: dict[str, int] = {}
        self.synced: list[str] = []
        self._by_inode: dict[int, _File] = {}
        self._names: dict[Path, _File] = {}
        self._names_on_disk: dict[Path, _File] = {}
        self._pending: list[tuple[Path, Path | None, _File | None]] = []

    def heal(self) -> None:
        """Let every call through from now on."""
        self.free_bytes = self.most_bytes = None
        self.fails.clear()

    def _fault(self, name: str) -> None:
        if code := self.fails.pop(name, None):
            raise OSError(code, os.strerror(code))

    def _file(self, handle: int) -> _File:
        return self._by_inode[os.fstat(handle).st_ino]

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:  # type: ignore[override]
        self._fault("open")
        is_new = not path.exists()
        handle = os.open(path, flags, mode)
        if is_new:
            file = self._by_inode[os.fstat(handle).st_ino] = self._names[path] = _File()
            self._pending.append((path, None, file))
        elif flags & os.O_TRUNC:
            self._file(handle).change(b"")
        return handle

    def writev(self, handle: int, parts: Sequence[bytes]) -> int:  # type: ignore[override]
        self._fault("writev")
        return self.write(handle, b"".join(parts))

    def write(self, handle: int, data: bytes) -> int:  # type: ignore[override]
        self._fault("write")
        if self.free_bytes is not None and not self.free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(handle, data[: self.most_bytes][: self.free_bytes])
        if self.free_bytes is not None:
            self.free_bytes -= written
        file = self._file(handle)
        file.change(file.content + data[:written])
        return written

    def pwrite(self, handle: int, data: bytes, offset: int) -> int:  # type: ignore[override]
        """Write over what is there, which takes no room."""
        self._fault("pwrite")
        file = self._file(handle)
        written = os.pwrite(handle, data[: self.most_bytes], offset)
        end = offset + written
        assert end <= len(file.content)
        file.change(file.content[:offset] + data[:written] + file.content[end:])
        if file.forgotten is not None:  # those pages are dirty again, whatever they hold
            other = bytes(byte ^ 0xFF for byte in data[:written])
            file.forgotten = file.forgotten[:offset].ljust(offset) + other + file.forgotten[end:]
        return written

    def ftruncate(self, handle: int, size: int) -> None:
        self._fault("ftruncate")
        os.ftruncate(handle, size)
        self._file(handle).change(self._file(handle).content[:size])

    def fdatasync(self, handle: int) -> None:  # type: ignore[override]
        file = self._file(handle)
        self.synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        try:
            self._fault("fdatasync")
        except OSError:
            file.forgotten = file.content
            raise
        file.sync()

    def replace(self, source: Path, target: Path) -> None:  # type: ignore[override]
        self._fault("replace")
        source.replace(target)
        self._names[target] = self._names.pop(source)
        self._pending.append((source, target, None))

    def unlink(self, path: Path) -> None:  # type: ignore[override]
        self._fault("unlink")
        path.unlink()
        gone = self._names.pop(path, None)
        if gone and self.free_bytes is not None:
            self.free_bytes += len(gone.content)
        self._pending.append((path, None, None))

    def sync_folder(self, folder: Path) -> None:
        self.synced.append(folder.name)
        self._fault("sync_folder")
        self._names_on_disk = dict(self._names)
        self._pending = []

    def cut_power(self, chance: random.Random, *, kind: str) -> None:
        """Leave in the folder what is found after the power went.

        Args:
            chance: Decides which of the unforced changes had reached the disk.
            kind: ``old`` for none of them, ``torn`` for whole states, ``mixed`` for any pages.
        """
        found = dict(self._names_on_disk)
        for source, target, file in self._pending:
            if kind == "old" or chance.random() < 0.5:
                continue
            if file is not None:
                found[source] = file
            elif source in found:
                moved = found.pop(source)
                if target is not None:
                    found[target] = moved
        for path in self._names:
            path.unlink()
        self.adopt({path: file.after_power_cut(chance, kind=kind) for path, file in found.items()})

    def adopt(self, contents: dict[Path, bytes]) -> None:
        """Put files onto the disk and into the folder."""
        self._names, self._pending = {}, []
        for path, content in contents.items():
            path.write_bytes(content)
            file = _File(content, content)
            self._by_inode[path.stat().st_ino] = self._names[path] = file
        self._names_on_disk = dict(self._names)
