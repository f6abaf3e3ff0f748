"""A raw HTTP reader for simulator tests: it shows chunks, cuts and resets as they came."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.limits import HANG_S
from twitter_stream_simulator.protocol.fields import LEGAL_VALUES, PRIVATE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twitter_stream_simulator import Simulator

SAMPLE = "/2/tweets/sample/stream"
FILTERED = "/2/tweets/search/stream"
EVERYTHING = "?" + urlencode(
    {name: ",".join(sorted(values - PRIVATE_FIELDS)) for name, values in LEGAL_VALUES.items()}
)
RULES = "/2/tweets/search/stream/rules"


def connect(
    sim: Simulator, path: str = SAMPLE, *, gzip: bool = False, token: str | None = None
) -> socket.socket:
    """Send the request of a stream and return its socket."""
    address = urlsplit(sim.url)
    connection = socket.create_connection((str(address.hostname), address.port or 0), HANG_S)
    encoding = "gzip" if gzip else "identity"
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encoding}\r\n"
        f"Authorization: Bearer {token or sim.bearer_token}\r\n\r\n".encode()
    )
    return connection


@dataclass(slots=True)
class Reply:
    """A whole response: ``complete`` if the zero chunk came, ``reset`` if an RST ended it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    rest: bytes = b""
    complete: bool = False
    reset: bool = False

    @property
    def body(self) -> bytes:
        """The body after de-chunking and inflation."""
        joined = b"".join(self.chunks)
        if self.headers.get("content-encoding") != "gzip":
            return joined
        return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(joined)

    @property
    def lines(self) -> list[bytes]:
        """The complete lines, keep-alives as empty ones."""
        return self.body.split(b"\r\n")[:-1]

    @property
    def ids(self) -> list[str]:
        """The ids of all lines that are posts."""
        return [json.loads(line)["data"]["id"] for line in self.lines if line.startswith(b'{"data')]


def read_reply(connection: socket.socket) -> Reply:
    """Read to the end of the connection."""
    received, reset = bytearray(), False
    with connection:
        try:
            while data := connection.recv(1 << 16):
                received += data
        except ConnectionResetError:
            reset = True
    reply = Reply(reset=reset)
    if not received:
        return reply
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    reply.status = int(first.split()[1])
    reply.headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    if "content-length" in reply.headers:
        reply.rest = body
    else:
        _unchunk(reply, body)
    return reply


def _unchunk(reply: Reply, body: bytes) -> None:
    """Take whole chunks off the body; what is left is ``rest``."""
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size_bytes, start = int(body[at:end], 16), end + 2
        if size_bytes == 0:
            reply.complete = True
            break
        if len(body) < start + size_bytes + 2:
            break
        reply.chunks.append(body[start : start + size_bytes])
        at = start + size_bytes + 2
    reply.rest = body[at:]


def read_posts(connection: socket.socket, count: int) -> list[dict[str, Any]]:
    """Read that many messages of an identity stream with a chunk to a message, then close."""
    with connection, connection.makefile("rb") as stream:
        while stream.readline() != b"\r\n":
            pass
        posts: list[dict[str, Any]] = []
        while len(posts) < count:
            line = stream.readline()
            assert line, "the stream ended early"
            if line.startswith(b"{"):
                posts.append(json.loads(line))
        return posts


def call(
    sim: Simulator,
    path: str,
    body: Mapping[str, Any] | None = None,
    /,
    *,
    token: str | None = None,
    method: str | None = None,
    **query: str,
) -> tuple[int, Any, dict[str, str]]:
    """Make one REST call; return status, decoded body and headers."""
    url = sim.url + path + (f"?{urlencode(query)}" if query else "")
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token or sim.bearer_token}"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=HANG_S) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), dict(error.headers)
