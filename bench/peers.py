"""What else reads such a stream, each as its own documentation shows it: one process a client.

``python -m bench.peers NAME STREAM_URL TOKEN POSTS CODING`` (for ``raw`` the whole header
``Authorization`` in the place of TOKEN) reads that many posts and ends; 0
reads until the process is ended. CODING matters to the raw reader alone: the others always ask
for gzip. For ``copy`` it is the file to write.
"""

from __future__ import annotations

import socket
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import tweepy
from requests.adapters import HTTPAdapter
from twarc import Twarc2

if TYPE_CHECKING:
    import requests

X_URL = "https://api.twitter.com"
_RECEIVE_BYTES = 1 << 20


class ToSimulator(HTTPAdapter):
    """Sends what is meant for X to the simulator instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
        """Send a request to the other address."""
        request.url = str(request.url).replace(X_URL, self._url)
        return super().send(request, *args, **kwargs)


def read_raw(url: str, authorization: str, coding: str) -> None:
    """Read the socket to the response's end and look at nothing: how fast the simulator sends."""
    parts = urlsplit(url)
    assert parts.hostname  # noqa: S101 - the bench made the address
    assert parts.port  # noqa: S101
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        target = f"{parts.path}?{parts.query}"
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: {authorization}\r\nAccept-Encoding: {coding}\r\n\r\n".encode()
        )
        if connection.recv(12) != b"HTTP/1.1 200":
            sys.exit("The simulator refused the stream.")
        buffer = bytearray(_RECEIVE_BYTES)
        while size := connection.recv_into(buffer):
            if buffer[max(0, size - 5) : size] == b"0\r\n\r\n":
                return


class Counting(tweepy.StreamingClient):  # type: ignore[misc] # tweepy has no types
    """Does no more than count."""

    def __init__(self, token: str, posts: int) -> None:
        super().__init__(token)
        self.left = posts

    def on_tweet(self, tweet: tweepy.Tweet) -> None:
        """Count one post."""
        del tweet
        self.left -= 1
        if self.left == 0:
            self.disconnect()


class Copying(tweepy.StreamingClient):  # type: ignore[misc] # tweepy has no types
    """Keeps each line as it came, which is the least that a capture to files can do."""

    def __init__(self, token: str, posts: int, path: str) -> None:
        super().__init__(token)
        self.left = posts
        self._file = Path(path).open("wb")  # noqa: SIM115 - closed by the end of the process

    def on_data(self, raw_data: bytes) -> None:
        """Write one line."""
        self._file.write(raw_data + b"\n")
        self.left -= 1
        if self.left == 0:
            self._file.close()
            self.disconnect()


def read_tweepy(client: tweepy.StreamingClient, url: str) -> None:
    """Read with tweepy's own loop."""
    client.session.mount("https://", ToSimulator(_base(url)))
    fields = {name.replace(".", "_"): value for name, value in _query(url).items()}
    client.filter(**fields)


class Redirected(Twarc2):  # type: ignore[misc] # twarc has no types
    """A twarc client that finds the simulator in the place of X."""

    def __init__(self, token: str, url: str) -> None:
        self._url = url
        super().__init__(bearer_token=token, metadata=False)

    def connect(self) -> None:
        """Redirect each session: twarc makes a new one whenever it connects again."""
        super().connect()
        self.client.mount("https://", ToSimulator(self._url))


def read_twarc(url: str, token: str, posts: int) -> None:
    """Read with twarc's own loop."""
    client = Redirected(token, _base(url))
    fields = {name.replace(".", "_"): value for name, value in _query(url).items()}
    for _ in islice(client.stream(**fields), posts or None):
        pass


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def main(name: str, url: str, token: str, posts: str, coding: str = "identity") -> None:
    """Read with the client of that name."""
    if name == "raw":
        read_raw(url, token, coding)
    elif name == "tweepy":
        read_tweepy(Counting(token, int(posts)), url)
    elif name == "copy":
        read_tweepy(Copying(token, int(posts), coding), url)
    else:
        read_twarc(url, token, int(posts))


if __name__ == "__main__":
    main(*sys.argv[1:])
