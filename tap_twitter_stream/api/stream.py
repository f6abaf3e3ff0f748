"""Open one streaming connection and read its payload. Bytes come out as soon as they arrive.

``requests`` does what it does well (names, proxies, TLS, headers); behind the response's head the
socket is read directly. Its own readers either wait to fill a buffer, which freezes a quiet
stream, or die on the first time-out, and cost two buffered reads a chunk.
"""

from __future__ import annotations

import select
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tap_twitter_stream.api.failures import network_failure
from tap_twitter_stream.api.redact import scrub_refusal
from tap_twitter_stream.policy.ending import (
    ClosedByServer,
    HttpRefused,
    NetworkFailed,
    ProtocolBroken,
)
from tap_twitter_stream.policy.problem import problem_from_body
from tap_twitter_stream.wire.chunked import ChunkedDecoder, ChunkedError
from tap_twitter_stream.wire.inflate import Identity, InflateError, Inflater, decoder_for

if TYPE_CHECKING:
    from collections.abc import Mapping

RECEIVE_BYTES = 256 << 10
_MAX_ERROR_BODY_BYTES = 64 << 10
# A NAT forgets a silent connection within minutes; these probes notice a dead peer before that.
_KEEP_ALIVE_OPTIONS = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What to ask for. Holds a secret in its headers, so it has no representation."""

    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    connect_timeout_s: float
    answer_timeout_s: float
    method: str = "GET"
    form: Mapping[str, str] | None = None  # of a POST

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"StreamRequest({self.url})"


Closing = ClosedByServer | NetworkFailed | ProtocolBroken


class OpenStream:
    """A connection that X answered with 200."""

    def __init__(self, response: requests.Response, wake_handle: int) -> None:
        self._response = response
        original: Any = response.raw._original_response  # noqa: SLF001 - the one way to the socket
        self._socket: socket.socket = original.fp.raw._sock  # noqa: SLF001
        self._socket.setblocking(False)  # noqa: FBT003
        _keep_alive(self._socket)
        self._chunks = ChunkedDecoder() if original.chunked else None
        # What a Content-Length still promises; X sends none, but what stands before it may.
        self._left: int | None = original.length
        self._inflate: Identity | Inflater = decoder_for(response.headers.get("content-encoding"))
        self._buffered = _take_buffered(original.fp)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(wake_handle, select.POLLIN)
        self.headers: Mapping[str, str] = response.headers
        self.wire_bytes = 0

    def read(self, timeout_s: float) -> bytes | Closing | None:
        """Return payload, or how the connection ended, or None when no byte came in time.

        None also comes early when the wake handle becomes readable. ``b""`` means that bytes
        came but complete no payload yet: the peer is alive.
        """
        try:
            data = self._receive(timeout_s)
            if data is None:
                return None
            if not data:
                return self._end()
            self.wire_bytes += len(data)
            return self._decode(data)
        except (ChunkedError, InflateError) as error:
            return ProtocolBroken(str(error))
        except OSError as error:
            return NetworkFailed("read", error.strerror or type(error).__name__)

    def _decode(self, data: bytes) -> bytes | ClosedByServer:
        if self._chunks is None:
            if self._left is not None:
                self._left -= len(data)
            return self._inflate.feed(data)
        if payload := self._chunks.feed(data):
            return self._inflate.feed(payload)
        return self._end() if self._chunks.finished else b""

    def _end(self) -> ClosedByServer:
        ended = not self._left if self._chunks is None else self._chunks.finished
        return ClosedByServer(clean=self._inflate.is_whole() and ended)

    def close(self) -> None:
        """Close the socket, so that X frees the slot now."""
        self._response.close()
        self._socket.close()

    def _receive(self, timeout_s: float) -> bytes | None:
        """Bytes, ``b""`` at the end, None when none came."""
        if self._buffered:
            buffered, self._buffered = self._buffered, b""
            return buffered
        if self._left == 0 or (self._chunks is not None and self._chunks.finished):
            return b""
        data = self._try_receive()
        if data is not None:
            return data
        self._poll.poll(timeout_s * 1000)
        return self._try_receive()

    def _try_receive(self) -> bytes | None:
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLZeroReturnError:
            return b""


def open_stream(
    session: requests.Session, request: StreamRequest, wake_handle: int, now_s: float
) -> OpenStream | HttpRefused | NetworkFailed | ProtocolBroken:
    """Make one connection attempt. Never raises for what the network or X may do."""
    try:
        response = session.request(
            request.method,
            request.url,
            params=dict(request.params),
            data=request.form,
            headers=dict(request.headers),
            stream=True,
            allow_redirects=False,  # a redirect would carry the token to another host
            timeout=(request.connect_timeout_s, request.answer_timeout_s),
        )
        if response.status_code != requests.codes.ok:
            with response:
                body = response.raw.read(_MAX_ERROR_BODY_BYTES, decode_content=True)
            answer = problem_from_body(response.status_code, response.headers, body, now_s)
            return scrub_refusal(answer)
        return OpenStream(response, wake_handle)
    except InflateError as error:
        return ProtocolBroken(str(error))
    except (requests.RequestException, OSError) as error:
        return network_failure(error)


def _take_buffered(fp: Any) -> bytes:  # noqa: ANN401 - http.client's buffered reader
    """Return body bytes that were read together with the response's head."""
    try:
        waiting: bytes = fp.peek(1)
        data: bytes = fp.read1(len(waiting)) if waiting else b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return b""
    return data


def _keep_alive(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE_OPTIONS:
            if option := getattr(socket, name, None):
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        return  # a tunnel's socket may not know these; the stall timer still watches
