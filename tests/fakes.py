"""Scripted stand-ins for the world outside: time, chance, a web server. None fakes our own code."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

START_S = 1_800_000_000.0


class FakeClock(Clock):
    """A clock that only waiting moves. ``waits`` holds the seconds of every wait so far."""

    def __init__(self, now_s: float = START_S, stop_after_waits: int | None = None) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._now_s = now_s
        self._stop_after_waits = stop_after_waits

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s, timezone.utc)

    def now_us(self) -> int:
        return int(self._now_s * 1_000_000)

    def now_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    def wait(self, s: float) -> bool:
        if self.stopped:
            return True
        self.waits.append(s)
        self.advance(s)
        if len(self.waits) == self._stop_after_waits:
            self.stop()
        return self.stopped

    def advance(self, s: float) -> None:
        self._now_s += max(0.0, s)


class Dice:
    """Chance from a list, then the last value for ever."""

    def __init__(self, values: Iterable[float] = (0.0,)) -> None:
        self._values = list(values)

    def __call__(self) -> float:
        return self._values.pop(0) if len(self._values) > 1 else self._values[0]


@dataclass(frozen=True)
class Reply:
    """One scripted HTTP answer; ``status`` 0 closes the connection without one."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: tuple[tuple[str, str], ...] = ()


class ScriptedServer(ThreadingHTTPServer):
    """Answers requests from a list, then with its last entry for ever; remembers what was asked.

    For answers that the simulator does not give: proxies and X's front end send those.
    """

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _ScriptedHandler)
        self.replies = list(replies)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join(5)
        self.server_close()


class _ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def _answer(self) -> None:
        size = int(self.headers.get("content-length", "0"))
        asked = f"{self.command} {self.path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((asked, headers, self.rfile.read(size)))
        replies = self.server.replies
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if not reply.status:
            self.close_connection = True
            return
        body = json.dumps(reply.body).encode() if isinstance(reply.body, dict) else reply.body
        self.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Stay silent."""
