"""Frames of a log that is nowhere written: what an archive holds, in the shape a replay takes."""

from __future__ import annotations

from dataclasses import dataclass

from tap_twitter_stream.spool.frames import Frame, Kind


@dataclass(frozen=True, slots=True)
class ArchiveFrame(Frame):
    """A frame without a header, so that positions do not depend on how the bytes were cut.

    A frame of bytes is as long as its payload, each other one takes one position.
    """

    @property
    def payload_position(self) -> int:
        """Position of the payload's first byte."""
        return self.position

    @property
    def end(self) -> int:
        """Position behind the frame."""
        return self.position + (len(self.payload) if self.kind is Kind.BYTES else 1)
