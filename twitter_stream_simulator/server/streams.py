"""What a checked request for a stream gets: slots and scripts in, refusals and streams out."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.generation.classic_feed import Ask
from twitter_stream_simulator.material.blocks import CRLF
from twitter_stream_simulator.protocol import problems
from twitter_stream_simulator.protocol.fields import Selection
from twitter_stream_simulator.protocol.http import (
    answer_bytes,
    head_bytes,
    json_answer,
    stream_headers,
)
from twitter_stream_simulator.scenario.steps import INSTEAD, Close, Disconnect, NewMember, Open
from twitter_stream_simulator.sending.classic_session import ClassicSession
from twitter_stream_simulator.sending.instead import Asked, do_instead, note_request
from twitter_stream_simulator.sending.link import ClientGoneError, KickedError, Link
from twitter_stream_simulator.sending.outbox import Outbox
from twitter_stream_simulator.sending.recovery import RecoverySession, Span
from twitter_stream_simulator.sending.session import Session
from twitter_stream_simulator.sending.supply import Feed
from twitter_stream_simulator.server.classic_door import usual_answer
from twitter_stream_simulator.server.classic_powerstream import is_local as is_local_only
from twitter_stream_simulator.server.classic_powerstream import local_headers, preamble

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from twitter_stream_simulator.oracle.notes import Connection
    from twitter_stream_simulator.oracle.oracle import Oracle
    from twitter_stream_simulator.protocol.endpoints import Channel
    from twitter_stream_simulator.protocol.http import Answer, Request
    from twitter_stream_simulator.scenario.steps import Instead, Step
    from twitter_stream_simulator.sending.absences import Absences
    from twitter_stream_simulator.sending.connection_registry import Entry, Roll
    from twitter_stream_simulator.sending.gate import Gate
    from twitter_stream_simulator.sending.supply import Supply


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a stream; ``span`` is what a recovery asks for."""

    socket: socket.socket
    request: Request
    channel: Channel
    headers: dict[str, str]
    span: Span | None

    @property
    def slots(self) -> str:
        """What has connection slots of its own: an account has one for all of v1.1."""
        return "v1.1" if self.channel.endpoint.is_classic else self.turns

    @property
    def turns(self) -> str:
        """What has scripts of its own."""
        return self.channel.name + (" recovery" if self.span else "")


class Streams:
    """Opens streams, or refuses them."""

    def __init__(  # noqa: PLR0913, PLR0917 - one part each
        self,
        supply: Supply,
        absences: Absences,
        oracle: Oracle,
        gate: Gate,
        roll: Roll,
        stopping: threading.Event,
    ) -> None:
        self._supply = supply
        self._scenario = supply.scenario
        self._oracle = oracle
        self._gate = gate
        self._stopping = stopping
        self._absences = absences
        self._roll = roll
        self._lock = threading.Lock()
        self._links: dict[str, list[Link]] = {}

    def serve(self, visit: Visit) -> bool:
        """Open a stream, or refuse it; say whether the TCP connection may carry another request."""
        scenario = self._scenario
        limit = scenario.max_recoveries if visit.span else scenario.max_connections
        limit = None if self._drops_oldest(visit) else limit
        if visit.channel.endpoint.needs_rules and not self._supply.rules.all:
            return self._refuse(visit, json_answer(409, problems.NO_RULES))
        if not self._gate.enter(visit.slots, limit):
            if scenario.extra_connection == "disconnect":
                self._run(visit, (Disconnect("ForceDisconnect"),))
                return False
            return self._refuse(visit, json_answer(429, problems.TOO_MANY_CONNECTIONS))
        try:
            return self._follow(visit)
        finally:
            self._gate.leave(visit.slots)

    def _refuse(self, visit: Visit, refusal: Answer) -> bool:
        """Answer with something else than a stream."""
        refusal.headers = {**visit.headers, **refusal.headers}
        note_request(self._oracle, visit.request, refusal.status)
        compress = visit.request.accepts_gzip()
        visit.socket.sendall(answer_bytes(refusal, compress=compress))
        return True

    def _follow(self, visit: Visit) -> bool:
        """Let the script of this attempt decide between a refusal and a stream."""
        channel = visit.channel
        attempt = self._gate.next_attempt(visit.turns)
        script = self._scenario.script(
            channel.endpoint.name, attempt, channel.partition, recovery=visit.span is not None
        )
        if self._scenario.random_faults:
            self._oracle.script(channel, attempt, script)
        first = script[0] if script else None
        if isinstance(first, INSTEAD):
            return self._instead(visit, first)
        self._run(visit, script)
        return False

    def _instead(self, visit: Visit, step: Instead) -> bool:
        """Do what a script has in place of a stream."""
        usual = usual_answer if visit.channel.endpoint.is_classic else None
        asked = Asked(visit.socket, visit.request, visit.headers)
        return do_instead(self._oracle, asked, step, usual)

    def _run(self, visit: Visit, script: tuple[Step, ...]) -> None:
        """Send the 200 and then the stream, and note how it ended."""
        note_request(self._oracle, visit.request, 200)
        row = visit.channel.endpoint
        opened = self._oracle.opened(
            row.name,
            partition=visit.channel.partition,
            holds=row.holds,
            recovery=visit.span is not None,
        )
        if visit.span:
            self._absences.catch_up(visit.channel)
        else:
            self._absences.opened(visit.channel)
        session = self._session(visit, script, opened)
        broadcast, reader = session.outbox.broadcast, session.reader
        if not visit.span:
            broadcast.join(reader)
        ending = "client"
        try:
            with self._listed(visit, session.link):
                ending = self._play(visit, session, script)
        except ClientGoneError:
            ending = "stop" if self._stopping.is_set() else "client"
            ending = "slow_reader" if session.link.timed_out else ending
        finally:
            if not visit.span:
                self._absences.ended(visit.channel, reader.silent_since_s or clock.now_s())
                broadcast.leave(reader)
            self._oracle.closed(opened, ending)

    def _play(self, visit: Visit, session: Session, script: tuple[Step, ...]) -> str:
        """Send the head and what was asked for again, then follow the script; name the ending."""
        first = script[0] if script else None
        changed = dict(first.headers) if isinstance(first, Open) else {}
        headers = stream_headers(visit.headers, compress=session.link.is_compressed)
        is_local = is_local_only(visit.request)
        headers |= local_headers() if is_local else {}
        try:
            session.link.begin(head_bytes(200, {**headers, **changed}))
            if is_local:
                session.link.send(preamble() + CRLF)
            session.redeliver(60.0 * int(visit.request.query.get("backfill_minutes", "0")))
            return session.run(script)
        except KickedError as kick:
            return session.end_kicked(kick)

    @contextlib.contextmanager
    def _listed(self, visit: Visit, link: Link) -> Iterator[None]:
        """Keep a stream among those open, perhaps in the place of an older one."""
        links = self._links.setdefault(visit.slots, [])
        with self._lock:
            links.append(link)
            limit = self._scenario.max_connections
            too_many = max(0, len(links) - limit) if limit and self._drops_oldest(visit) else 0
            dropped, links[:] = links[:too_many], links[too_many:]
        extra = self._scenario.extra_connection
        notice = extra == "disconnect_oldest"
        notice = notice or (visit.channel.endpoint.is_classic and extra != "drop_oldest")
        for old in dropped:
            old.kick("dropped", "ForceDisconnect" if notice else None)
        entry = self._roll.begin(
            visit.channel.endpoint.name, lambda: link.kick("killed", "ForceDisconnect")
        )
        try:
            yield
        finally:
            with self._lock, contextlib.suppress(ValueError):  # It may have been dropped.
                links.remove(link)
            self._haunt(visit, entry)

    def _haunt(self, visit: Visit, entry: Entry | None) -> None:
        """Leave a ghost in the place of a stream that has ended, unless it was killed."""
        span_s = 0.0 if visit.span else self._scenario.ghost_slot_s
        ghost = 0.0
        if span_s and not (entry and entry.reason):
            ghost = self._gate.haunt(visit.slots, span_s)
        if entry:
            self._roll.end(
                entry, ghost_s=span_s, lay_ghost=lambda: self._gate.lay(visit.slots, ghost)
            )

    def _drops_oldest(self, visit: Visit) -> bool:
        """Say whether one connection too many ends the oldest one."""
        if visit.channel.endpoint.is_classic:
            return True  # The one thing that v1.1 is known to do.
        return not visit.span and self._scenario.extra_connection.endswith("_oldest")

    def _session(self, visit: Visit, script: tuple[Step, ...], opened: Connection) -> Session:
        """Return what sends the response."""
        compress = self._scenario.gzip and visit.request.accepts_gzip()
        mixed = compress and not visit.span and self._may_mix(script)
        mixed = mixed and not self._drops_oldest(visit)
        patience = self._scenario.patience
        link = Link(visit.socket, compress=compress, mixed=mixed, patience=patience)
        selection = Selection.from_query(visit.request.query, visit.channel.endpoint.legal_values)
        ask = Ask.of(visit.channel.endpoint, visit.request.query)
        feed = Feed(self._supply, visit.channel, selection, deflate=mixed, ask=ask)
        broadcast = self._supply.broadcast_of(visit.channel)
        outbox = Outbox(link, feed, self._supply, self._oracle, opened, broadcast)
        if visit.channel.endpoint.is_classic:
            warns = (
                visit.request.query.get("stall_warnings", "").lower() == "true"
            )  # tweepy: "True"
            return ClassicSession(
                outbox, self._stopping, delimited=ask.delimited, stall_warnings=warns
            )
        if not visit.span:
            return Session(outbox, self._stopping)
        past = self._supply.past
        left = past.between(visit.channel.name, visit.span.from_s, visit.span.to_s)
        return RecoverySession(outbox, self._stopping, left=left)

    def _may_mix(self, script: tuple[Step, ...]) -> bool:
        """Say whether posts compressed beforehand will do: no checksum, no line is asked for."""
        finishes = any(isinstance(step, (Close, Disconnect, NewMember)) for step in script)
        kicks = self._scenario.slow_reader is not None
        return not finishes and not kicks and not self._scenario.record_messages
