"""Just enough HTTP/1.1 for a server on loopback: a socket in, a request out; and answers."""

from __future__ import annotations

import gzip
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 8 * 1024 * 1024
REASONS = {
    200: "OK",
    201: "Created",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Request Entity Too Large",
    416: "Range Not Satisfiable",
    420: "Enhance Your Calm",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class BadRequestError(ValueError):
    """The bytes are no HTTP request that this server can read."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lowercase."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    def accepts_gzip(self) -> bool:
        """Say whether the client can inflate the answer."""
        return "gzip" in self.headers.get("accept-encoding", "")

    def closes(self) -> bool:
        """Say whether the client wants no other answer on this connection."""
        return self.headers.get("connection", "").lower() == "close"

    def json(self) -> dict[str, Any]:
        """Return the body as an object; anything else becomes an empty one."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class Answer:
    """A complete response; ``then`` is called once it was sent."""

    status: int
    body: bytes = b""
    headers: dict[str, str | None] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    then: Callable[[], None] | None = None


def json_answer(status: int, value: object) -> Answer:
    """Return a response with a JSON body."""
    return Answer(status, json.dumps(value, separators=(",", ":")).encode())


def read_request(connection: socket.socket, pending: bytearray) -> Request | None:
    """Read one request; ``pending`` keeps what belongs to the next one.

    Returns:
        ``None`` if the client closed between requests.

    Raises:
        BadRequestError: What came is not HTTP, or too long.
    """
    while b"\r\n\r\n" not in pending:
        if len(pending) > MAX_HEAD_BYTES:
            message = "The head of the request is too long."
            raise BadRequestError(message)
        received = connection.recv(65536)
        if not received:
            return None
        pending += received
    head, _, rest = bytes(pending).partition(b"\r\n\r\n")
    request = _parse_head(head)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        message = "The length of the body cannot be used."
        raise BadRequestError(message)
    body = bytearray(rest)
    while len(body) < int(length):
        received = connection.recv(65536)
        if not received:
            return None
        body += received
    pending[:] = body[int(length) :]
    return Request(
        request.method, request.path, request.query, request.headers, bytes(body[: int(length)])
    )


def _parse_head(head: bytes) -> Request:
    """Read the request line and headers."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004
        message = "The first line is not an HTTP/1 request."
        raise BadRequestError(message)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    try:
        parts = urlsplit(words[1])
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        message = "The address of the request cannot be read."
        raise BadRequestError(message) from error
    return Request(words[0], parts.path, query, headers)


def head_bytes(status: int, headers: Mapping[str, str | None]) -> bytes:
    """Return status line and headers, without those that are ``None``.

    X writes header names in lower case.
    """
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def transaction_headers() -> dict[str, str]:
    """Return the headers that X puts on every answer."""
    return {"x-transaction-id": secrets.token_hex(8), "x-access-level": "read"}


def answer_bytes(answer: Answer, *, compress: bool) -> bytes:
    """Return a complete response on the wire."""
    body = gzip.compress(answer.body, 1) if compress and answer.body else answer.body
    headers: dict[str, str | None] = {
        "content-type": answer.content_type,
        "content-length": str(len(body)),
        **transaction_headers(),
        **answer.headers,
    }
    if body is not answer.body:
        headers["content-encoding"] = "gzip"
    return head_bytes(answer.status, headers) + body


def stream_headers(headers: dict[str, str], *, compress: bool) -> dict[str, str]:
    """Return the headers of an open stream."""
    stream = {
        "content-type": "application/json; charset=utf-8",
        "transfer-encoding": "chunked",
        **transaction_headers(),
        **headers,
    }
    return {**stream, "content-encoding": "gzip"} if compress else stream
