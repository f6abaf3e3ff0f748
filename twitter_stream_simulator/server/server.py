"""The listening socket and its threads: requests in, answers and streams out."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from twitter_stream_simulator.protocol import endpoints, problems
from twitter_stream_simulator.protocol.checks import bad_parameter, not_in_plan, with_plain_names
from twitter_stream_simulator.protocol.endpoints import Channel
from twitter_stream_simulator.protocol.http import (
    Answer,
    BadRequestError,
    answer_bytes,
    json_answer,
    read_request,
)
from twitter_stream_simulator.sending.gate import Gate
from twitter_stream_simulator.sending.instead import Asked, do_instead, note_request
from twitter_stream_simulator.sending.recovery import Span
from twitter_stream_simulator.server.classic_door import ClassicDoor, opened
from twitter_stream_simulator.server.streams import Streams, Visit

if TYPE_CHECKING:
    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.endpoints import Endpoint
    from twitter_stream_simulator.protocol.http import Request
    from twitter_stream_simulator.rest.rest import Api
    from twitter_stream_simulator.sending.absences import Absences
    from twitter_stream_simulator.sending.supply import Supply

# How often the accepting thread brings the oracle's notes to its file.
FLUSH_S = 0.5
JOIN_S = 5.0


class Server:
    """Serves one simulator: a thread that accepts, and one to each connection."""

    def __init__(
        self,
        address: tuple[str, int],
        supply: Supply,
        absences: Absences,
        oracle: Oracle,
        api: Api,
    ) -> None:
        self._scenario = supply.scenario
        self._oracle = oracle
        self._api = api
        self._gate = Gate(self._scenario.connect_window_s)
        self._classic_door = ClassicDoor(self._scenario, self._gate)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._absences = absences
        self._streams = Streams(supply, absences, oracle, self._gate, api.roll, self._stopping)
        self._open: dict[socket.socket, threading.Thread] = {}
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=64)
        self._listener.settimeout(FLUSH_S)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="simulator-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def catch_up(self) -> None:
        """Tell the oracle what was missed until now."""
        self._absences.catch_up_all()

    def close(self) -> None:
        """End every connection, and return when no thread and no socket is left."""
        with self._lock:
            self._stopping.set()
        with contextlib.suppress(OSError):  # Wakes accept() at once; where not, FLUSH_S does.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(JOIN_S)
        self._listener.close()
        with self._lock:
            left = list(self._open.items())
            for connection, _ in left:
                with contextlib.suppress(OSError):  # The client may have been faster.
                    connection.shutdown(socket.SHUT_RDWR)
        for _, thread in left:
            thread.join(JOIN_S)

    def _accept(self) -> None:
        """Give each connection a thread until told to stop."""
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                self._oracle.flush()
                continue
            except OSError:
                return
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        """Start the thread of a connection, unless the end has come."""
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="simulator-connection", daemon=True
        )
        with self._lock:
            if self._stopping.is_set():
                connection.close()
                return
            self._open[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        """Answer the requests of one TCP connection."""
        pending = bytearray()
        try:
            while request := read_request(connection, pending):
                if not self._answer(connection, request):
                    break
        except BadRequestError as error:
            answer = Answer(400, str(error).encode(), content_type="text/plain")
            with contextlib.suppress(OSError):
                connection.sendall(answer_bytes(answer, compress=False))
        except OSError:
            pass  # The client went away; there is nobody to tell.
        finally:
            with self._lock:
                self._open.pop(connection, None)
                connection.close()

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Answer one request; say whether the TCP connection may carry another."""
        row = endpoints.find(request.method, request.path)
        answer, headers = self._refusal(row, request)
        if row is not None and answer is None:
            if row.is_stream:
                request = opened(row, request) if row.is_classic else with_plain_names(request)
                channel, span = Channel.of(row, request.query), Span.from_query(request.query)
                visit = Visit(connection, request, channel, headers, span)
                return self._streams.serve(visit) and not request.closes()
            call = self._gate.next_attempt(row.name) + 1
            step = self._scenario.rest_fault(row.name, call)
            if step:
                asked = Asked(connection, request, headers)
                return do_instead(self._oracle, asked, step) and not request.closes()
            answer = self._api.answer(row.handler, request)
        answer = answer or json_answer(404, problems.usual(404))
        answer.headers.update(headers)
        note_request(self._oracle, request, answer.status)
        connection.sendall(answer_bytes(answer, compress=request.accepts_gzip()))
        if answer.then:
            answer.then()
        return not request.closes()

    def _refusal(
        self, row: Endpoint | None, request: Request
    ) -> tuple[Answer | None, dict[str, str]]:
        """Check what X checks before it does anything; return also the rate limit's headers."""
        if row is None:
            return json_answer(404, problems.usual(404)), {}
        if row.is_classic:
            return self._classic_door.refusal(row, request), {}
        if row.bearer and not self._may(request):
            return json_answer(401, problems.usual(401)), {}
        refusal = not_in_plan(row, request) if self._scenario.access == "self_serve" else None
        if refusal:
            return refusal, {}
        usual = self._scenario.searching.limit_of(row.name, row.limit)
        limit = usual if self._scenario.rest_limits else None
        limit = self._scenario.connect_limit if row.is_stream else limit
        headers = {}
        if limit is not None:
            allowance = self._gate.ask(row.name, limit)
            headers = allowance.headers()
            if not allowance.allowed:
                return json_answer(429, problems.usual(429)), headers
        return bad_parameter(row, request), headers

    def _may(self, request: Request) -> bool:
        """Check the bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and token.strip() in self._scenario.bearer_tokens
