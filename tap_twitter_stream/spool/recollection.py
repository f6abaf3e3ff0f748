"""What a log knows at its end, for the run that goes on with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tap_twitter_stream.spool.context import Context
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.disk import Files


def recollect(folder: Path, files: Files) -> Context:
    """Return a context with the books of captured time as they are at the log's end.

    The newest file is enough, as it begins with what was known before it. Nothing may write to it
    meanwhile.
    """
    context = Context()
    found = segments(folder)
    if not found:
        return context
    reader = LogReader(folder, found[-1].base, verify_before=sys.maxsize, files=files)
    try:
        while frames := reader.read():
            for frame in frames:
                if frame.kind is Kind.BYTES:
                    context.received(frame.payload, frame.connection, frame.time_us)
                elif frame.kind is Kind.CORRUPT:
                    context = Context()  # what it has told is not known, so better nothing is
                else:
                    number = frame.connection or frame.position
                    context.note(frame.kind, frame.json(), number, frame.time_us)
    finally:
        reader.close()
    return context
