"""Exchange two folders in one step, so that whoever looks sees the one or the other."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

from tap_twitter_stream.errors import FilesError

if TYPE_CHECKING:
    from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def exchange(one: Path, other: Path) -> None:
    """Swap the names of two folders of one disk.

    Raises:
        FilesError: This system or its disk cannot do it in one step.
    """
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError) as error:
        raise FilesError(_unable(one, "no renameat2")) from error
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        raise FilesError(_unable(one, os.strerror(ctypes.get_errno())))


def _unable(folder: Path, why: str) -> str:
    return (
        f"{folder} cannot be exchanged for another folder in one step here ({why}): readers would"
        " see half of it. Compact a copy on a local Linux disk."
    )
