"""Keep the ids that were emitted lately over a restart, beside the log.

Filling a gap brings posts again that the run before has emitted. Each STATE is preceded by a block
of the ids emitted since the last one, under the mark of that STATE: a run that starts from an older
one emits what follows it anew, so it must not know the ids of later blocks. A position alone does
not tell two STATEs apart: a record limit ends a run inside a frame, and the position stays.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_twitter_stream.policy.dedupe import Dedupe

_SUFFIX = ".ids"
_BLOCK_IDS = 20_000

logger = logging.getLogger("tap-twitter-stream")


class _Block(msgspec.Struct, array_like=True):
    """What one STATE adds: key to families, as :class:`Dedupe` has them."""

    spool_id: str
    mark: tuple[int, int]
    ids: dict[str, int]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Block).decode


class SeenIds:
    """One file for each of the two generations of ids. What cannot be kept costs duplicates only.

    Args:
        folder: Of the log.
        spool_id: Of the log; positions of another one mean nothing.
        dedupe: Whose memory is kept; it must keep a journal.
    """

    def __init__(self, folder: Path, spool_id: str, dedupe: Dedupe) -> None:
        self._folder = folder
        self._spool_id = spool_id
        self._dedupe = dedupe
        self._turns = dedupe.turns
        self._number = 0
        self._works = True

    def restore(self, mark: tuple[int, int] | None) -> None:
        """Remember what was emitted up to a STATE; None: nothing was. Later ids are dropped."""
        found = _files(self._folder)
        older, younger = (
            _ids(path, self._spool_id, mark) if mark is not None else {}
            for path in [*[None] * 2, *found][-2:]
        )
        self._dedupe.restore(older, younger)
        self._turns = self._dedupe.turns
        self._number = (int(found[-1].stem) if found else 0) + 2
        with self._trouble():
            for number, ids in ((self._number - 1, older), (self._number, younger)):
                block = _Block(self._spool_id, mark or (0, 0), ids)
                self._path(number).write_bytes(_encode(block) + b"\n")
            for path in found:
                path.unlink()

    def keep(self, mark: tuple[int, int]) -> None:
        """Write down what was emitted since the last call; a STATE of this mark may follow."""
        if not self._works:
            return
        of_old, of_young = self._dedupe.take_journal()
        turned = self._dedupe.turns - self._turns
        self._turns = self._dedupe.turns
        with self._trouble():
            if turned:
                self._number += turned > 1  # none of what is on disk is remembered any more
                self._write(of_old, mark)
                self._number += 1
                for path in _files(self._folder):
                    if int(path.stem) < self._number - 1:
                        path.unlink()
            self._write(of_young, mark)

    def _write(self, ids: list[str], mark: tuple[int, int]) -> None:
        """Append ids to the current file, in blocks that take little memory to make."""
        if not ids:
            return
        families = self._dedupe.families
        with self._path(self._number).open("ab") as file:
            for first in range(0, len(ids), _BLOCK_IDS):
                some = {key: families(key) for key in ids[first : first + _BLOCK_IDS]}
                file.write(_encode(_Block(self._spool_id, mark, some)) + b"\n")

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._works = False
            logger.warning(
                "Ids cannot be kept for the next run (%s): it may emit some posts twice.",
                error.strerror,
            )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def _ids(path: Path | None, spool_id: str, mark: tuple[int, int]) -> dict[str, int]:
    """Read one file up to a mark; what a crash left half-written ends it."""
    ids: dict[str, int] = {}
    if path is None:
        return ids
    with contextlib.suppress(OSError, msgspec.DecodeError), path.open("rb") as file:
        for line in file:
            block = _decode(line)
            if block.spool_id == spool_id and block.mark <= mark:
                ids.update(block.ids)
    return ids
