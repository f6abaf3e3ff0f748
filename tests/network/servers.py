"""What stands between a user and X: a TLS front and a proxy, as real servers on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from pathlib import Path

    import trustme
    from typing_extensions import Self

T = TypeVar("T")
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Server:
    """Accepts connections on a random port of loopback, in a thread of its own."""

    def __init__(
        self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._tls = tls
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = port
        self.served: list[object] = []
        """The address of each client whose connection got as far as the protocol inside."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(
            asyncio.start_server(self._accept, self._host, self.port, ssl=self._tls)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def cut(self) -> None:
        """Cut every connection without a goodbye: no close_notify, a reset at best."""
        self._do(self._cut())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.served.append(writer.get_extra_info("peername"))
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        raise NotImplementedError

    async def relay(self, client: Pair, port: int) -> None:
        """Pass bytes on between a client and a port of loopback until either side ends."""
        server = await asyncio.open_connection("127.0.0.1", port)
        self._writers.add(server[1])
        ways = [
            asyncio.ensure_future(_pass_on(client[0], server[1])),
            asyncio.ensure_future(_pass_on(server[0], client[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers.discard(server[1])
            server[1].close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


class TlsFront(_Server):
    """Speaks TLS in front of a server that speaks plain HTTP.

    Args:
        url: Of the server behind.
        authority: Signs this front's certificate.
        names: The hosts that the certificate is for.
    """

    def __init__(
        self,
        url: str,
        authority: trustme.CA,
        *,
        names: Iterable[str] = ("localhost",),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        super().__init__(context, host, port)
        self._behind = int(url.rpartition(":")[2])

    @property
    def url(self) -> str:
        """The address to put into ``api_url``."""
        return f"https://localhost:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes out of the TLS."""
        await self.relay((reader, writer), self._behind)


class Proxy(_Server):
    """An HTTP proxy that tunnels by CONNECT.

    Args:
        login: ``user:password`` that a client must send.
        refusal: Status line and head to answer every CONNECT with instead.
    """

    def __init__(self, login: str | None = None, refusal: bytes | None = None) -> None:
        super().__init__()
        self._login = login
        self._refusal = refusal
        self.asked: list[str] = []
        """``host:port`` of each CONNECT."""

    @property
    def url(self) -> str:
        """The address to put into ``proxy``."""
        return f"http://localhost:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open a tunnel, or refuse it."""
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, address, _ = request[0].split(" ")
        assert method == "CONNECT", request[0]
        self.asked.append(address)
        refusal = _WHO_ARE_YOU if self._refusal is None else self._refusal
        if self._refusal is not None or not self._lets_in(request):
            writer.write(refusal)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self.relay((reader, writer), int(address.rpartition(":")[2]))

    def _lets_in(self, head: list[str]) -> bool:
        if self._login is None:
            return True
        wanted = base64.b64encode(self._login.encode()).decode()
        return f"proxy-authorization: basic {wanted}".lower() in {line.lower() for line in head}


_WHO_ARE_YOU = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="loopback"\r\nContent-Length: 0\r\n\r\n'
)


def bundle(authority: trustme.CA, path: Path) -> str:
    """Write an authority's certificate to a file, for ``ca_bundle``."""
    authority.cert_pem.write_to_path(str(path))
    return str(path)
