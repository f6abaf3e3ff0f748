"""The posts of one connection on their way out: how many in, bytes on the link and notes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_twitter_stream.simulator import clock
from tap_twitter_stream.simulator.blocks import CRLF, Block
from tap_twitter_stream.simulator.ids import cut_runs
from tap_twitter_stream.simulator.link import ClientGoneError, PartlySentError
from tap_twitter_stream.simulator.past import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_twitter_stream.simulator.ids import Run
    from tap_twitter_stream.simulator.link import Link
    from tap_twitter_stream.simulator.notes import Connection
    from tap_twitter_stream.simulator.oracle import Oracle
    from tap_twitter_stream.simulator.supply import Feed, Lot, Supply


@dataclass(slots=True)
class Outbox:
    """Sends posts, and tells the oracle and the past what went out."""

    link: Link
    feed: Feed
    supply: Supply
    oracle: Oracle
    connection: Connection

    def send(self, count: int) -> int | None:
        """Send up to ``count`` posts; 0 if no rule matches, ``None`` if the limit is reached."""
        channel = self.connection.channel
        granted = self.supply.claim(channel, count)
        if not granted:
            return None
        lot = self.feed.next_lot(granted)
        size = len(lot.block.templates) if lot else 0
        self.supply.give_back(channel, granted - size)
        if lot is None:
            return 0
        try:
            self._send_block(lot.block, self._batch(lot))
        except PartlySentError as gone:
            self.supply.give_back(channel, size - gone.complete)
            raise
        return size

    def repeat(self, batches: Iterable[Batch]) -> None:
        """Send posts again, byte for byte, or late for the first time.

        Raises:
            ClientGoneError: The client closed first.
        """
        chunk_each = self.supply.scenario.chunking == "message"
        for batch in batches:
            for part, unseen in self._parts(batch):
                templates = part.templates or self.feed.render(part)
                stamp = part.stamp or self.feed.stamp(part.at_s)
                if templates:
                    block = Block(templates, chunk_each=chunk_each)
                    known = replace(part, templates=templates, stamp=stamp)
                    self._send_block(block, known, again=not unseen)

    def drip(self, posts: int, size_bytes: int = 0) -> None:
        """Send posts one byte to a chunk, filled up with blanks to a size."""
        for _ in range(posts):
            single = self._single() if self.supply.claim(self.connection.channel, 1) else None
            if single is None:
                return
            block, batch = single
            text = block.lines()[0]
            try:
                self.link.drip(text.ljust(size_bytes - len(CRLF)) + CRLF)
            except ClientGoneError:
                self.supply.give_back(self.connection.channel, 1)
                self._cut(batch)
                raise
            self._note(block, batch.runs, 1, padding=max(0, size_bytes - len(text) - len(CRLF)))
            self.supply.past.remember(self.connection.channel, batch)

    def cut_post(self, *, in_chunk: bool) -> None:
        """Send the first half of a post, perhaps of its chunk as well."""
        single = self._single()
        if single is None:
            return
        block, batch = single
        text = block.lines()[0]
        self._cut(batch)
        if in_chunk:
            self.link.send_cut_chunk(text[: len(text) // 2], len(text) + len(CRLF))
        else:
            self.link.send(text[: len(text) // 2])

    def _parts(self, batch: Batch) -> Iterator[tuple[Batch, bool]]:
        """Cut a batch where posts that somebody got meet others."""
        seen = self.supply.past.seen_total(batch)
        if seen:
            yield batch.head(seen), False
        if seen < batch.count:
            yield batch.rest(seen), True

    def _send_block(self, block: Block, batch: Batch, *, again: bool | None = None) -> None:
        """Fill a block, send it and note what went out.

        Args:
            block: What to fill.
            batch: Its posts.
            again: ``None`` if the past does not know the batch, else whether somebody got it.
        """
        block.fill(each(batch.runs), batch.stamp or self.feed.stamp())
        chunk_each = self.supply.scenario.chunking == "message"
        try:
            self.link.send_block(block, chunk_each=chunk_each)
        except PartlySentError as gone:
            self._note(block, cut_runs(batch.runs, gone.complete), gone.complete, again=again)
            self._remember(batch.head(gone.complete), again=again)
            if gone.partial and gone.complete < len(block.templates):
                self._cut(batch.rest(gone.complete).head(1), again=again)
            raise
        self._note(block, batch.runs, len(block.templates), again=again)
        self._remember(batch, again=again)

    def _remember(self, batch: Batch, *, again: bool | None) -> None:
        """Tell the past what went out."""
        if again is None and batch.runs:
            self.supply.past.remember(self.connection.channel, batch)
        elif again is False:
            self.supply.past.seen(batch)

    def _cut(self, batch: Batch, *, again: bool | None = None) -> None:
        """Note one post of which only a part was sent: it happened, and nobody got it."""
        if again is None:
            self.supply.past.miss(self.connection.channel, batch)
        self.oracle.cut(self.connection, str(batch.ids()[0]))

    def _note(
        self,
        block: Block,
        runs: tuple[Run, ...],
        count: int,
        *,
        again: bool | None = None,
        padding: int = 0,
    ) -> None:
        """Tell the oracle about the first messages of a block."""
        if not count:
            return
        size_bytes = padding + sum(len(template.text) for template in block.templates[:count])
        self.oracle.sent(self.connection, runs, size_bytes, repeat=bool(again))
        if self.supply.scenario.record_messages and not again:
            for post_id, text in zip(each(runs), block.lines(), strict=False):
                # A length may stand before it, on a line of its own.
                self.oracle.message(self.connection, str(post_id), text.rpartition(CRLF)[2])

    def _single(self) -> tuple[Block, Batch] | None:
        """Return one filled post, or ``None`` if no rule matches."""
        lot = self.feed.next_lot(1)
        if lot is None:
            return None
        batch = self._batch(lot)
        lot.block.fill(each(batch.runs), self.feed.stamp())
        return lot.block, batch

    def _batch(self, lot: Lot) -> Batch:
        """Give the posts of a lot ids and the present time."""
        runs = self.supply.ids.take(len(lot.block.templates))
        templates, stamp = lot.block.templates, self.feed.stamp()
        return Batch(runs, clock.now_s(), templates, stamp, place=lot.place, world=lot.world)


def each(runs: tuple[Run, ...]) -> Iterator[int]:
    """Give the ids of all runs."""
    return (post_id for run in runs for post_id in run)
