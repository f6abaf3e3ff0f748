"""Made-up archives: lines as the simulator streams them, and what other programs make of those."""

from __future__ import annotations

import copy
import functools
import json
from typing import TYPE_CHECKING, Any

from twarc.expansions import flatten

from tests.simulator.classic import send, signed
from tests.simulator.reader import EVERYTHING, SAMPLE, connect, read_reply
from twitter_stream_simulator import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
RETRIEVED_AT = "2022-03-04T05:06:07+00:00"
MARK = {
    "url": "https://api.twitter.com/2/tweets/search/all?max_results=100",
    "version": "2.14.0",
    "retrieved_at": RETRIEVED_AT,
}


def _script(*steps: Json) -> Scenario:
    return Scenario(rate_per_s="max", connections=[{"steps": [*steps, {"do": "close"}]}], seed=5)


@functools.cache
def stream_lines(posts: int = 120) -> tuple[bytes, ...]:
    """Return lines of the v2 sample stream, with everything that can be asked for."""
    with Simulator(_script({"do": "send", "posts": posts})) as sim:
        reply = read_reply(connect(sim, SAMPLE + EVERYTHING))
    return tuple(line for line in reply.lines if line)


@functools.cache
def classic_lines(posts: int = 120) -> tuple[bytes, ...]:
    """Return lines of the v1.1 sample stream: statuses, and a notice here and there."""
    steps: list[Json] = [{"do": "send", "posts": posts // 4}, {"do": "notice"}] * 4
    with Simulator(_script(*steps)) as sim:
        reply = read_reply(send(sim, signed(sim)))
    return tuple(line for line in reply.lines if line)


def page(lines: Sequence[bytes]) -> Json:
    """Return the answer to a search that finds the posts of these lines, as twarc2 writes it."""
    envelopes = [json.loads(line) for line in lines]
    includes: dict[str, dict[str, Json]] = {}
    for envelope in envelopes:
        for name, items in envelope.get("includes", {}).items():
            key = "media_key" if name == "media" else "id"
            includes.setdefault(name, {}).update({one[key]: one for one in items})
    return {
        "data": [one["data"] for one in envelopes],
        "includes": {name: list(items.values()) for name, items in includes.items()},
        "meta": {"result_count": len(envelopes)},
        "__twarc": MARK,
    }


def flattened(lines: Sequence[bytes]) -> list[bytes]:
    """Return what ``twarc2 flatten`` makes of that page: a line for each post."""
    return [json.dumps(one).encode() for one in flatten(copy.deepcopy(page(lines)))]


def text(lines: Sequence[bytes], end: bytes = b"\n") -> bytes:
    """Return a file of these lines."""
    return b"".join(line + end for line in lines)
