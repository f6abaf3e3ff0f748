"""A year of connecting under everything X and the network may do, on a clock that only jumps."""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_twitter_stream.policy.connect_limit import Budget
from tap_twitter_stream.policy.ending import (
    ClosedByServer,
    DisconnectNotice,
    Ending,
    HttpRefused,
    NetworkFailed,
    ProtocolBroken,
    Stalled,
)
from tap_twitter_stream.policy.governor import (
    JITTER_MAX_S,
    RETRY_AFTER_MAX_S,
    UNSURE_TRIES,
    Fatal,
    Governor,
    reached_x,
)
from tests.fakes import START_S

YEAR_S = 365 * 86_400.0
LIMIT, PERIOD_S = 50, 900.0
MOST_ATTEMPTS = 1_500
RESTART_S = 1.0  # of a supervisor that starts a program anew as soon as it ends

RETRYABLE: tuple[Ending, ...] = (
    *(HttpRefused(status) for status in (408, 420, 425, 429, 500, 502, 503, 504, 520, 599)),
    HttpRefused(429, rate_limit_remaining=0, rate_limit_reset_s=1.0),
    HttpRefused(429, rate_limit_remaining=0, rate_limit_reset_s=9e15),
    HttpRefused(429, retry_after_s=1e9),
    HttpRefused(429, retry_after_s=-5.0, connection_issue="TooManyConnections"),
    HttpRefused(503, connection_issue="ProvisioningSubscription"),
    *(NetworkFailed(phase) for phase in ("dns", "connect", "tls", "proxy", "request", "read")),
    Stalled(30.0),
    ClosedByServer(clean=True),
    ClosedByServer(clean=False),
    DisconnectNotice("UpstreamOperationalDisconnect"),
    DisconnectNotice("ForceDisconnect"),
    DisconnectNotice("InternalError"),
    DisconnectNotice("never heard of"),
    ProtocolBroken("bad gzip"),
)
FINAL: tuple[Ending, ...] = (
    *(HttpRefused(status) for status in (302, 400, 402, 403, 404, 406, 409, 410, 413, 416)),
    HttpRefused(429, slug="usage-capped"),
    HttpRefused(409, connection_issue="RulesInvalidIssue"),
    NetworkFailed("proxy_login"),
    DisconnectNotice("InvalidRules"),
)
UNSURE: tuple[Ending, ...] = (
    HttpRefused(401),
    NetworkFailed("certificate"),
    DisconnectNotice("ClientApplicationStateDegraded"),
)
_HAD_200 = (Stalled, ClosedByServer, DisconnectNotice, ProtocolBroken)


@dataclass
class Year:
    """Partitions of one app over one budget file; a crash keeps the file and nothing else."""

    partitions: int
    chance: random.Random
    endings: tuple[Ending, ...]
    file: str = field(default_factory=lambda: json.dumps(Budget(LIMIT, PERIOD_S).to_dict()))
    seen_by_x: list[float] = field(default_factory=list)
    attempts: int = 0
    runs: int = 0

    def live(self) -> None:
        """Run, crash, give up and start again until the year is over."""
        now_s = START_S
        while now_s < START_S + YEAR_S and self.attempts < MOST_ATTEMPTS:
            self.runs += 1
            crash_s = now_s + self.chance.choice((1.0, 100.0, 1e4, 1e6, 1e8)) * self.chance.random()
            now_s = self._run(now_s, crash_s) + RESTART_S

    def _run(self, now_s: float, crash_s: float) -> float:
        """One process; returns when it ended."""
        governors = [Governor()] * self.partitions
        due = [(now_s, number) for number in range(self.partitions)]
        while due and self.attempts < MOST_ATTEMPTS:
            now_s, number = heapq.heappop(due)
            if now_s >= crash_s:
                return crash_s
            wait_s = self._spend_or_wait(now_s)
            if wait_s > 0:
                assert wait_s <= PERIOD_S + 10
                heapq.heappush(due, (now_s + wait_s, number))
                continue
            ending, lived_s = self._connect(now_s)
            decision, governors[number] = governors[number].next(
                ending, lived_s, lived_s > 0, now_s + lived_s, self.chance.random
            )
            if isinstance(decision, Fatal):
                assert ending not in RETRYABLE
                assert decision.remedy
                return now_s + lived_s
            assert 0 <= decision.seconds <= RETRY_AFTER_MAX_S + JITTER_MAX_S
            heapq.heappush(due, (now_s + lived_s + decision.seconds, number))
        return now_s

    def _spend_or_wait(self, now_s: float) -> float:
        """What the budget file does: what is spent is on disk before the attempt."""
        budget = Budget.from_dict(json.loads(self.file), LIMIT, PERIOD_S)
        wait_s = budget.earliest(now_s) - now_s
        if wait_s <= 0:
            self.file = json.dumps(budget.spend(now_s).to_dict())
        return wait_s

    def _connect(self, now_s: float) -> tuple[Ending, float]:
        self.attempts += 1
        ending = self.chance.choice(self.endings)
        if reached_x(ending):
            self.seen_by_x.append(now_s)
        else:
            budget = Budget.from_dict(json.loads(self.file), LIMIT, PERIOD_S)
            self.file = json.dumps(budget.refund(now_s).to_dict())
        lived = (0.0, 0.01, 5.0, 59.0, 61.0, 4_000.0, 3e6)
        return ending, self.chance.choice(lived) if isinstance(ending, _HAD_200) else 0.0


@given(
    seed=st.integers(0, 2**32),
    partitions=st.sampled_from([1, 2, 20]),
    endings=st.sampled_from([RETRYABLE, FINAL, UNSURE, (*RETRYABLE, *FINAL, *UNSURE)])
    | st.sampled_from(RETRYABLE).map(lambda one: (one,)),
)
@settings(max_examples=60)
def test_no_year_has_more_connects_than_x_allows(
    seed: int, partitions: int, endings: tuple[Ending, ...]
) -> None:
    """Takes some 5 s: sixty years of up to 1,500 attempts each."""
    year = Year(partitions, random.Random(seed), endings)
    year.live()
    assert year.attempts > 0
    late = year.seen_by_x[LIMIT:]
    assert all(b - a > PERIOD_S for a, b in zip(year.seen_by_x, late, strict=False))


def tries_until_fatal(*endings: Ending) -> int | None:
    """Count the attempts of one run that meets these endings in turn; None: it goes on."""
    governor = Governor()
    for number, ending in enumerate(endings, start=1):
        decision, governor = governor.next(ending, 0.0, False, START_S, lambda: 0.5)
        if isinstance(decision, Fatal):
            return number
    return None


def test_what_is_final_ends_a_run_at_once_and_what_may_pass_never_does() -> None:
    assert [tries_until_fatal(one) for one in FINAL] == [1] * len(FINAL)
    assert [tries_until_fatal(*[one] * 1000) for one in RETRYABLE] == [None] * len(RETRYABLE)
    assert tries_until_fatal(*RETRYABLE * 20) is None


def test_what_is_unsure_gets_a_few_tries() -> None:
    assert [tries_until_fatal(*[one] * 10) for one in UNSURE] == [UNSURE_TRIES + 1] * len(UNSURE)
