"""Keep one endpoint connected and put every byte it sends into the event log.

    while nobody stops us:
        wait until the budget allows an attempt, and record it before it is made
        connect; append OPENED
        append BYTES as they come, until the stream ends or falls silent
        append CLOSED with the ending and what the governor makes of it
        wait as long as the governor says, or give up as it says

Nothing here looks at what the bytes mean, but for the last line of a connection that has ended:
X may have said there why it ends it.
"""

from __future__ import annotations

import itertools
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.api.connect import OpenStream, StreamRequest, open_stream
from tap_twitter_stream.api.last_words import TAIL_BYTES, with_notice
from tap_twitter_stream.api.redact import scrub
from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.policy.duel import SUSPICIOUS_CLOSES, DuelWatch
from tap_twitter_stream.policy.ending import (
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    Stalled,
    StoppedByUs,
    describe,
    ending_to_dict,
)
from tap_twitter_stream.policy.governor import Cause, Fatal, Governor, Wait
from tap_twitter_stream.policy.remedies import advice_on_crowding
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.wire.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_twitter_stream.api.budget_file import BudgetFile
    from tap_twitter_stream.api.connections import GhostHunter
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.spool.writer import LogWriter

_FULL_RETRY_S = 1.0
_GHOST_WAIT_S = 5.0  # X says nothing of how long a killed connection's slot stays taken

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """What one loop keeps connected. ``partition`` is 0 where the endpoint has none."""

    endpoint: str
    partition: int
    request: StreamRequest
    stall_timeout_s: float

    @property
    def label(self) -> str:
        """How log lines call it."""
        return f"{self.endpoint} {self.partition}" if self.partition else self.endpoint


@dataclass(slots=True)
class Life:
    """What is known of a connection when it has ended."""

    ending: Ending
    lived_s: float = 0.0
    data_seen: bool = False
    brought: bool = False  # a message, or a part of one
    wire_bytes: int = 0


class Receiver:
    """One endpoint's loop, run in a thread of its own.

    Args:
        next_id: Gives each attempt its connection id.
        wake_handle: Becomes readable, and stays so, when a stop is asked for.
        hunter: Ends what X wrongly counts, where the user wants that.
        chance: For the jitter of waits.
    """

    def __init__(  # noqa: PLR0913 - the seams of one loop, each named at the only call
        self,
        target: Target,
        *,
        session: Callable[[], requests.Session],
        log: LogWriter,
        budget: BudgetFile,
        governor: Governor,
        clock: Clock,
        next_id: Callable[[], str],
        wake_handle: int,
        hunter: GhostHunter | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._session = session
        self._log = log
        self._budget = budget
        self._governor = governor
        self._clock = clock
        self._next_id = next_id
        self._wake_handle = wake_handle
        self._hunter = hunter
        self._chance = chance
        self._attempts = itertools.count(1)
        self._duel = DuelWatch() if ENDPOINTS[target.endpoint].drops_oldest else None
        self.fatal: Fatal | None = None

    def run(self) -> None:
        """Stay connected until a stop, or until the governor gives up (see ``fatal``)."""
        while not self._wait_for_budget():
            head: dict[str, Any] = {
                "connection_id": self._next_id(),
                "endpoint": self._target.endpoint,
                "partition": self._target.partition,
                "attempt": next(self._attempts),
                "opened_at_us": self._clock.now_us(),
            }
            connection, life = self._one_connection(head)
            if self._duel:
                life.ending, self._duel = self._duel.judge(
                    life.ending, life.lived_s, brought=life.brought
                )
            decision, self._governor = self._governor.next(
                life.ending, life.lived_s, life.data_seen, self._clock.now_s(), self._chance
            )
            if isinstance(decision, Wait) and self._ended_ghosts(life.ending):
                decision = Wait(_GHOST_WAIT_S, decision.cause)
            self._append_closed(head, connection, life, decision)
            if isinstance(decision, Fatal):
                self.fatal = decision
                return
            if isinstance(life.ending, StoppedByUs):
                return
            self._tell(life.ending, decision)
            if self._clock.wait(decision.seconds):
                return

    def _ended_ghosts(self, ending: Ending) -> bool:
        """End what stands in the way if X says that there are too many connections."""
        if not isinstance(ending, HttpRefused) or ending.connection_issue != "TooManyConnections":
            return False
        spec = ENDPOINTS[self._target.endpoint]
        if self._hunter is None or not spec.connections_id:
            return False
        ended = self._hunter.hunt(spec.connections_id, alone=not self._target.partition)
        if ended:
            logger.warning(
                "%s: ended %d connections that X still counted (`kill_ghost_connections`).",
                self._target.label,
                ended,
            )
        return bool(ended)

    def _wait_for_budget(self) -> bool:
        """Wait for X's limit of connects, then spend one. True when a stop came first."""
        while not self._clock.stopped:
            wait_s = self._budget.spend_or_wait(self._clock.now_s())
            if wait_s <= 0:
                return False
            logger.warning(
                "%s: waiting %.0f s, as X allows no more connection attempts before that.",
                self._target.label,
                wait_s,
            )
            self._clock.wait(wait_s)
        return True

    def _one_connection(self, head: dict[str, Any]) -> tuple[int, Life]:
        """Make one attempt and live it to its end; return its number in the log (0: refused)."""
        with self._session() as session:  # a fresh one each time: names are looked up anew
            answer = open_stream(
                session, self._target.request, self._wake_handle, self._clock.now_s()
            )
            if not isinstance(answer, OpenStream):
                if isinstance(answer, HttpRefused):
                    self._budget.observe(answer, self._clock.now_s())
                self._budget.refund(answer, self._clock.now_s())
                return 0, Life(answer)
            head["http_status"] = 200
            head["transaction_id"] = scrub(answer.headers.get("x-transaction-id") or "") or None
            connection = self._log.append_json(Kind.OPENED, head)
            logger.info("%s: connected (%s).", self._target.label, head["connection_id"])
            try:
                return connection, self._pump(answer, connection)
            finally:
                answer.close()

    def _pump(self, stream: OpenStream, connection: int) -> Life:
        """Move bytes from the socket to the log until the stream ends."""
        clock = self._clock
        opened_s = last_byte_s = clock.monotonic_s()
        tail = b""
        life = Life(StoppedByUs("stop"))
        while True:
            if clock.stopped:
                break
            if not self._log.has_room() and not self._wait_for_room():
                break
            silent_s = clock.monotonic_s() - last_byte_s
            if silent_s >= self._target.stall_timeout_s:
                life.ending = Stalled(silent_s)
                break
            got = stream.read(self._target.stall_timeout_s - silent_s)
            if got is None:
                continue
            if not isinstance(got, bytes):
                life.ending = with_notice(got, tail, self._target.endpoint)
                break
            last_byte_s = clock.monotonic_s()
            life.data_seen = True
            if got:
                self._store(connection, got)
                tail = got[-TAIL_BYTES:] if len(got) >= TAIL_BYTES else (tail + got)[-TAIL_BYTES:]
        life.lived_s = clock.monotonic_s() - opened_s
        life.wire_bytes = stream.wire_bytes
        life.brought = bool(tail.strip())
        return life

    def _store(self, connection: int, payload: bytes) -> None:
        """Append; while the disk takes nothing keep the bytes and try again."""
        time_us = self._clock.now_us()
        error = self._try_store(connection, payload, time_us)
        if error:
            logger.error("%s: %s Reading has stopped meanwhile.", self._target.label, error)
        while error:
            if self._clock.wait(_FULL_RETRY_S):
                raise error
            error = self._try_store(connection, payload, time_us)

    def _try_store(self, connection: int, payload: bytes, time_us: int) -> SpoolError | None:
        try:
            self._log.append(Kind.BYTES, payload, connection=connection, time_us=time_us)
        except SpoolError as error:
            return error
        return None

    def _wait_for_room(self) -> bool:
        """Stop reading until the log is below its bound. False when a stop came first."""
        logger.warning(
            "%s: the spool is full, reading has stopped; X will drop the connection if this "
            "lasts. Speed the target up or raise spool_max_bytes.",
            self._target.label,
        )
        while not self._clock.stopped:
            if self._log.wait_for_room(0.25):
                logger.info("%s: the spool has room again.", self._target.label)
                return True
        return False

    def _append_closed(
        self,
        head: dict[str, Any],
        connection: int,
        life: Life,
        decision: Any,  # noqa: ANN401
    ) -> None:
        over = isinstance(decision, Fatal) or isinstance(life.ending, StoppedByUs)
        head.update(
            closed_at_us=self._clock.now_us(),
            ending=ending_to_dict(life.ending),
            description=describe(life.ending),
            wire_bytes=life.wire_bytes,
            wait_s=None if over else decision.seconds,
        )
        if isinstance(life.ending, HttpRefused):
            head["http_status"] = life.ending.status
        self._log.append_json(Kind.CLOSED, head, connection=connection)

    def _tell(self, ending: Ending, wait: Wait) -> None:
        """Say what comes next; louder when a person may have to do something about it."""
        refused = isinstance(ending, (HttpRefused, DisconnectNotice, CrowdedOut))
        crowded = refused and wait.cause is Cause.RATE_LIMIT
        if isinstance(ending, CrowdedOut):  # a suspicion is told once, what X says each time
            crowded = ending.closes == SUSPICIOUS_CLOSES
        logger.log(
            logging.WARNING if crowded else logging.INFO,
            "%s: %s Reconnecting in %.2f s.%s",
            self._target.label,
            describe(ending),
            wait.seconds,
            f" {advice_on_crowding(ending)}" if crowded else "",
        )
