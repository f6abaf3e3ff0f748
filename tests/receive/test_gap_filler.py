"""Orders are worked through whatever settings have become, and each says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.search import Search
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.coverage.fill_plan import FillOrder, Method, Purse
from tap_twitter_stream.receive.gap_filler import GapFiller, Means
from tap_twitter_stream.receive.recovery import Recovery
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.spool.logs import held, writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tap_twitter_stream.receive.endpoint_loop import Receiver, Target

NETWORK = parse_settings({}, require_auth=False).network
NOW_US = int(FakeClock().now_s() * 1e6)


def nobody_connects(_: Target) -> Receiver:
    pytest.fail("nothing was to be connected")


def filled(
    folder: Path, methods: Mapping[str, Sequence[Method]], *orders: FillOrder
) -> list[list[Any]]:
    """Work through orders without one target; return what the log says became of each."""
    clock, waiting = FakeClock(), [*orders]

    def ring() -> None:
        waiting.pop()
        if not waiting:
            clock.stop()

    log = writer(folder, clock=clock, ring=ring)
    start = log.opened_at
    filler = GapFiller(log, clock)
    for order in orders:
        filler.order(order)
    caller = Caller(make_session(NETWORK, "any"), "http://127.0.0.1:1", clock=clock)
    search = Search(caller, {}, Purse(0.0, 0.0), lambda *_: None)
    filler.run(Means(methods, (), Recovery(nobody_connects, clock), search))
    log.close()
    reader = LogReader(folder, start, verify_before=0)
    frames = [frame for frame in reader.read() if frame.kind is Kind.FILLED]
    reader.close()
    return [held(frame)["parts"] for frame in frames]


def test_a_gap_of_a_partition_that_is_no_longer_captured_holds_nothing_up(tmp_path: Path) -> None:
    """Mutant: ask for a target that is not there; its error ended the thread, in every run anew."""
    spans = [(NOW_US - 5_000_000, NOW_US), (NOW_US - 9_000_000, NOW_US - 8_000_000)]
    orders = [FillOrder("firehose", 3, *spans[0]), FillOrder("sample", 0, *spans[1])]
    gone, no_way = filled(tmp_path, {"firehose": (Method.RECOVERY,)}, *orders)
    assert gone == [["lost", *spans[0], "recovery: it is not captured any more", None]]
    assert no_way == [["lost", *spans[1], "gap_fill names no way for this endpoint", None]]


def test_what_nothing_reaches_any_more_is_lost(tmp_path: Path) -> None:
    began_us = NOW_US - 30 * 24 * 3600 * 1_000_000
    order = FillOrder("firehose", 1, began_us, began_us + 5)
    ((part,),) = filled(tmp_path, {"firehose": (Method.RECOVERY,)}, order)
    assert part == ["lost", began_us, began_us + 5, "no way to fill it reaches that far back", None]
