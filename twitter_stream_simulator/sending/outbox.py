"""The posts of one connection on their way out: how many in, bytes on the link and notes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twitter_stream_simulator.material.blocks import CRLF
from twitter_stream_simulator.material.ids import each
from twitter_stream_simulator.sending.broadcast import Reader
from twitter_stream_simulator.sending.link import ClientGoneError, PartlySentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twitter_stream_simulator.material.blocks import Block
    from twitter_stream_simulator.oracle.notes import Connection, Seen
    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.sending.broadcast import Broadcast
    from twitter_stream_simulator.sending.link import Link
    from twitter_stream_simulator.sending.past import Batch
    from twitter_stream_simulator.sending.supply import Feed, Supply


@dataclass(slots=True)
class Outbox:
    """Sends posts, and tells the oracle and the past what went out."""

    link: Link
    feed: Feed
    supply: Supply
    oracle: Oracle
    connection: Connection
    broadcast: Broadcast
    reader: Reader = field(default_factory=Reader)

    def send(self, count: int) -> int | None:
        """Send up to ``count`` posts; 0 if no rule matches, ``None`` if the limit is reached."""
        batch = self._next(count)
        if batch is None:
            return None if self.supply.is_used_up(self.connection.channel) else 0
        self._send(batch, "copy")
        return batch.count

    def repeat(self, batches: Iterable[Batch]) -> None:
        """Send posts again, or late for the first time.

        Raises:
            ClientGoneError: The client closed first.
        """
        for batch in batches:
            self._send(batch, "repeat")

    def next_post(self) -> Batch | None:
        """Return the next post, ``None`` if no rule matches or the limit is reached."""
        return self._next(1)

    def post_beyond_limit(self) -> Batch | None:
        """Return one that no other connection gets, ``None`` if no rule matches."""
        return self._keep(self.feed.draw(1))

    def drip(self, batch: Batch, size_bytes: int = 0) -> None:
        """Send a post one byte to a chunk, filled up with blanks to a size."""
        block = self.feed.block(batch)
        if block is None:
            return
        text = block.lines()[0]
        try:
            self.link.drip(text.ljust(size_bytes - len(CRLF)) + CRLF)
        except ClientGoneError:
            self._cut(batch)
            raise
        seen: Seen = "repeat" if self.connection.recovery else "copy"
        self._sent(block, batch, seen, padding=max(0, size_bytes - len(text) - len(CRLF)))

    def cut(self, batch: Batch, *, in_chunk: bool) -> None:
        """Send the first half of a post, perhaps of its chunk as well."""
        block = self.feed.block(batch)
        if block is None:
            return
        text = block.lines()[0]
        self._cut(batch)
        if in_chunk:
            self.link.send_cut_chunk(text[: len(text) // 2], len(text) + len(CRLF))
        else:
            self.link.send(text[: len(text) // 2])

    def _next(self, count: int) -> Batch | None:
        """Return the next posts of the channel."""
        return self.broadcast.take(self.reader, count, self._make)

    def _make(self, count: int) -> Batch | None:
        """Return up to so many new posts, as far as the limit allows them."""
        channel = self.connection.channel
        granted = self.supply.claim(channel, count)
        batch = self._keep(self.feed.draw(granted)) if granted else None
        if unused := granted - (batch.count if batch else 0):
            self.supply.give_back(channel, unused)
        return batch

    def _keep(self, batch: Batch | None) -> Batch | None:
        if batch:
            self.supply.past.keep(self.connection.channel, batch)
        return batch

    def _send(self, batch: Batch, seen: Seen) -> None:
        """Send posts and note what went out; ``seen`` marks those that somebody got before."""
        block = self.feed.block(batch)
        if block is None:
            return
        chunk_each = self.supply.scenario.chunking == "message"
        try:
            self.link.send_block(block, chunk_each=chunk_each)
        except PartlySentError as gone:
            self._sent(block, batch.head(gone.complete), seen)
            if gone.partial and gone.complete < batch.count:
                self._cut(batch.rest(gone.complete).head(1))
            raise
        self._sent(block, batch, seen)

    def _cut(self, post: Batch) -> None:
        """Note one post of which only a part was sent: it happened, whoever gets it."""
        self.supply.past.begun(post)
        self.oracle.cut(self.connection, str(post.ids()[0]))

    def _sent(self, block: Block, batch: Batch, seen: Seen, *, padding: int = 0) -> None:
        """Note the first messages of a block: some that are seen already, then new ones."""
        total, sums_bytes = batch.count, block.sums_bytes
        old = total - self.supply.past.got(batch)
        if old:
            size_bytes = sums_bytes[old] + padding
            self.oracle.sent(self.connection, batch.head(old).runs, size_bytes, seen=seen)
        if old < total:
            size_bytes = sums_bytes[total] - sums_bytes[old] + padding
            self.oracle.sent(self.connection, batch.rest(old).runs, size_bytes)
        if self.supply.scenario.record_messages:
            lines = list(zip(each(batch.runs), block.lines(), strict=False))
            for post_id, text in lines[old:]:
                # A length may stand before it, on a line of its own.
                self.oracle.message(self.connection, str(post_id), text.rpartition(CRLF)[2])
