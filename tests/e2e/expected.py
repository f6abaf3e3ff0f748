"""What must arrive, from the simulator's record of each line; none of the tap's code reads it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twitter_stream_simulator import Simulator

REPLACED = re.compile("[\0\ud800-\udfff]")
INCLUDES = {
    "users": ("users", "id"),
    "media": ("media", "media_key"),
    "tweets": ("referenced_tweets", "id"),
    "places": ("places", "id"),
    "polls": ("polls", "id"),
}


class Expected:
    """The rows of each stream, keyed as the streams are. The scenario must record messages."""

    def __init__(self, sim: Simulator) -> None:
        self.envelopes: list[dict[str, Any]] = [
            json.loads(line) for line in sim.oracle.messages.values()
        ]
        self.texts = {
            one["data"]["id"]: REPLACED.sub("\ufffd", one["data"]["text"]) for one in self.envelopes
        }
        self.tweet_rules = {
            (one["data"]["id"], rule["id"])
            for one in self.envelopes
            for rule in one["matching_rules"]
        }

    def includes(self) -> dict[str, list[str]]:
        """Return the keys of every object delivered beside posts, by stream, sorted."""
        found: dict[str, list[str]] = {stream: [] for stream, _ in INCLUDES.values()}
        for envelope in self.envelopes:
            for name, items in envelope.get("includes", {}).items():
                stream, key = INCLUDES[name]
                found[stream] += [item[key] for item in items]
        return {stream: sorted(keys) for stream, keys in found.items()}

    def partial_errors(self) -> int:
        """Return how many errors came beside posts."""
        return sum(len(one.get("errors", ())) for one in self.envelopes)


def check_books(window: dict[str, Any]) -> None:
    """Check the certificate's own sums: every line and every record is accounted for."""
    lines = window["lines_received"] + window["lines_reread"]
    kinds = ("keep_alives", "messages", "dead_letters", "left_in_spool")
    assert lines == sum(window[kind] for kind in kinds), window
    for stream in window["streams"]:
        fates = ("emitted", "deduplicated", "filtered", "deselected")
        assert stream["routed"] == sum(stream[fate] for fate in fates), stream
