"""Small logs to write and read in tests."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.disk import REAL_FILES
from tap_twitter_stream.spool.entries import ENTRY_OF, parse
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.spool.writer import LogWriter
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.disk import Files

NO_BOUND = 1 << 40


def nothing() -> None:
    """Ring no bell."""


def writer(  # noqa: PLR0913 - what a test may want to choose
    folder: Path,
    *,
    max_bytes: int = NO_BOUND,
    clock: Clock | None = None,
    ring: Callable[[], None] = nothing,
    durable: bool = False,
    acknowledged: tuple[str | None, int | None] = (None, None),
    files: Files = REAL_FILES,
) -> LogWriter:
    return LogWriter(
        folder,
        max_bytes=max_bytes,
        durable=durable,
        clock=clock or FakeClock(),
        ring=ring,
        acknowledged=acknowledged,
        files=files,
    )


def write_payloads(folder: Path, payloads: list[bytes]) -> int:
    """Append BYTES frames in a run of their own; return where the log ends."""
    log = writer(folder)
    for payload in payloads:
        log.append(Kind.BYTES, payload, connection=8)
    log.close()
    return log.end


def frames_from(folder: Path, position: int = 0, verify_before: int = NO_BOUND) -> list[Frame]:
    """Read every frame that there is."""
    reader = LogReader(folder, position, verify_before)
    found: list[Frame] = []
    while frames := reader.read():
        found += frames
    reader.close()
    return found


def payloads(frames: list[Frame]) -> list[bytes]:
    return [frame.payload for frame in frames if frame.kind is Kind.BYTES]


def abandon(log: LogWriter) -> None:
    """Leave a log as a killed process does: nothing is forced, the lock is free."""
    os.close(log._handle)  # noqa: SLF001 - nobody else knows them
    os.close(log._lock_handle)  # noqa: SLF001


def encode_json(value: object) -> bytes:
    """Return a value as frames hold it."""
    return json.dumps(value, separators=(",", ":")).encode()


def held(frame: Frame) -> dict[str, Any]:
    """Return the JSON object that a frame holds."""
    value: dict[str, Any] = json.loads(frame.payload)
    return value


def note(log: LogWriter, kind: Kind, value: object, *, connection: int = 0) -> int:
    """Append an entry that is given as its JSON object; return its position."""
    return log.append_entry(parse(value, ENTRY_OF[kind]), connection=connection)
