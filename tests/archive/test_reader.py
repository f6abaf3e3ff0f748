"""An archive is read ahead by so much, and whatever ends that is noticed."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import pytest

from tap_twitter_stream.archive.frames import ArchiveFrame
from tap_twitter_stream.archive.reader import ArchiveReader
from tap_twitter_stream.errors import CaptureFailedError
from tap_twitter_stream.spool.frames import Kind
from tests.e2e.harness import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.spool.frames import Frame

BLOCK = b"x" * 100_000


class Source:
    """Frames without end, or until something happens; counts what was taken."""

    def __init__(self, frames: int = 10**9, failure: Exception | None = None) -> None:
        self._frames = frames
        self._failure = failure
        self.taken = 0

    def frames(self) -> Iterator[Frame]:
        while self.taken < self._frames:
            self.taken += 1
            yield ArchiveFrame(self.taken, 0, 1, Kind.BYTES, BLOCK)
        if self._failure:
            raise self._failure


def read_all(reader: ArchiveReader) -> int:
    """Read as the capture does; return how many frames came."""
    found = 0
    while True:
        ended = reader.ended
        frames = reader.read()
        found += len(frames)
        if not frames:
            if ended:
                return found
            ready, _, _ = select.select([reader.ring_handle], [], [], 10)
            assert ready, "no ring came"
            reader.drain_ring()


def test_every_frame_comes_once_and_a_ring_tells_of_it() -> None:
    reader = ArchiveReader(Source(300).frames())
    assert read_all(reader) == 300
    assert reader.last_words == ""
    reader.close()


def test_reading_ahead_ends_at_its_bound_and_goes_on() -> None:
    source = Source()
    reader = ArchiveReader(source.frames())
    assert wait_until(lambda: source.taken > 80)
    assert not wait_until(lambda: source.taken > 90, 0.2)
    while source.taken < 200:
        reader.read()
    reader.close()


def test_a_stop_ends_it_and_leaves_the_rest() -> None:
    reader = ArchiveReader(Source().frames())
    reader.stop()
    assert reader.ended
    assert reader.read() == []
    reader.close()
    reader.close()


def test_a_file_that_cannot_be_read_is_its_last_word() -> None:
    failure = CaptureFailedError("The file is gone.", "Bring it back.")
    reader = ArchiveReader(Source(3, failure).frames())
    assert read_all(reader) == 3
    assert reader.last_words == "The file is gone. Bring it back."
    reader.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_is_told_too() -> None:
    reader = ArchiveReader(Source(1, ZeroDivisionError("x")).frames())
    assert read_all(reader) == 1
    assert "Please report it" in reader.last_words
    reader.close()
