"""One fault, the product's own receiving loop, real sockets, and waits that take no time."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.api.stream import StreamRequest
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.policy.governor import Governor
from tap_twitter_stream.receive.attempts_file import BudgetFile
from tap_twitter_stream.receive.endpoint_loop import Receiver, Target
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.spool.entries import Closed, read
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.reader import LogReader
from tap_twitter_stream.spool.writer import LogWriter
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENT_S = 0.3  # how long a trial waits for a byte; users wait `stall_timeout_seconds`
GOOD_POSTS = 5
LONGEST_S = 20.0
GOOD = {"steps": [{"do": "send", "posts": GOOD_POSTS, "rate_per_s": "max"}, {"do": "idle"}]}
STREAMS = (
    *("tweets", "referenced_tweets", "users", "media", "places", "polls", "tweet_rules"),
    *("errors", "notices", "dead_letters", "capture_connections", "capture_gaps"),
    *("capture_windows", "rules", "raw_messages"),
)
TOLD = ("errors", "notices", "dead_letters")  # the streams that tell of faults


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the log of failures off the screen: the page tells them all."""
    logger = logging.getLogger("tap_twitter_stream")
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(logging.NOTSET)


class HastyClock(Clock):
    """The real clock, but that a wait is over as soon as it begins."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped_s = 0.0

    def now_us(self) -> int:
        """Return the instant, waits included."""
        return super().now_us() + int(self._skipped_s * 1e6)

    def now_s(self) -> float:
        """Return the instant, waits included."""
        return super().now_s() + self._skipped_s

    def monotonic_s(self) -> float:
        """Return seconds, waits included."""
        return super().monotonic_s() + self._skipped_s

    def wait(self, s: float) -> bool:
        """Skip the time."""
        self._skipped_s += max(0.0, s)
        return self.stopped


@dataclass(frozen=True, slots=True)
class Result:
    """What the tap made of a fault that came ``repeats`` times in a row."""

    seen: str
    """The first ending, as a log line and ``capture_connections`` say it."""
    waits_s: tuple[float, ...]
    """Before each further connect; without chance's share."""
    connects: int
    remedy: str
    """What the run ends with; empty when it goes on to a good connection."""
    rows: tuple[tuple[str, int], ...]
    """Rows of the streams that tell of faults."""
    posts_lost: int
    """Posts that were sent whole and are not in ``tweets``."""


def try_fault(steps: list[dict[str, Any]], repeats: int, **scenario: Any) -> Result:  # noqa: ANN401 - the scenario's own
    """Meet a fault that many times, then a good connection."""
    connections = [{"steps": steps}] * repeats + [GOOD]
    unlimited = {"max_connections": None, "connect_limit": None}
    serving = Scenario.from_json({"connections": connections, **unlimited, **scenario})
    with tempfile.TemporaryDirectory() as folder, Simulator(serving) as sim, _silence():
        loop = _Loop(Path(folder), sim)
        loop.run()
        sent = set(sim.oracle.sent_ids())
        return loop.result(sent)


class _Loop:
    """A receiver with a log of its own."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self._folder = folder
        self._changed = threading.Event()
        self._clock = HastyClock()
        self._log = LogWriter(
            folder, max_bytes=1 << 28, durable=False, clock=self._clock, ring=self._changed.set
        )
        network = parse_settings({"api_url": sim.url}, require_auth=False).network
        spec = ENDPOINTS["sample"]
        request = StreamRequest(sim.url + spec.path, {}, {}, SILENT_S, SILENT_S)
        self._wake_handle, self._wake_end = os.pipe()
        numbers = itertools.count(1)
        self.receiver = Receiver(
            Target(spec.name, 0, request, SILENT_S),
            session=partial(make_session, network, sim.bearer_token),
            log=self._log,
            budget=BudgetFile(None, "app", spec.name, limit=1000, period_s=900.0),
            governor=Governor(),
            clock=self._clock,
            next_id=lambda: f"c-{next(numbers)}",
            wake_handle=self._wake_handle,
            chance=lambda: 0.0,
        )
        self._output = Output()
        emitter = Emitter(self._output, {name: RawLane(name) for name in STREAMS})
        options = ReplayOptions(self._log.spool_id, network.max_line_bytes)
        self._replay = Replay(options, emitter, Dedupe(900.0, 1000), None)
        self._reader = LogReader(folder, 0, verify_before=0)
        self._closed: list[Closed] = []
        self._posts_closed = 0  # when the last connection ended

    def run(self) -> None:
        """Receive until a good connection has brought its posts, or the tap gives up."""
        worker = threading.Thread(target=self.receiver.run, daemon=True)
        worker.start()
        deadline_s = time.monotonic() + LONGEST_S
        while worker.is_alive() and not self._is_good() and time.monotonic() < deadline_s:
            self._changed.wait(0.05)
            self._changed.clear()
            self._read()
        self._clock.stop()
        os.write(self._wake_end, b"x")
        worker.join(LONGEST_S)
        self._read()
        self._log.close()
        self._reader.close()
        for handle in (self._wake_handle, self._wake_end):
            os.close(handle)

    def result(self, sent: set[str]) -> Result:
        """Sum up."""
        messages = [json.loads(one) for one in b"".join(self._output.parts).splitlines()]
        rows = Counter(one["stream"] for one in messages)
        found = {one["record"]["id"] for one in messages if one["stream"] == "tweets"}
        fatal = self.receiver.fatal
        return Result(
            seen=self._closed[0].description or "",
            waits_s=tuple(one.wait_s for one in self._closed if one.wait_s is not None)[
                : len(self._closed) - 1
            ],
            connects=len(self._closed),
            remedy=fatal.remedy if fatal else "",
            rows=tuple((name, rows[name]) for name in TOLD if rows[name]),
            posts_lost=len(sent - found),
        )

    def _is_good(self) -> bool:
        return self._replay.open_total == 1 and self._posts() - self._posts_closed >= GOOD_POSTS

    def _posts(self) -> int:
        return b"".join(self._output.parts).count(b'"stream":"tweets"')

    def _read(self) -> None:
        while frames := self._reader.read():
            for frame in frames:
                self._replay.handle(frame)
                if frame.kind is Kind.CLOSED:
                    self._closed.append(read(frame, Closed))
                    self._posts_closed = self._posts()
