"""The listening socket and its threads: requests in, answers and streams out."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from tap_twitter_stream.simulator import clock, endpoints, problems
from tap_twitter_stream.simulator.checks import bad_parameter
from tap_twitter_stream.simulator.endpoints import Channel
from tap_twitter_stream.simulator.fields import Selection
from tap_twitter_stream.simulator.gate import Gate
from tap_twitter_stream.simulator.http import (
    Answer,
    BadRequestError,
    answer_bytes,
    head_bytes,
    json_answer,
    read_request,
    stream_headers,
)
from tap_twitter_stream.simulator.link import ClientGoneError, Link
from tap_twitter_stream.simulator.session import Session
from tap_twitter_stream.simulator.steps import Close, Disconnect, Http, Refuse
from tap_twitter_stream.simulator.supply import Feed

if TYPE_CHECKING:
    from tap_twitter_stream.simulator.endpoints import Endpoint
    from tap_twitter_stream.simulator.http import Request
    from tap_twitter_stream.simulator.oracle import Oracle
    from tap_twitter_stream.simulator.rest import Api
    from tap_twitter_stream.simulator.steps import Step
    from tap_twitter_stream.simulator.supply import Supply

# How often the accepting thread brings the oracle's notes to its file.
FLUSH_S = 0.5
JOIN_S = 5.0


class Server:
    """Serves one simulator: a thread that accepts, and one to each connection."""

    def __init__(self, address: tuple[str, int], supply: Supply, oracle: Oracle, api: Api) -> None:
        self._supply = supply
        self._scenario = supply.scenario
        self._oracle = oracle
        self._api = api
        self._gate = Gate(self._scenario.connect_window_s)
        self._lock = threading.Lock()
        self._stopping = False
        self._open: dict[socket.socket, threading.Thread] = {}
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=64)
        self._listener.settimeout(FLUSH_S)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="simulator-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def close(self) -> None:
        """End every connection, and return when no thread and no socket is left."""
        with self._lock:
            self._stopping = True
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
        while not self._stopping:
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
            if self._stopping:
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
                return self._stream(connection, request, row, headers)
            answer = self._api.answer(row.handler, request)
        answer = answer or json_answer(404, problems.usual(404))
        answer.headers.update(headers)
        self._note(request, answer.status)
        connection.sendall(answer_bytes(answer, compress=request.accepts_gzip()))
        if answer.then:
            answer.then()
        return request.headers.get("connection", "").lower() != "close"

    def _refusal(
        self, row: Endpoint | None, request: Request
    ) -> tuple[Answer | None, dict[str, str]]:
        """Check what X checks before it does anything; return also the rate limit's headers."""
        if row is None:
            return json_answer(404, problems.usual(404)), {}
        if row.bearer and not self._may(request):
            return json_answer(401, problems.usual(401)), {}
        limit = row.limit if self._scenario.rest_limits else None
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

    def _stream(
        self,
        connection: socket.socket,
        request: Request,
        row: Endpoint,
        headers: dict[str, str],
    ) -> bool:
        """Open a stream, or refuse it; either way the TCP connection ends with it or goes on."""
        refusal = None
        channel = Channel.of(row, request.query)
        if row.needs_rules and not self._supply.rules.all:
            refusal = json_answer(409, problems.NO_RULES)
        elif not self._gate.enter(channel.name, self._scenario.max_connections):
            if self._scenario.extra_connection == "disconnect":
                self._run(connection, request, channel, headers, (Disconnect("ForceDisconnect"),))
                return False
            refusal = json_answer(429, problems.TOO_MANY_CONNECTIONS)
        if refusal:
            refusal.headers.update(headers)
            self._note(request, refusal.status)
            connection.sendall(answer_bytes(refusal, compress=request.accepts_gzip()))
            return True
        try:
            return self._follow(connection, request, channel, headers)
        finally:
            self._gate.leave(channel.name)

    def _follow(
        self,
        connection: socket.socket,
        request: Request,
        channel: Channel,
        headers: dict[str, str],
    ) -> bool:
        """Let the script of this attempt decide between a refusal and a stream."""
        name = channel.endpoint.name
        attempt = self._gate.next_attempt(channel.name)
        script = self._scenario.script(name, attempt, channel.partition)
        first = script[0] if script else None
        if isinstance(first, Refuse):
            self._note(request, 0)
            return False
        if isinstance(first, Http):
            self._note(request, first.status)
            answer = json_answer(first.status, problems.usual(first.status))
            if first.body is not None:
                answer.body = first.body
            answer.headers = {**headers, **dict(first.headers)}
            connection.sendall(answer_bytes(answer, compress=False))
            return True
        try:
            self._run(connection, request, channel, headers, script)
        finally:
            if self._scenario.ghost_slot_s:
                self._gate.haunt(channel.name, self._scenario.ghost_slot_s)
        return False

    def _run(
        self,
        connection: socket.socket,
        request: Request,
        channel: Channel,
        headers: dict[str, str],
        script: tuple[Step, ...],
    ) -> None:
        """Send the 200 and then the stream, and note how it ended."""
        compress = self._scenario.gzip and request.accepts_gzip()
        self._note(request, 200)
        row = channel.endpoint
        opened = self._oracle.opened(row.name, partition=channel.partition, holds=row.holds)
        ending = "client"
        try:
            mixed = compress and self._may_mix(script)
            link = Link(connection, compress=compress, mixed=mixed)
            link.begin(head_bytes(200, stream_headers(headers, compress=compress)))
            selection = Selection.from_query(request.query, row.legal_values)
            feed = Feed(self._supply, channel, selection, deflate=mixed)
            session = Session(link, feed, self._supply, self._oracle, opened)
            session.redeliver(60.0 * int(request.query.get("backfill_minutes", "0")))
            ending = session.run(script)
        except ClientGoneError:
            ending = "stop" if self._stopping else "client"
        finally:
            self._supply.past.ended(channel.name, clock.now_s())
            self._oracle.closed(opened, ending)

    def _may_mix(self, script: tuple[Step, ...]) -> bool:
        """Say whether posts compressed beforehand will do: no checksum, no line is asked for."""
        finishes = any(isinstance(step, (Close, Disconnect)) for step in script)
        return not finishes and not self._scenario.record_messages

    def _note(self, request: Request, status: int) -> None:
        """Tell the oracle about a request, leaving out what might be secret."""
        row = endpoints.find(request.method, request.path)
        known = row.parameters if row else frozenset()
        query = {name: value if name in known else "…" for name, value in request.query.items()}
        self._oracle.request(method=request.method, path=request.path, query=query, status=status)
