"""tweepy's Stream for v1.1 as a process of its own: what it made of the stream, as JSON lines.

Run by the Python of an old tweepy with one argument, a JSON object: ``url``, ``keys`` (four texts),
``method`` (``filter`` or ``sample``), ``arguments`` of that method.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import tweepy
from requests_oauthlib import OAuth1

CALLBACKS = (
    "on_connect",
    "on_keep_alive",
    "on_status",
    "on_delete",
    "on_limit",
    "on_scrub_geo",
    "on_status_withheld",
    "on_user_withheld",
    "on_warning",
    "on_disconnect_message",
    "on_request_error",
    "on_connection_error",
    "on_exception",
    "on_closed",
)


class Witness(tweepy.Stream):  # type: ignore[misc]  # tweepy has no types
    """Leaves when the server ends the stream or refuses it."""

    def __init__(self, url: str, keys: list[str]) -> None:
        super().__init__(*keys, max_retries=0)
        self.url = url
        for name in CALLBACKS:
            if hasattr(self, name):
                setattr(self, name, lambda *values, name=name: self.tell(name, values))

    def _connect(self, method: str, endpoint: str, **kwargs: object) -> None:
        """Do what tweepy does, at another address."""
        keys = self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret
        url = f"{self.url}/1.1/{endpoint}.json"
        # The next class but one: tweepy's own method would put X's address in.
        super(tweepy.Stream, self)._connect(method, url, auth=OAuth1(*keys), timeout=10, **kwargs)

    def tell(self, name: str, values: tuple[Any, ...]) -> None:
        """Write down one call."""
        shown = [plain(value) for value in values]
        sys.stdout.write(json.dumps({"callback": name, "values": shown}) + "\n")
        if name in {"on_closed", "on_request_error", "on_exception", "on_connection_error"}:
            self.disconnect()


def plain(value: object) -> object:
    """Return a value as JSON, statuses as they were before tweepy took them apart."""
    if isinstance(value, (str, int, dict, list)):
        return value
    return getattr(value, "_json", None) or type(value).__name__


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    stream = Witness(order["url"], order["keys"])
    getattr(stream, order["method"])(**order["arguments"])
