"""Open an archive in a log's stead: find its files, see what was read, read on from there."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from tap_twitter_stream.archive.files import find_files
from tap_twitter_stream.archive.frames import Walk
from tap_twitter_stream.archive.messages import ArchiveDelivery
from tap_twitter_stream.archive.place import from_state, start_from
from tap_twitter_stream.archive.position_map import Trail
from tap_twitter_stream.archive.reader import ArchiveReader
from tap_twitter_stream.archive.texts import leaves
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.connection import Stats
from tap_twitter_stream.replay.source import Source
from tap_twitter_stream.state import CaptureState

if TYPE_CHECKING:
    from tap_twitter_stream.archive.place import Place
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.settings.values import Settings
    from tap_twitter_stream.spool.entries import Window

_LEAST_LINE_BYTES = 64 << 20  # a page of twarc2 holds up to 500 posts with all that belongs to them

logger = logging.getLogger("tap-twitter-stream")


def open_archive(
    settings: Settings, state: CaptureState | None, window: Window, clock: Clock
) -> Source:
    """Start to read what is left of an archive.

    Args:
        settings: With the paths.
        state: Of the last run; its part about a live capture is kept as it is.
        window: What the run says of itself, but for when it starts.
        clock: Tells when files are read.

    Raises:
        CaptureFailedError: A path names nothing, or may not be read.
    """
    place, complaint = from_state(state.archive if state else None)
    start = start_from(place, find_files(settings.archive_paths))
    for note in (complaint, *start.notes):
        if note:
            logger.warning("%s", note)
    size_mb = sum(file.size_bytes for file in start.files) / 1e6
    logger.info("Reading %d files of the archive, %.1f MB.", len(start.files), size_mb)
    position, log_id = place.position, place.log_id or f"archive-{window.window_id}"
    trail = Trail(start.at, position)
    window = structs.replace(window, started_at_us=clock.now_us(), spool_id=log_id, durable=True)
    reader = ArchiveReader(Walk(start, trail, window, clock, position).frames())
    base = state or CaptureState(spool_id="", position=0)
    return Source(
        link=reader,
        reader=reader,
        spool_id=log_id,
        state=began_at(start.at, log_id, position, base),
        resume=position,
        own_from=position,
        keep=lambda exported: kept(base, exported, trail),
        dedupe=Dedupe(settings.dedupe.window_s, settings.dedupe.max_ids),
        max_line_bytes=max(settings.network.max_line_bytes, _LEAST_LINE_BYTES),
        delivery=ArchiveDelivery,
    )


def probe_archive(settings: Settings) -> str:
    """Look at an archive, for ``--test``: find its files, open the first one.

    Returns:
        What it showed, in one sentence.

    Raises:
        CaptureFailedError: A path names nothing, or may not be read.
    """
    files = find_files(settings.archive_paths)
    for leaf in leaves(Path(files[0].name)) if files else ():
        leaf.source.peek(1)
        break
    return f"`archive_paths` names {len(files)} files, which can be read."


def began_at(at: Place, log_id: str, position: int, base: CaptureState) -> CaptureState:
    """Return what the replay knows: that the first text goes on, with what was counted of it."""
    opened = position + 1  # behind the window's frame
    row = [opened, opened + 1, *at.counts]
    return CaptureState(log_id, position, connections=[row], window=base.window)


def kept(base: CaptureState, exported: CaptureState, trail: Trail) -> CaptureState:
    """Return the STATE that covers what a replay has emitted."""
    place = trail.place_at(exported.read_from)
    if place.offset and exported.connections and not place.is_whole:
        stats = Stats.of(exported.connections[0][2:])
        stats.bytes = place.offset  # without those of the line that is read again
        place = replace(place, counts=tuple(stats.row()))
    place = replace(place, log_id=exported.spool_id, position=exported.position)
    return replace(base, window=exported.window, archive=place.to_state())
