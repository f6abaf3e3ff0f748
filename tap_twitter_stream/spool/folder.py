"""The folder a log lives in: its lock, its id, its segments."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import REAL_FILES, replace_file
from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.frames import SUFFIX

if TYPE_CHECKING:
    from tap_twitter_stream.disk import Files

FORMAT_VERSION = 1
_META = "spool.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the log: where it starts and how many bytes it has now."""

    base: int
    path: Path

    @property
    def end(self) -> int:
        """Position behind the segment's last byte as it is now."""
        return self.base + self.path.stat().st_size


def segments(folder: Path) -> list[Segment]:
    """Return the log's segments, oldest first."""
    found = [
        Segment(int(path.stem), path) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit()
    ]
    return sorted(found, key=lambda segment: segment.base)


def lock(folder: Path) -> int:
    """Take the folder for this process; the lock goes when the process ends, however it ends.

    Raises:
        SpoolError: Another process holds it, or the folder cannot be written.
    """
    try:
        _make(folder)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else str(error)
        msg = (
            f"spool_dir {str(folder)!r} cannot be written ({why}). "
            "Name a folder this user may write."
        )
        raise SpoolError(msg) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        msg = (
            f"spool_dir {str(folder)!r} is in use by another run of the tap. "
            "Wait for it to end, or give each run a spool_dir of its own."
        )
        raise SpoolError(msg) from error
    return handle


def _make(folder: Path) -> None:
    """Make a folder that a power cut does not take back: its name is an entry of its parent."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in new:
        REAL_FILES.sync_folder(one.parent)


def identity(folder: Path, files: Files = REAL_FILES) -> str:
    """Return the log's id, made once when the folder is new.

    Raises:
        SpoolError: The folder's log has a format this version cannot read, or is damaged.
    """
    path = folder / _META
    with contextlib.suppress(FileNotFoundError):
        return _known_identity(folder, path.read_bytes())
    spool_id = uuid.uuid4().hex
    meta = json.dumps({"format": FORMAT_VERSION, "spool_id": spool_id})
    replace_file(path, meta.encode(), files)
    return spool_id


def _known_identity(folder: Path, meta: bytes) -> str:
    try:
        value = json.loads(meta)
        found, spool_id = value["format"], value["spool_id"]
    except (ValueError, TypeError, KeyError) as error:
        msg = (
            f"{_META} in spool_dir {str(folder)!r} is damaged. "
            "Name another folder, or remove that file to have the folder's log sent again."
        )
        raise SpoolError(msg) from error
    if found != FORMAT_VERSION:
        msg = (
            f"spool_dir {str(folder)!r} has format {found!r}, and this version "
            f"reads {FORMAT_VERSION}. Name another folder, or use the version that wrote it."
        )
        raise SpoolError(msg)
    return str(spool_id)


def temporary_folder() -> tuple[Path, bool]:
    """Make a folder for a log that need not outlive the run.

    Returns:
        The folder, and whether it is on a disk. Memory is the last resort and never a silent
        one: a backlog would then grow where the tap promises it does not.
    """
    for parent in (os.environ.get("TMPDIR"), "/var/tmp", tempfile.gettempdir()):  # noqa: S108 - mkdtemp below
        if parent and os.access(parent, os.W_OK) and not in_memory(Path(parent)):
            return Path(tempfile.mkdtemp(prefix="tap-twitter-stream-", dir=parent)), True
    return Path(tempfile.mkdtemp(prefix="tap-twitter-stream-")), False


def in_memory(path: Path) -> bool:
    """Whether the path is on tmpfs or ramfs, as far as this system can tell."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    real = str(path.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        _, mount, filesystem, *_ = line.split(" ")
        inside = real == mount or real.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, filesystem
    return kind in {"tmpfs", "ramfs"}
