"""One client of the experiments, with the loop it ships and its defaults.

``python bench/experiment_clients.py NAME URL TOKEN STOP_AFTER`` prints the id of each post that
its user gets. After STOP_AFTER seconds (0: never) it asks for a stop in the client's own way.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any


def _got(post_id: object) -> None:
    sys.stdout.write(f"{post_id}\n")
    sys.stdout.flush()


def _later(seconds: float, stop: Any) -> None:  # noqa: ANN401 - a callable without arguments
    if seconds:
        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()


def run_tweepy(url: str, token: str, stop_after_s: float) -> None:
    """StreamingClient.filter(), disconnect()."""
    import tweepy  # noqa: PLC0415 - each client has its own environment

    from bench.peers import ToSimulator  # noqa: PLC0415 - the same

    class Client(tweepy.StreamingClient):  # type: ignore[misc] # tweepy has no types
        def on_tweet(self, tweet: Any) -> None:  # noqa: ANN401 - the same
            _got(tweet.id)

    client = Client(token)
    client.session.mount("https://", ToSimulator(url))
    _later(stop_after_s, client.disconnect)
    client.filter()


def run_twarc(url: str, token: str, stop_after_s: float) -> None:
    """stream() with the event that its documentation gives it for a stop."""
    from bench.peers import Redirected  # noqa: PLC0415 - each client has its own environment

    event = threading.Event()
    _later(stop_after_s, event.set)
    for page in Redirected(token, url).stream(event=event):
        _got(page["data"]["id"])


def run_xdk(url: str, token: str, stop_after_s: float) -> None:
    """client.stream.posts(); it has no way to be stopped but from outside."""
    from xdk import Client  # type: ignore[import-not-found] # noqa: PLC0415 - its own environment

    _later(stop_after_s, lambda: os._exit(0))
    for page in Client(base_url=url, bearer_token=token).stream.posts():
        data = page["data"] if isinstance(page, dict) else page.data
        _got(data["id"] if isinstance(data, dict) else data.id)


CLIENTS = {"tweepy": run_tweepy, "twarc2": run_twarc, "xdk": run_xdk}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](sys.argv[2], sys.argv[3], float(sys.argv[4]))
