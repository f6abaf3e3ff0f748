"""One REST call with its retries: a request in, an answer of 2xx out, or a typed error."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any

import requests

from tap_twitter_stream.api.failures import network_failure
from tap_twitter_stream.api.redact import scrub_refusal
from tap_twitter_stream.errors import ApiRefusedError, ApiUnavailableError, StopRequestedError
from tap_twitter_stream.policy.ending import (
    HttpRefused,
    NetworkFailed,
    ProtocolBroken,
    describe,
)
from tap_twitter_stream.policy.governor import Fatal, Governor
from tap_twitter_stream.policy.problem import problem_from_body
from tap_twitter_stream.policy.remedies import REMEDY_OF_PHASE, remedy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_twitter_stream.clock import Clock

ANSWER_TIMEOUT_S = 30.0
# 60, 120 and 240 s against a rate limit: enough for its window of 15 minutes in most cases, and a
# run that cannot even list its rules should say so while somebody is still watching.
MAX_RETRIES = 3

logger = logging.getLogger(__name__)


class Caller:
    """Sends requests and repeats what may succeed later.

    Args:
        session: Already carries credentials, proxy and certificates.
        base_url: Without a slash at its end.
        clock: Its stop ends a wait between two tries.
        connect_timeout_s: To open the connection.
        max_retries: Tries after the first.
        chance: For the jitter of waits.
    """

    def __init__(  # noqa: PLR0913 - what a call needs from outside, all but two with defaults
        self,
        session: requests.Session,
        base_url: str,
        *,
        clock: Clock,
        connect_timeout_s: float = 10.0,
        max_retries: int = MAX_RETRIES,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._clock = clock
        self._timeout_s = (connect_timeout_s, ANSWER_TIMEOUT_S)
        self._max_retries = max_retries
        self._chance = chance

    def json(self, method: str, path: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on to requests
        """Return the JSON object that X answers with.

        Args:
            method: ``GET`` or ``POST``.
            path: Begins with a slash.
            request: ``params``, ``json``, ``data``, ``headers``, ``auth`` of ``requests``.

        Raises:
            ApiRefusedError: X will not do it, however often it is asked.
            ApiUnavailableError: All tries failed.
            StopRequestedError: A stop came during a wait.
        """
        governor = Governor(max_retries=self._max_retries)
        while True:
            answer = self._try_once(method, path, request)
            if isinstance(answer, dict):
                return answer
            if isinstance(answer, HttpRefused) and not _may_pass(answer):
                raise refused(answer, path)
            decision, governor = governor.next(
                answer, 0.0, False, self._clock.now_s(), self._chance
            )
            if isinstance(decision, Fatal):
                message = f"{method} {path}: {decision.reason} {self._remedy(answer)}"
                raise ApiUnavailableError(message, status=getattr(answer, "status", None))
            logger.info(
                "%s %s: trying again in %.1f s. %s",
                method,
                path,
                decision.seconds,
                describe(answer),
            )
            if self._clock.wait(decision.seconds):
                message = f"A stop came while {path} waited for X."
                raise StopRequestedError(message)

    def _try_once(
        self, method: str, path: str, request: Mapping[str, Any]
    ) -> dict[str, Any] | HttpRefused | NetworkFailed | ProtocolBroken:
        try:
            response = self._session.request(
                method, self._base_url + path, timeout=self._timeout_s, **request
            )
        except (requests.RequestException, OSError) as error:
            return network_failure(error)
        if not _is_success(response):
            judged = _rules_answer(response)
            return self._problem(response) if judged is None else judged
        answer = _object(response)
        return ProtocolBroken("the answer is no JSON object") if answer is None else answer

    def _remedy(self, answer: HttpRefused | NetworkFailed | ProtocolBroken) -> str:
        if isinstance(answer, NetworkFailed):
            reach = f"Check that `api_url` ({self._base_url}) can be reached from this machine."
            return REMEDY_OF_PHASE.get(answer.phase, reach)
        return "Try again later."

    def _problem(self, response: requests.Response) -> HttpRefused:
        status, headers = response.status_code, response.headers
        now_s = self._clock.now_s()
        return scrub_refusal(problem_from_body(status, headers, response.content, now_s))


def refused(answer: HttpRefused, path: str) -> ApiRefusedError:
    """Return the error that says what X refused, and what to do about it."""
    message = f"{path}: {describe(answer)} {remedy_for(answer)}"
    return ApiRefusedError(
        message, status=answer.status, slug=answer.slug, detail=answer.detail or answer.title
    )


def _may_pass(answer: HttpRefused) -> bool:
    """Tell whether the same call may work later; unlike a stream, nobody asks twice on 401."""
    if answer.slug == "usage-capped":
        return False
    return answer.status in {408, 420, 425, 429} or answer.status >= 500  # noqa: PLR2004 - server faults


def _is_success(response: requests.Response) -> bool:
    """Tell a 2xx from all else; ``ok`` of requests takes redirects for success."""
    return 200 <= response.status_code < 300  # noqa: PLR2004 - the class 2xx


def _object(response: requests.Response) -> dict[str, Any] | None:
    try:
        payload = response.json()
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _rules_answer(response: requests.Response) -> dict[str, Any] | None:
    """Return the body of a refusal that judges each rule by itself; X sends some of them as 4xx."""
    if response.status_code not in {400, 409, 422}:
        return None
    payload = _object(response) or {}
    meta = payload.get("meta")
    return payload if isinstance(meta, dict) and isinstance(meta.get("summary"), dict) else None
