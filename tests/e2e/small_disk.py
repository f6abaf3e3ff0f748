"""A real file system of a few MiB, for one test: mounted where no other process sees it.

The mount lives in the mount namespace of a process of its own and goes with it. Others reach it
through ``/proc``, so nothing else has to run in there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# ext4 has no blocks set aside for root here: the tests may run as root, and full is full.
_MOUNT = {
    "ext4": 'truncate -s "$2" "$1.img" && mkfs.ext4 -q -m 0 -O ^has_journal "$1.img"'
    ' && mount -o loop "$1.img" "$1"',
    "tmpfs": 'mount -t tmpfs -o "size=$2" tmpfs "$1"',
}
_STAY = " && echo mounted && read -r _"


class SmallDisk:
    """A mounted file system, and a file on it that takes what room there is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hog = root / "hog"

    def fill(self, leave_bytes: int = 0) -> None:
        """Leave so much, in whole blocks; not one byte if that is 0."""
        handle = os.open(self._hog, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for size_bytes in (1 << 16, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while os.write(handle, b"\xff" * size_bytes):
                    pass
        os.ftruncate(handle, os.fstat(handle).st_size - leave_bytes)
        os.close(handle)

    def free(self) -> None:
        """Give the room back."""
        self._hog.unlink()


@contextlib.contextmanager
def small_disk(folder: Path, kind: str, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount a disk while the block runs; skip the test where this machine does not allow it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no `unshare` here, so no disk of our own can be mounted")
    mount = folder / f"disk-{kind}"
    mount.mkdir()
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = ["sh", "-c", _MOUNT[kind] + _STAY, "sh", str(mount), str(size_bytes)]
    holder = subprocess.Popen(
        [unshare, *user, "--mount", *script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stderr
        if holder.stdout.readline() != "mounted\n":
            why = holder.stderr.read().strip()
            pytest.skip(f"this machine does not let us mount a small {kind} ({why})")
        try:
            yield SmallDisk(Path(f"/proc/{holder.pid}/root{mount.resolve()}"))
        finally:
            holder.stdin.close()
