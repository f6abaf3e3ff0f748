"""What a script puts in the place of the usual answer: a step and a request in, bytes out."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.protocol import endpoints, problems
from twitter_stream_simulator.protocol.http import answer_bytes, json_answer
from twitter_stream_simulator.scenario.steps import Http, NoAnswer
from twitter_stream_simulator.sending.link import ClientGoneError, Link

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.http import Answer, Request
    from twitter_stream_simulator.scenario.steps import Instead


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for its answer, and the headers that tell of the rate limit."""

    socket: socket.socket
    request: Request
    headers: dict[str, str]


def do_instead(
    oracle: Oracle, asked: Asked, step: Instead, usual: Callable[[int], Answer] | None = None
) -> bool:
    """Do the step; say whether the TCP connection may carry another request.

    Args:
        oracle: Is told about the request.
        asked: What is to be answered.
        step: What to do about it.
        usual: Makes the answer to a status for which the step has no body; else v2's is taken.
    """
    note_request(oracle, asked.request, step.status if isinstance(step, Http) else 0)
    if isinstance(step, Http):
        answer = scripted_answer(step, asked.headers, usual)
        asked.socket.sendall(answer_bytes(answer, compress=False))
    elif isinstance(step, NoAnswer):
        with contextlib.suppress(ClientGoneError):
            span_s = math.inf if step.seconds is None else step.seconds
            Link(asked.socket, compress=False).wait(span_s)
    return isinstance(step, Http)


def scripted_answer(
    step: Http, headers: dict[str, str], usual: Callable[[int], Answer] | None = None
) -> Answer:
    """Return the answer that a step describes."""
    answer = (usual or _usual_problem)(step.status)
    if step.body is not None:
        answer.body = step.body
    answer.headers = {**headers}
    if step.reset_in_s is not None:
        reset = str(int(clock.now_s() + step.reset_in_s))
        answer.headers |= {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    answer.headers |= dict(step.headers)
    return answer


def _usual_problem(status: int) -> Answer:
    """Return what v2 answers."""
    return json_answer(status, problems.usual(status))


def note_request(oracle: Oracle, request: Request, status: int) -> None:
    """Tell the oracle about a request, leaving out what might be secret."""
    row = endpoints.find(request.method, request.path)
    known = row.parameters | set(map(endpoints.plain_name, row.parameters)) if row else frozenset()
    query = {name: value if name in known else "…" for name, value in request.query.items()}
    oracle.request(method=request.method, path=request.path, query=query, status=status)
