"""How patient the server is with a client that reads slowly: bytes in, a time-out at some point.

X keeps what a client has not taken yet for a while, then ends the stream. Here the queue is the
kernel's: what it holds and the client's machine has not acknowledged.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
from collections import deque
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock

if TYPE_CHECKING:
    from twitter_stream_simulator.scenario.patience import Patience

LOOK_AGAIN_MS = 20
# How much longer a client may take to make room for the notice.
LAST_CHANCE_S = 2.0


class SendQueue:
    """Hands bytes to a socket as long as the client keeps up."""

    def __init__(self, connection: socket.socket, patience: Patience) -> None:
        self._socket = connection
        self._patience = patience
        self._poll = select.poll()
        self._poll.register(connection, select.POLLOUT)
        self._waiting: deque[tuple[int, float]] = deque()
        self._total_bytes = 0
        self._last_chance_s: float | None = None

    @property
    def is_too_slow(self) -> bool:
        """Whether the client was found to be too slow, and may still be told."""
        return self._last_chance_s is not None

    def send(self, view: memoryview) -> int:
        """Hand over at least one byte and return how many.

        Raises:
            TimeoutError: The client does not keep up.
            OSError: The client is gone.
        """
        while True:
            self._look()
            try:
                size_bytes = self._socket.send(view, socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._poll.poll(LOOK_AGAIN_MS)
                continue
            self._total_bytes += size_bytes
            self._waiting.append((self._total_bytes, clock.monotonic_s()))
            return size_bytes

    def _look(self) -> None:
        """Judge the client.

        Raises:
            TimeoutError: It does not keep up, and shall not be told or had time enough for that.
        """
        now_s = clock.monotonic_s()
        if self._last_chance_s is None and self._is_behind(now_s):
            self._last_chance_s = now_s + (LAST_CHANCE_S if self._patience.notice else 0)
        if self._last_chance_s is not None and now_s >= self._last_chance_s:
            raise TimeoutError

    def _is_behind(self, now_s: float) -> bool:
        """Look at what waits, and since when."""
        left_bytes = unsent_bytes(self._socket)
        while self._waiting and self._waiting[0][0] <= self._total_bytes - left_bytes:
            self._waiting.popleft()
        seconds, size_bytes = self._patience.seconds, self._patience.size_bytes
        age_s = now_s - self._waiting[0][1] if self._waiting else 0.0
        return (seconds is not None and age_s > seconds) or (
            size_bytes is not None and left_bytes > size_bytes
        )


def unsent_bytes(connection: socket.socket) -> int:
    """Return how many bytes the peer has not acknowledged."""
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])
