"""The event log as a run's source: its folder, a receiver that fills it, a reader of it."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.capture.poison_guard import Starts
from tap_twitter_stream.capture.receiver_link import ReceiverLink
from tap_twitter_stream.coverage.fill_plan import MOST_BACKFILL_MINUTES
from tap_twitter_stream.coverage.pending_gaps import missing_since
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.receive.protocol import Hello, Order
from tap_twitter_stream.replay.source import Source
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.spool.folder import in_memory, temporary_folder
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.spool.seen_ids import SeenIds
from tap_twitter_stream.wire.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.replay.replay import Replay
    from tap_twitter_stream.settings.values import Settings
    from tap_twitter_stream.state import CaptureState

logger = logging.getLogger("tap-twitter-stream")


class Receiving:
    """A live capture: what X sends goes into a log, and is read from there.

    Args:
        settings: Of the run.
        clock: Says how old what is missing is.
        window_id: Of the run.
        version: Of the tap.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        window_id: str,
        version: str,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._window_id = window_id
        self._version = version
        self._starts: Starts | None = None
        self._folder, self._durable = self._log_folder()

    def close(self) -> None:
        """Remove a log that is not to outlive the run."""
        if not self._durable:
            shutil.rmtree(self._folder, ignore_errors=True)

    def ended(self) -> None:
        """Note that the run ended by no message's doing."""
        if self._starts:
            self._starts.ended()

    def open(self, state: CaptureState | None) -> Source:
        """Start a receiver that goes on from a state.

        Raises:
            SpoolError: The receiver could not open the log.
        """
        folder, durable = self._folder, self._durable
        archive = state.archive if state else None
        link = ReceiverLink(self._order(state))
        hello = link.hello
        if hello.note:
            logger.warning("%s", hello.note)
        state, emitted = resumed(state, hello)
        dedupe = Dedupe(
            self._settings.dedupe.window_s, self._settings.dedupe.max_ids, journal=durable
        )
        seen = SeenIds(folder, hello.spool_id, dedupe) if durable else None
        if seen:
            seen.restore(emitted)
        # Between two seals of files the position stands still however well all goes, so it says
        # nothing of a message that no target survives; and files have no target.
        careful = durable and self._settings.files is None
        return Source(
            link=link,
            reader=LogReader(folder, hello.resume, verify_before=hello.end),
            spool_id=hello.spool_id,
            state=state,
            resume=hello.resume,
            own_from=hello.end,
            keep=partial(_kept, seen, archive),
            careful_before=partial(self._careful_before, hello, state) if careful else None,
            dedupe=dedupe,
            max_line_bytes=self._settings.network.max_line_bytes,
            durable=durable,
            log_continues=emitted is not None,
            latest=hello.latest,
        )

    def _careful_before(self, hello: Hello, state: CaptureState | None, replay: Replay) -> int:
        """Return up to where lines go one by one, as the runs before this one ended badly."""
        self._starts = Starts(self._folder)
        start = self._starts.begin(hello.spool_id, hello.resume, state)
        if start.sets_aside:
            replay.set_first_aside()
        return hello.end if start.careful else 0

    def _order(self, state: CaptureState | None) -> Order:
        if state and not state.spool_id:  # it only knows an archive
            state = None
        return Order(
            settings=self._settings,
            window_id=self._window_id,
            folder=str(self._folder),
            durable=self._durable,
            max_bytes=self._settings.spool.max_bytes,
            tap_version=self._version,
            state=state,
            missing=missing_since(
                state.ledger if state else [],
                state.gaps if state else [],
                idle_too=self._settings.gap_fill.idle_is_gap,
                not_before_us=self._clock.now_us() - MOST_BACKFILL_MINUTES * 60_000_000,
            ),
        )

    def _log_folder(self) -> tuple[Path, bool]:
        """Return the log's folder, and whether it outlives the run; say which promise holds."""
        fields = self._settings.fields
        takes_fields = any(ENDPOINTS[name].field_params for name in self._settings.endpoints)
        if takes_fields and fields == parse_settings({}, require_auth=False).fields:
            logger.info("All fields and expansions are asked for: about 3.5 KB a post.")
        spool, names = self._settings.spool, ", ".join(self._settings.endpoints)
        if spool.dir:
            logger.info(
                "Capturing %s. What is received is on disk within %d ms (%s) and survives a crash.",
                names,
                spool.fsync_ms,
                spool.dir,
            )
            if in_memory(Path(spool.dir)):
                logger.warning(
                    "spool_dir %s is in memory: what it holds goes with the machine or container, "
                    "and it takes memory from both. Set it to a disk.",
                    spool.dir,
                )
            return Path(spool.dir), True
        folder, on_disk = temporary_folder()
        logger.info(
            "Capturing %s. Without spool_dir a crash loses what was received but not yet %s.",
            names,
            "sealed in a file" if self._settings.files else "emitted",
        )
        if not on_disk:
            logger.warning("The temporary spool %s is in memory: set spool_dir to a disk.", folder)
        return folder, False


def _kept(
    seen: SeenIds | None, archive: dict[str, Any] | None, exported: CaptureState
) -> CaptureState:
    """Return the STATE of a live capture, when what it has seen is on disk."""
    if seen:
        seen.keep(exported.mark)
    return replace(exported, archive=archive)


def resumed(
    state: CaptureState | None, hello: Hello
) -> tuple[CaptureState | None, tuple[int, int] | None]:
    """Return the state that fits the log, and the mark up to which records were emitted, if any.

    What was emitted, and no record after it, is what the last STATE covers.
    """
    emitted = None
    if state and state.spool_id == hello.spool_id and state.read_from == hello.resume:
        emitted = state.mark
    elif state:
        state = replace(state, spool_id=hello.spool_id, position=hello.resume, connections=[])
    if state:  # what was ahead of the log is gone with the log's tail: new frames come there
        state = replace(state, position=min(state.position, hello.end))
    return state, emitted
