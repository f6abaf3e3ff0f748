"""Wait or die: how a connection ended goes in, the next wait or the end of the run comes out.

The waits are X's published minimums, so chance only ever adds to them:
https://docs.x.com/x-api/fundamentals/handling-disconnections
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import backoff

from .ending import (
    ClosedByServer,
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    NetworkFailed,
    ProtocolBroken,
    Stalled,
    StoppedByUs,
    describe,
)
from .remedies import DUELS, REMEDY_OF_PHASE, remedy_for, remedy_of_disconnect

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# X closes a connection that it took by mistake within seconds; three keep-alives prove more.
HEALTHY_S = 60.0
# One that brought data for this long was no mistake, and what ended it will hardly end the next one
# at once. While most of X's connects are left, waiting longer only misses posts.
SERVED_S = 5.0
PLENTY = 0.5  # of the connects that X allows
# The rate-limit window has 900 s. A later reset means that one of the two clocks is wrong.
RESET_MAX_S = 901.0
RETRY_AFTER_MAX_S = 3_600.0
JITTER = 0.1
JITTER_MAX_S = 10.0
UNSURE_TRIES = 3  # X is known to answer 401 to good credentials now and then


class Cause(str, Enum):
    """Which table of waits applies."""

    DROP = "drop"
    NETWORK = "network"
    HTTP = "http"
    RATE_LIMIT = "rate_limit"


@dataclass(frozen=True, slots=True)
class Wait:
    """Connect again after this time."""

    seconds: float
    cause: Cause


@dataclass(frozen=True, slots=True)
class Fatal:
    """End the run: what happened, and what a person can do."""

    reason: str
    remedy: str


Decision = Wait | Fatal


def _table(waits: Generator[float, Any, None], steps: int) -> tuple[float, ...]:
    next(waits)  # the library's generators begin with a value that stands for no wait yet
    return tuple(float(wait) for wait in islice(waits, steps))


WAITS_S: dict[Cause, tuple[float, ...]] = {
    # X took us and let us go. The first reconnect is immediate, as X asks; a server that goes on
    # accepting and closing gets ever slower ones, or 50 connects would be gone within a second.
    Cause.DROP: (0.0, *_table(backoff.expo(2, 1, 320), 10)),
    Cause.NETWORK: _table(backoff.constant([0.25 * step for step in range(1, 65)]), 64),
    Cause.HTTP: _table(backoff.expo(2, 5, 320), 8),
    # No cap is published; 16 minutes outlast the rate-limit window.
    Cause.RATE_LIMIT: _table(backoff.expo(2, 60, 960), 5),
}


class _Verdict(NamedTuple):
    """``cause`` None: fatal at once. ``tries`` None: retry for ever."""

    cause: Cause | None
    tries: int | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Governor:
    """Steps already taken in each table since the last healthy connection.

    Keep the first value for as long as the settings hold; :meth:`next` resets by itself.
    """

    max_retries: int | None = None
    failures: int = 0
    unsure: int = 0
    drop: int = 0
    network: int = 0
    http: int = 0
    rate_limit: int = 0
    endpoint: str = ""  # whose remedies to give

    def next(  # noqa: PLR0913, PLR0917 - the facts that decide, all told at the only call
        self,
        ending: Ending,
        lived_s: float,
        data_seen: bool,  # noqa: FBT001 - a fact about the ending, as the others are
        now_s: float,
        random: Callable[[], float],
        connects_left: float = 0.0,
    ) -> tuple[Decision, Governor]:
        """Decide what follows an ending.

        Args:
            ending: How the connection, or the try to open one, ended.
            lived_s: Time from X's 200 to the ending; 0 when there was no 200.
            data_seen: Whether the body brought any byte; a keep-alive is enough.
            now_s: Seconds since 1970, for X's reset header.
            random: Returns a float in [0, 1).
            connects_left: Share of the connects in X's window that is not used up.

        Returns:
            The decision, and the governor to ask next time.
        """
        healthy = data_seen and lived_s >= HEALTHY_S
        streak = Governor(self.max_retries, endpoint=self.endpoint) if healthy else self._failed()
        if data_seen and lived_s >= SERVED_S and connects_left > PLENTY:
            streak = replace(streak, drop=min(streak.drop, 1), network=0, http=0)
        verdict = _judge(ending, self.endpoint, healthy=healthy)
        if verdict.cause is None:
            return Fatal(describe(ending), verdict.remedy), streak
        if verdict.tries is not None and streak.unsure >= verdict.tries:
            return Fatal(describe(ending), verdict.remedy), streak
        if self.max_retries is not None and streak.failures > self.max_retries:
            return _gave_up(streak, ending), streak
        base_s = max(_base_s(streak, verdict.cause), _asked_s(ending, now_s))
        jitter_s = min(JITTER * base_s, JITTER_MAX_S) * random()
        return Wait(base_s + jitter_s, verdict.cause), _stepped(streak, verdict, verdict.cause)

    def _failed(self) -> Governor:
        return replace(self, failures=self.failures + 1)


def _base_s(streak: Governor, cause: Cause) -> float:
    steps = WAITS_S[cause]
    taken: int = getattr(streak, cause.value)
    return steps[min(taken, len(steps) - 1)]


def _stepped(streak: Governor, verdict: _Verdict, cause: Cause) -> Governor:
    steps: dict[str, Any] = {cause.value: getattr(streak, cause.value) + 1}
    return replace(streak, unsure=streak.unsure + (verdict.tries is not None), **steps)


def _gave_up(streak: Governor, ending: Ending) -> Fatal:
    reason = f"{streak.failures} tries in a row failed, at last: {describe(ending)}"
    return Fatal(reason, "Start again later, or raise `max_retries`.")


_VERDICT_OF_PHASE: dict[str, _Verdict] = {
    **dict.fromkeys(("dns", "connect", "tls", "proxy"), _Verdict(Cause.NETWORK)),
    # One host of many may have a bad certificate for a while, as may the clock after boot.
    "certificate": _Verdict(Cause.NETWORK, UNSURE_TRIES, REMEDY_OF_PHASE["certificate"]),
    # Tried again and again, a wrong password locks its account.
    "proxy_login": _Verdict(None, remedy=REMEDY_OF_PHASE["proxy_login"]),
    # X may have counted the request, so quarter seconds would waste the connects it allows.
    "request": _Verdict(Cause.HTTP),
}


def _judge(ending: Ending, endpoint: str, *, healthy: bool) -> _Verdict:
    match ending:
        case HttpRefused():
            return _judge_http(ending, endpoint)
        case DisconnectNotice():
            return _judge_notice(ending, endpoint, healthy=healthy)
        case NetworkFailed(phase=phase) if phase != "read":
            return _VERDICT_OF_PHASE[phase]
        case CrowdedOut():
            return _Verdict(Cause.RATE_LIMIT)
        case NetworkFailed() | Stalled() | ClosedByServer() | ProtocolBroken() | StoppedByUs():
            return _Verdict(Cause.DROP)


def _judge_http(refused: HttpRefused, endpoint: str) -> _Verdict:
    """Tell what is worth a retry; all else is fatal."""
    status, remedy = refused.status, remedy_for(refused, endpoint)
    if refused.slug == "usage-capped" or refused.connection_issue == "RulesInvalidIssue":
        return _Verdict(None, remedy=remedy)
    if status in {420, 429} or refused.connection_issue == "ProvisioningSubscription":
        return _Verdict(Cause.RATE_LIMIT)
    if status == 401:  # noqa: PLR2004 - Unauthorized
        return _Verdict(Cause.HTTP, UNSURE_TRIES, remedy)
    if status in {408, 425} or not 300 <= status < 500:  # noqa: PLR2004 - time-outs, server faults
        return _Verdict(Cause.HTTP)
    return _Verdict(None, remedy=remedy)


def _judge_notice(notice: DisconnectNotice, endpoint: str, *, healthy: bool) -> _Verdict:
    remedy = remedy_of_disconnect(notice.disconnect_type, endpoint)
    match notice.disconnect_type:
        case "InvalidRules" | "TokenRevoked":
            return _Verdict(None, remedy=remedy)
        case "ClientApplicationStateDegraded":
            return _Verdict(Cause.HTTP, UNSURE_TRIES, remedy)
        case one if one in DUELS:
            return _Verdict(Cause.RATE_LIMIT)
        case "InternalError" | "Internal":
            return _Verdict(Cause.HTTP)
        case "ForceDisconnect" if not healthy:
            # Kicked soon after connecting: somebody else holds the app's connection.
            return _Verdict(Cause.RATE_LIMIT)
        case _:
            return _Verdict(Cause.DROP)


def _asked_s(ending: Ending, now_s: float) -> float:
    """Return the wait that X's headers ask for, within reason."""
    if not isinstance(ending, HttpRefused):
        return 0.0
    asked_s = min(max(ending.retry_after_s or 0.0, 0.0), RETRY_AFTER_MAX_S)
    # Requests left over mean that something else was refused: too many connections, for one.
    if ending.rate_limit_reset_s is not None and not ending.rate_limit_remaining:
        reset_s = ending.rate_limit_reset_s - now_s
        asked_s = max(asked_s, min(max(reset_s, 0.0), RESET_MAX_S))
    return asked_s


def reached_x(ending: Ending) -> bool:
    """Tell whether X can have counted the attempt as a connect request."""
    if not isinstance(ending, NetworkFailed):
        return True
    return ending.phase in {"request", "read"}
