"""Checkpoints of a run: the log to disk, files into their places, then BATCH and STATE."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Protocol

from tap_twitter_stream.errors import OutputBlockedError
from tap_twitter_stream.instants import iso
from tap_twitter_stream.state import KEY, from_bookmark

if TYPE_CHECKING:
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.emit.output import Output
    from tap_twitter_stream.emit.parquet.files import FileOutput
    from tap_twitter_stream.emit.parquet.run_facts import RunFacts
    from tap_twitter_stream.replay.replay import Replay
    from tap_twitter_stream.replay.source import Source
    from tap_twitter_stream.settings.parquet import ParquetFiles
    from tap_twitter_stream.state import CaptureState

SEAL_LATE = "Files could not be put in their places until the end of shutdown_grace_seconds."
_LOOK_S = 0.1

logger = logging.getLogger("tap-twitter-stream")


class StateStream(Protocol):
    """What checkpoints need of the parent stream, whose bookmark is the capture's state."""

    def state_with(self, state: CaptureState, captured_at: str) -> dict[str, Any]:
        """Return the whole STATE with a position in it."""

    def write_capture_state(self, state: CaptureState, captured_at: str) -> None:
        """Write a STATE with a position in it."""

    def set_capture_state(self, state: CaptureState, captured_at: str) -> None:
        """Make a position part of the next STATE."""


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


class Checkpoints:
    """Writes down how far a run has come: the log to disk first, then files, then STATE.

    Args:
        stream: Takes the state.
        source: The log that was read, and what STATE has of it beside the position.
        replay: Exports the state.
        output: The buffer that BATCH messages go to.
        clock: For the time of a STATE, and for when the next one is due.
        interval_s: Between two STATEs.
        files: Of the run, None when records go to stdout.
    """

    def __init__(  # noqa: PLR0913 - what a checkpoint holds together, each named at the only call
        self,
        stream: StateStream,
        source: Source,
        replay: Replay,
        output: Output,
        clock: Clock,
        *,
        interval_s: float,
        files: FileOutput | None = None,
    ) -> None:
        self._stream = stream
        self._source = source
        self._replay = replay
        self._output = output
        self._clock = clock
        self._interval_s = interval_s
        self._files = files
        self._next_s = clock.monotonic_s() + interval_s
        self._state = replay.export()

    @property
    def seals_files(self) -> bool:
        """Whether files have to be in their places before a STATE may cover them."""
        return self._files is not None

    def begin_run(self, facts: RunFacts) -> None:
        """Say in the files from where the run begins; those it is going to write again go."""
        if self._files is None:
            return
        removed, kept = self._files.begin(facts, self._whole_state(self._state))
        if kept:
            logger.warning("%d files hold rows that the spool has lost since; they stay.", kept)
        if removed:
            logger.info(
                "%d files that no STATE had covered are removed; their rows are written again.",
                removed,
            )

    def due_in_s(self) -> float:
        """Return seconds until the next one is due by time; 0 or less when it is."""
        return self._next_s - self._clock.monotonic_s()

    def is_due(self) -> bool:
        """Whether it is time, or files have grown enough."""
        grown = self._files is not None and self._files.is_due(self._replay.position)
        return grown or self.due_in_s() <= 0

    def begin(self, *, certified: bool = False) -> None:
        """Take the state as it is now, after what it covers is on disk; begin to seal it.

        Args:
            certified: The window's row is written, so no later run need write it.
        """
        self._next_s = self._clock.monotonic_s() + self._interval_s
        if self._source.durable:
            self._source.reader.sync()
        self._state = self._replay.export(certified=certified)
        if self._files:
            whole = self._whole_state(self._state)
            self._files.begin_seal(self._state.mark, whole, self._now())

    def is_sealed(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s``; once it is done, the BATCH messages are in the buffer."""
        if self._files is None:
            return True
        if not self._files.is_sealed(timeout_s):
            return False
        self._output.parts += self._files.batch_lines()
        return True

    def write(self) -> None:
        """Write the STATE of what was begun and sealed."""
        self._stream.write_capture_state(self._source.keep(self._state), self._now())

    def write_for_one_message(self) -> None:
        """Write a STATE between two messages of earlier runs, whose log is on disk already."""
        self._state = self._replay.export()
        self.write()

    def finish_files(self, deadline_s: float, *, certified: bool = False) -> None:
        """Seal what is left at the end of a run.

        Args:
            deadline_s: When it must be done, by the monotonic clock.
            certified: As in :meth:`begin`.

        Raises:
            OutputBlockedError: It took longer. What is not in its place is written again.
        """
        self.begin(certified=certified)
        while not self.is_sealed(_LOOK_S):
            if self._clock.monotonic_s() >= deadline_s:
                raise OutputBlockedError(SEAL_LATE)

    def certify(self) -> None:
        """Make the state that a certified window leaves part of the last STATE."""
        state = self._source.keep(self._replay.export(certified=True))
        self._stream.set_capture_state(state, self._now())

    def _whole_state(self, state: CaptureState) -> dict[str, Any]:
        return self._stream.state_with(self._source.keep(state), self._now())

    def _now(self) -> str:
        return iso(self._clock.now_us())
