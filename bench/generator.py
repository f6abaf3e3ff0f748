"""The simulator in a process of its own: what to send goes in, an address to read comes out."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import requests
from requests_oauthlib import OAuth1

from tap_twitter_stream.settings.parse import parse_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# tweepy 4.17 fails on a matching rule without a tag, so each has one.
RULES = tuple({"value": word, "tag": f"bench {word}"} for word in ("cat", "dog", "weather"))
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
UNLIMITED: Mapping[str, Any] = {
    "max_connections": None,
    "connect_limit": None,
    "rest_limits": False,
    "after": "repeat_last",
    "rules": RULES,
}


@dataclass(frozen=True)
class Source:
    """A simulator that listens."""

    url: str
    token: str
    posts: int = 0
    keys: tuple[str, ...] = ()
    """Of a user: consumer key and secret, access token and its secret."""
    classic: bool = False

    @property
    def authorization(self) -> str:
        """The header of one request."""
        if not self.classic:
            return f"Bearer {self.token}"
        signed = requests.Request("GET", self.stream_url, auth=OAuth1(*self.keys)).prepare()
        header: str | bytes = signed.headers["Authorization"]
        return header if isinstance(header, str) else header.decode()

    @property
    def stream_url(self) -> str:
        """The sample of v1.1, or v2's filtered stream with everything the tap asks for."""
        if self.classic:
            return f"{self.url}/1.1/statuses/sample.json"
        settings = parse_settings({"bearer_token": self.token, "rules_policy": "ignore"})
        query = urlencode(settings.fields.as_params())
        return f"{self.url}/2/tweets/search/stream?{query}"


@contextmanager
def serving(scenario: Mapping[str, Any], oracle: Path | None = None) -> Iterator[Source]:
    """Run a simulator for as long as the block lasts; limits are off unless the scenario says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scenario.json")
        path.write_text(json.dumps({**UNLIMITED, **scenario}))
        command = [sys.executable, "-c", _SIMULATE, "simulate", "--scenario", str(path)]
        if oracle:
            command += ["--oracle", str(oracle)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            try:
                assert process.stdout is not None  # noqa: S101 - asked for above
                hello = json.loads(process.stdout.readline() or b"{}")
                if "url" not in hello:
                    sys.exit("bench: the simulator did not start; `twitter-stream simulate` tells.")
                keys = tuple(hello[name] for name in KEYS)
                yield Source(hello["url"], hello["bearer_token"], keys=keys)
            finally:
                process.send_signal(signal.SIGTERM)


_WARM_BYTES = 4 << 20  # more than all the posts it makes before they come again
_SIMULATE = "from tap_twitter_stream.cli import main; main()"


def warm_up(source: Source) -> None:
    """Let the simulator make its posts once, so that no measured run waits for that."""
    parts = urlsplit(source.stream_url)
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: {source.authorization}\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    left = _WARM_BYTES
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=2) as reader:
        reader.sendall(request.encode())
        with suppress(TimeoutError):
            while left > 0 and (data := reader.recv(1 << 20)):
                left -= len(data)
                reader.settimeout(0.3)


def sending(posts: int, *, chunking: str, gzip: bool, closes: bool) -> dict[str, Any]:
    """Return the scenario in which each connection gets so many posts as fast as it takes them.

    Args:
        posts: How many; whole pages of the simulator are sent fastest.
        chunking: ``message`` or ``64k``.
        gzip: Whether a client that asks for gzip gets it.
        closes: Whether the response ends then; otherwise only keep-alives follow. With gzip it
            ends without its last chunk, as the simulator is only fast if it need know no checksum.
    """
    end = "idle" if not closes else "cut" if gzip else "close"
    steps = [{"do": "send", "posts": posts}, {"do": end}]
    return {
        "rate_per_s": "max",
        "chunking": chunking,
        "gzip": gzip,
        "connections": [{"steps": steps}],
    }
