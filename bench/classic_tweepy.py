"""tweepy's Stream for v1.1 as a process of its own: it counts statuses and ends.

Run by the Python of an old tweepy with one argument, a JSON object: ``url``, ``keys``, ``posts``.
"""

from __future__ import annotations

import json
import sys

import tweepy
from requests_oauthlib import OAuth1


class Counting(tweepy.Stream):  # type: ignore[misc] # tweepy has no types
    """Does no more than count."""

    def __init__(self, url: str, keys: list[str], posts: int) -> None:
        super().__init__(*keys)
        self.url = url
        self.left = posts

    def _connect(self, method: str, endpoint: str, **kwargs: object) -> None:
        """Do what tweepy does, at another address."""
        keys = self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret
        url = f"{self.url}/1.1/{endpoint}.json"
        # The next class but one: tweepy's own method would put X's address in.
        super(tweepy.Stream, self)._connect(method, url, auth=OAuth1(*keys), **kwargs)

    def on_status(self, status: tweepy.Tweet) -> None:
        """Count one status."""
        del status
        self.left -= 1
        if self.left == 0:
            self.disconnect()


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    Counting(order["url"], order["keys"], order["posts"]).sample()
