"""Walk through the files of an archive and make frames of them, as a receiver does of a stream."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tap_twitter_stream.archive.byte_source import BLOCK_BYTES
from tap_twitter_stream.archive.place import Place, digest_of
from tap_twitter_stream.archive.texts import leaves
from tap_twitter_stream.errors import DamagedArchiveError
from tap_twitter_stream.spool.entries import Closed, End, Opened, Stopped, encode
from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.wire.rows import stable_id

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_twitter_stream.archive.byte_source import Source
    from tap_twitter_stream.archive.place import Start
    from tap_twitter_stream.archive.position_map import Trail
    from tap_twitter_stream.archive.texts import Leaf
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.spool.entries import Entry, Window

ENDPOINT = "archive"

logger = logging.getLogger("tap-twitter-stream")


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


class Walk:
    """One pass over files: ``frames`` yields what a log of them would hold.

    Each text, be it a file or a member of one, is a connection: opened, bytes, closed.

    Args:
        start: What is to be read, from where on.
        trail: Is told which position is which place, before the frame goes out.
        window: What the run says of itself; its frame comes first and takes one position.
        clock: For when frames are made.
        position: Of the first frame.
    """

    def __init__(
        self, start: Start, trail: Trail, window: Window, clock: Clock, position: int = 0
    ) -> None:
        self._start = start
        self._trail = trail
        self._window = window
        self._clock = clock
        self._position = position

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of the whole archive, the window's first, its end last.

        Raises:
            CaptureFailedError: A file cannot be read.
        """
        yield self._frame(Kind.WINDOW, 0, self._window)
        at = self._start.at
        for file in self._start.files:
            if file.name != at.name:
                at = Place(
                    file.name,
                    done_total=at.done_total + 1,
                    digest=at.digest ^ digest_of(at.name),
                )
            at = replace(at, size_bytes=file.size_bytes)
            yield from self._file(at)
        yield self._frame(Kind.STOPPED, 0, Stopped(reason="finished"))

    def _file(self, at: Place) -> Iterator[Frame]:
        last, told = at, None
        try:
            for number, leaf in enumerate(leaves(Path(at.name))):
                if number < at.leaf:
                    continue
                begin = at if number == at.leaf else replace(at, leaf=number, offset=0, counts=())
                last, told = yield from self._text(begin, leaf)
        except DamagedArchiveError as failure:
            if failure is not told:  # else the text inside which it was found has its row
                yield from self._nothing(at, failure)
        self._trail.mark(self._position, replace(last, is_whole=True, counts=()))

    def _text(
        self, begin: Place, leaf: Leaf
    ) -> Generator[Frame, None, tuple[Place, DamagedArchiveError | None]]:
        """Yield one text; return the place at its end, and what was wrong with it."""
        number, failure = self._position, None
        name = f"{begin.name}!{leaf.name}" if leaf.name else begin.name
        opened = self._opened(begin, name, leaf.modified_us)
        yield self._frame(Kind.OPENED, number, opened)
        self._trail.mark(self._position, begin, is_text=True)
        offset = begin.offset
        try:
            leaf.source.skip(begin.offset)
            while data := _block(leaf.source):
                yield self._frame(Kind.BYTES, number, data)
                offset += len(data)
        except DamagedArchiveError as error:
            failure = error
            logger.error("%s is damaged: %s. What comes before that was read.", name, error)  # noqa: TRY400 - no traceback: the sentence says all
        yield self._closed(opened, number, failure)
        self._trail.mark(self._position, replace(begin, leaf=begin.leaf + 1, offset=0, counts=()))
        return replace(begin, offset=offset), failure

    def _nothing(self, at: Place, failure: DamagedArchiveError) -> Iterator[Frame]:
        """Yield the row of a file whose rest cannot be told apart."""
        logger.error("%s is damaged: %s. What comes before that was read.", at.name, failure)
        number = self._position
        opened = self._opened(replace(at, offset=0), at.name, 0)
        yield self._frame(Kind.OPENED, number, opened)
        yield self._closed(opened, number, failure)

    def _opened(self, begin: Place, name: str, modified_us: int) -> Opened:
        return Opened(
            connection_id=stable_id(ENDPOINT, name),
            endpoint=ENDPOINT,
            delivery=ENDPOINT,
            opened_at_us=self._clock.now_us(),
            source=name,
            modified_us=modified_us,
            base=self._position + 1 - begin.offset,
        )

    def _closed(self, opened: Opened, number: int, failure: DamagedArchiveError | None) -> Frame:
        closed = Closed.after(
            opened,
            ending=End(kind="damaged" if failure else "end_of_file"),
            description=f"Damaged: {failure}." if failure else "Read to its end.",
        )
        return self._frame(Kind.CLOSED, number, closed)

    def _frame(self, kind: Kind, connection: int, content: bytes | Entry) -> Frame:
        payload = content if isinstance(content, bytes) else encode(content)
        frame = ArchiveFrame(self._position, self._clock.now_us(), connection, kind, payload)
        self._position = frame.end
        return frame


def _block(source: Source) -> bytes:
    """Return the next bytes: a whole block, unless the source ends or fails before."""
    pieces: list[bytes] = []
    left_bytes = BLOCK_BYTES
    while left_bytes:
        try:
            piece = source.read(left_bytes)
        except DamagedArchiveError:
            if pieces:
                break  # the next call fails in the same way
            raise
        if not piece:
            break
        pieces.append(piece)
        left_bytes -= len(piece)
    return b"".join(pieces)
