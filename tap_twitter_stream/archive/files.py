"""Find the files that `archive_paths` names."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tap_twitter_stream.archive.place import File
from tap_twitter_stream.archive.texts import is_archive_name
from tap_twitter_stream.errors import CaptureFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def find_files(patterns: Sequence[str]) -> list[File]:
    """Return the files in the order of their names, each once.

    Args:
        patterns: Files, folders (read to their depth) and globs (`**` too), absolute.

    Raises:
        CaptureFailedError: One that names nothing, or cannot be read.
    """
    found = {path for pattern in patterns for path in _matches(pattern)}
    return sorted((_file(path) for path in found), key=lambda file: file.name)


def _matches(pattern: str) -> Iterator[str]:
    # What is there by this name comes first: a name may have a bracket in it.
    paths = [pattern] if Path(pattern).exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207 - absolute
    if not paths:
        raise _refused(pattern, "names no file", "Correct it.")
    for path in paths:
        if Path(path).is_dir():
            yield from _inside(path)
        else:
            yield path


def _inside(folder: str) -> Iterator[str]:
    for inner, subfolders, names in os.walk(folder, onerror=_raise):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield from (os.path.join(inner, name) for name in names if is_archive_name(name))  # noqa: PTH118 - faster for a million names


def _file(path: str) -> File:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise _refused(repr(path), "has a name that is not UTF-8", "Rename it.") from None
    if not os.access(path, os.R_OK):
        raise _refused(path, "may not be read", "Give the tap's user the right to.")
    return File(path, Path(path).stat().st_size)


def _raise(error: OSError) -> None:
    raise _refused(str(error.filename), f"cannot be read ({error.strerror})", "Mend that.")


def _refused(path: str, what: str, remedy: str) -> CaptureFailedError:
    return CaptureFailedError(f"`archive_paths`: {path} {what}.", remedy)
