"""Checkpoints of a run whose records go into files: seal first, then BATCH, then STATE."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Protocol

from tap_twitter_stream.errors import OutputBlockedError
from tap_twitter_stream.instants import iso
from tap_twitter_stream.state import KEY, from_bookmark

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.emit.parquet.files import FileOutput
    from tap_twitter_stream.emit.parquet.run_facts import RunFacts
    from tap_twitter_stream.settings.parquet import ParquetFiles
    from tap_twitter_stream.state import CaptureState

SEAL_LATE = "Files could not be put in their places until the end of shutdown_grace_seconds."
_LOOK_S = 0.1

logger = logging.getLogger("tap-twitter-stream")


class Seals(Protocol):
    """Files that have to be in their places before a STATE may cover them."""

    def is_due(self, position: int) -> bool:
        """Whether files have grown enough, with the log read up to ``position``."""
        ...

    def begin(self, state: CaptureState) -> None:
        """Begin to put in place what was emitted up to a state."""
        ...

    def is_done(self, timeout_s: float) -> bool:
        """Wait at most so long; tell whether it is done."""
        ...


def open_files(files: ParquetFiles | None) -> FileOutput | None:
    """Return the files of a run, None when records go to stdout.

    Raises:
        FilesError: The place for the files cannot be used.
    """
    if files is None:
        return None
    # What writes Parquet takes the pool that Arrow begins with, whatever `set_memory_pool` says;
    # mimalloc, the usual one, kept 27 MB for 6 in use. What the user has set stays.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from tap_twitter_stream.emit.parquet.files import FileOutput  # noqa: PLC0415 - takes pyarrow

    return FileOutput(files)


def held_state(files: FileOutput, state: CaptureState) -> CaptureState:
    """Return the state that a run can go on from behind the files: the given one, or an earlier."""
    whole = files.state_held(state.spool_id, state.mark)
    if whole is None:
        return state
    held, _ = from_bookmark(whole["bookmarks"]["capture_windows"][KEY])
    if held is None:
        return state
    logger.warning(
        "STATE says position %d of the log, but files end elsewhere: going on from their %d.",
        state.position,
        held.position,
    )
    return held


class Sealing:
    """Seals the files of a run; see ``capture.Seals``.

    Args:
        files: Of the run.
        output: The buffer that BATCH messages go to.
        clock: For the time of a seal.
        whole_state: Makes a capture's state part of the STATE and returns that.
    """

    def __init__(
        self,
        files: FileOutput,
        output: Output,
        clock: Clock,
        whole_state: Callable[[CaptureState], dict[str, Any]],
    ) -> None:
        self._files = files
        self._output = output
        self._clock = clock
        self._whole_state = whole_state

    def begin_run(self, facts: RunFacts, state: CaptureState) -> None:
        """Say from where the run begins; files that it is going to write again are removed."""
        removed, kept = self._files.begin(facts, self._whole_state(state))
        if kept:
            logger.warning("%d files hold rows that the spool has lost since; they stay.", kept)
        if removed:
            logger.info(
                "%d files that no STATE had covered are removed; their rows are written again.",
                removed,
            )

    def is_due(self, position: int) -> bool:
        """Tell whether files have grown enough."""
        return self._files.is_due(position)

    def begin(self, state: CaptureState) -> None:
        """Begin to put in place what was emitted up to a state."""
        sealed_at = iso(self._clock.now_us())
        self._files.begin_seal(state.mark, self._whole_state(state), sealed_at)

    def is_done(self, timeout_s: float) -> bool:
        """Wait at most so long; once it is done, the BATCH messages are in the buffer."""
        if not self._files.is_sealed(timeout_s):
            return False
        self._output.parts += self._files.batch_lines()
        return True

    def finish(self, state: CaptureState, deadline_s: float) -> None:
        """Seal at the end of a run.

        Args:
            state: What the files then hold.
            deadline_s: When it must be done, by the monotonic clock.

        Raises:
            OutputBlockedError: It took longer. What is not in its place is written again.
        """
        self.begin(state)
        while not self.is_done(_LOOK_S):
            if self._clock.monotonic_s() >= deadline_s:
                raise OutputBlockedError(SEAL_LATE)
