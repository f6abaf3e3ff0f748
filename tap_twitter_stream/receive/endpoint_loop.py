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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as struct_replace

from tap_twitter_stream.api.redact import scrub
from tap_twitter_stream.api.stream import OpenStream, StreamRequest, open_stream
from tap_twitter_stream.coverage.fill_plan import Missing, backfill_from_us
from tap_twitter_stream.policy.crowding import SUSPICIOUS_CLOSES, DuelWatch
from tap_twitter_stream.policy.ending import (
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    StoppedByUs,
    describe,
)
from tap_twitter_stream.policy.governor import (
    HEALTHY_S,
    Cause,
    Decision,
    Fatal,
    Governor,
    Wait,
)
from tap_twitter_stream.policy.remedies import advice_on_crowding, amount
from tap_twitter_stream.receive.pump import Life, Pump
from tap_twitter_stream.receive.waiting_log import WaitingLog
from tap_twitter_stream.spool.entries import Closed, End, Opened
from tap_twitter_stream.wire.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_twitter_stream.api.stale_connections import GhostHunter
    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.coverage.gaps import GapKey
    from tap_twitter_stream.receive.attempts_file import BudgetFile
    from tap_twitter_stream.spool.writer import LogWriter

_PLAIN_RETRY_S = 5.0
_GHOST_WAIT_S = 5.0  # X says nothing of how long a killed connection's slot stays taken

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """What one loop keeps connected. ``partition`` is 0 where the endpoint has none.

    ``backfills`` says that after a drop X is asked for what was missed, ``backfill_minutes`` is
    what a person wants at each connect. ``delivery`` and ``gap`` say in the log what a connection
    is for. ``copy`` tells redundant connections apart, from 1.
    """

    endpoint: str
    partition: int
    request: StreamRequest
    stall_timeout_s: float
    backfills: bool = False
    backfill_minutes: int = 0
    delivery: str = "live"
    gap: GapKey | None = None
    copy: int = 1

    @property
    def label(self) -> str:
        """How log lines call it."""
        label = f"{self.endpoint} {self.partition}" if self.partition else self.endpoint
        label += f" (copy {self.copy})" if self.copy > 1 else ""
        return label if self.delivery == "live" else f"{label} ({self.delivery})"

    def asking(self, backfill_minutes: int) -> StreamRequest:
        """Return the request, with what X is to send again."""
        if not backfill_minutes:
            return self.request
        name = ENDPOINTS[self.endpoint].backfill_param
        return replace(self.request, params={**self.request.params, name: str(backfill_minutes)})


class Receiver:
    """One endpoint's loop, run in a thread of its own.

    Args:
        next_id: Gives each attempt its connection id.
        wake_handle: Becomes readable, and stays so, when a stop is asked for.
        hunter: Ends what X wrongly counts, where the user wants that.
        missing_since_us: From when on an earlier run has missed what X sent.
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
        missing_since_us: int | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.target = target
        self._session = session
        self._log = WaitingLog(log, clock, target.label)
        self._budget = budget
        self._governor = governor
        self._clock = clock
        self._next_id = next_id
        self._wake_handle = wake_handle
        self._hunter = hunter
        self._chance = chance
        self._missing = Missing(missing_since_us)
        self._backfills = target.backfills
        self._pump = Pump(
            self._log, clock, endpoint=target.endpoint, stall_timeout_s=target.stall_timeout_s
        )
        self._attempts = itertools.count(1)
        self._duel = DuelWatch() if ENDPOINTS[target.endpoint].drops_oldest else None
        self.fatal: Fatal | None = None

    def run(self) -> None:
        """Stay connected until a stop, or until the governor gives up (see ``fatal``)."""
        while attempt := self.attempt():
            life, decision = attempt
            if isinstance(decision, Fatal):
                self.fatal = decision
                return
            if isinstance(life.ending, StoppedByUs):
                return
            self.tell(life.ending, decision)
            if self._clock.wait(decision.seconds):
                return

    def attempt(self) -> tuple[Life, Decision] | None:
        """Connect once, as soon as X's limit allows it, and see that connection to its end.

        Returns:
            How it ended and what to do next; None when a stop came before it was made.
        """
        if self._wait_for_budget():
            return None
        minutes = self._backfill_minutes()
        tried = Opened(
            connection_id=self._next_id(),
            endpoint=self.target.endpoint,
            partition=self.target.partition,
            attempt=next(self._attempts),
            opened_at_us=self._clock.now_us(),
            delivery=self.target.delivery,
            gap=self.target.gap,
        )
        opened, connection, life = self._one_connection(tried, minutes)
        if connection:
            healthy = life.data_seen and life.lived_s >= HEALTHY_S
            self._missing = self._missing.after(life.last_byte_us, healthy=healthy)
        if self._duel:
            life.ending, self._duel = self._duel.judge(
                life.ending, life.lived_s, brought=life.brought
            )
        now_s = self._clock.now_s()
        decision, self._governor = self._governor.next(
            life.ending,
            life.lived_s,
            life.data_seen,
            now_s,
            self._chance,
            self._budget.share_left(now_s),
        )
        if isinstance(decision, Wait) and self._ended_ghosts(life.ending):
            decision = Wait(_GHOST_WAIT_S, decision.cause)
        if isinstance(decision, Fatal) and self._backfill_refused(life.ending, minutes):
            decision = Wait(_PLAIN_RETRY_S, Cause.HTTP)
        self._append_closed(opened, connection, life, decision)
        return life, decision

    def _backfill_minutes(self) -> int:
        wanted = self.target.backfill_minutes
        if not self._backfills:
            return wanted
        return max(wanted, self._missing.backfill_minutes(self._clock.now_us()))

    def _backfill_refused(self, ending: Ending, minutes: int) -> bool:
        """Do without backfill if that may be what X refuses: most plans have none."""
        asked = minutes > self.target.backfill_minutes
        if not asked or not isinstance(ending, HttpRefused) or ending.status not in {400, 403}:
            return False
        self._backfills = False
        logger.warning(
            "%s: %s Trying without backfill: take it out of `gap_fill` if your plan has none.",
            self.target.label,
            describe(ending),
        )
        return True

    def _ended_ghosts(self, ending: Ending) -> bool:
        """End what stands in the way if X says that there are too many connections."""
        if not isinstance(ending, HttpRefused) or ending.connection_issue != "TooManyConnections":
            return False
        spec = ENDPOINTS[self.target.endpoint]
        if self._hunter is None or not spec.connections_id:
            return False
        ended = self._hunter.hunt(spec.connections_id, alone=not self.target.partition)
        if ended:
            logger.warning(
                "%s: ended %s that X still counted (`kill_ghost_connections`).",
                self.target.label,
                amount(ended, "connection"),
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
                self.target.label,
                wait_s,
            )
            self._clock.wait(wait_s)
        return True

    def _one_connection(self, tried: Opened, minutes: int) -> tuple[Opened, int, Life]:
        """Make one attempt and live it to its end.

        Returns:
            What the log knows of it, its number there (0: refused), and its life.
        """
        request = self.target.asking(minutes)
        with self._session() as session:  # a fresh one each time: names are looked up anew
            answer = open_stream(session, request, self._wake_handle, self._clock.now_s())
            if not isinstance(answer, OpenStream):
                if isinstance(answer, HttpRefused):
                    self._budget.observe(answer, self._clock.now_s())
                self._budget.refund(answer, self._clock.now_s())
                return tried, 0, Life(answer)
            now_us = self._clock.now_us()
            opened = struct_replace(
                tried,
                http_status=200,
                transaction_id=scrub(answer.headers.get("x-transaction-id") or "") or None,
                backfill_us=(backfill_from_us(now_us, minutes), now_us) if minutes else None,
            )
            connection = self._log.opened(opened)
            logger.info("%s: connected (%s).", self.target.label, opened.connection_id)
            try:
                return opened, connection, self._pump.run(answer, connection)
            finally:
                answer.close()

    def _append_closed(
        self, opened: Opened, connection: int, life: Life, decision: Decision
    ) -> None:
        ending = life.ending
        if isinstance(ending, HttpRefused):
            opened = struct_replace(opened, http_status=ending.status)
        wait_s = decision.seconds if isinstance(decision, Wait) else None
        closed = Closed.after(
            opened,
            closed_at_us=self._clock.now_us(),
            ending=End.of(ending),
            description=describe(ending),
            wire_bytes=life.wire_bytes,
            behind_us=life.behind_us,
            wait_s=None if isinstance(ending, StoppedByUs) else wait_s,
        )
        self._log.closed(closed, connection)

    def tell(self, ending: Ending, wait: Wait) -> None:
        """Say what comes next; louder when a person may have to do something about it."""
        refused = isinstance(ending, (HttpRefused, DisconnectNotice, CrowdedOut))
        crowded = refused and wait.cause is Cause.RATE_LIMIT
        if isinstance(ending, CrowdedOut):  # a suspicion is told once, what X says each time
            crowded = ending.closes == SUSPICIOUS_CLOSES
        logger.log(
            logging.WARNING if crowded else logging.INFO,
            "%s: %s Reconnecting in %.2f s.%s",
            self.target.label,
            describe(ending),
            wait.seconds,
            f" {advice_on_crowding(ending)}" if crowded else "",
        )
