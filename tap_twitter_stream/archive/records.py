"""Records of an archive: as those of a stream, but no object is overwritten by an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_twitter_stream.policy.newest_version import Newest
from tap_twitter_stream.replay.records import Records
from tap_twitter_stream.wire.rows import error_row

if TYPE_CHECKING:
    from tap_twitter_stream.emit.emitter import Emitter
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.options import ReplayOptions
    from tap_twitter_stream.replay.tally import Tally
    from tap_twitter_stream.wire.messages import Page
    from tap_twitter_stream.wire.stamps import Origin, Stamp

_MOST_IDS = 400_000  # some 120 bytes each


class _Key(msgspec.Struct, gc=False):
    id: str = ""
    media_key: str = ""


_decode_key = msgspec.json.Decoder(_Key).decode


class ArchiveRecords(Records):
    """Writes the records of lines that may be of any age, in any order.

    ``true_us`` is when the line now dealt with was true.
    """

    def __init__(
        self, options: ReplayOptions, emitter: Emitter, dedupe: Dedupe, tally: Tally
    ) -> None:
        super().__init__(options, emitter, dedupe, tally)
        self._newest = Newest(_MOST_IDS)
        self.true_us = 0

    def page(self, page: Page, origin: Origin, stamp: Stamp, position: int) -> None:
        """Emit a page that somebody kept; a page of users has nothing else."""
        for post in page.posts:
            self.post(post, origin, stamp)
        self.included(page.includes, stamp)
        for index, problem in enumerate(page.problems):
            place = f"{self.log_id}:{position}:{index}"
            self._emitter.write("errors", error_row(problem, kind="partial", place=place), stamp)
        for index, (junk, raw) in enumerate(page.junk):
            self.letter(raw, junk, position + index, stamp)

    def included(self, groups: list[tuple[str, list[bytes]]], stamp: Stamp) -> None:
        """Emit what came beside a message, unless a newer version of it has been emitted."""
        for stream, objects in groups:
            self._emitter.write_all(stream, self._fresh(stream, objects), stamp)

    def _fresh(self, stream: str, objects: list[bytes]) -> list[bytes]:
        found = []
        for raw in objects:
            key = _decode_key(raw)
            if self._newest.is_stale(stream, key.media_key or key.id, self.true_us):
                self._emitter.drop_filtered(stream)
            else:
                found.append(raw)
        return found
