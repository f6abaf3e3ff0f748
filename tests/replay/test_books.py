from __future__ import annotations

import json
from typing import Any

import pytest

from tap_twitter_stream.spool.frames import Frame, Kind
from tap_twitter_stream.wire.snowflake import first_id_at
from tests.replay.test_replay import START_US, Run, post
from tests.spool.logs import encode_json

SECOND_US = 1_000_000
HEAD = {"connection_id": "w-1", "endpoint": "filtered", "partition": 0, "http_status": 200}


def gaps_of(reason: str, behind_us: int | None, post_made_us: int) -> list[dict[str, Any]]:
    """Replay a connection read up to 100 s, closed there, with the next one at 101 s."""
    line = post(first_id_at(post_made_us // 1000)) + b"\r\n"
    end = {**HEAD, "ending": {"kind": reason}, "behind_us": behind_us}
    steps: list[tuple[int, Kind, bytes | dict[str, Any]]] = [
        (0, Kind.WINDOW, {"window_id": "w", "started_at_us": START_US, "endpoints": ["filtered"]}),
        (0, Kind.OPENED, HEAD),
        (100, Kind.BYTES, line),
        (100, Kind.CLOSED, end),
        (101, Kind.OPENED, HEAD),
    ]
    run, position, connection = Run(), 8, 0
    for at_s, kind, content in steps:
        payload = content if isinstance(content, bytes) else encode_json(content)
        number = connection if kind in {Kind.BYTES, Kind.CLOSED} else 0
        frame = Frame(position, START_US + at_s * SECOND_US, number, kind, payload)
        run.replay.handle(frame)
        connection = position if kind is Kind.OPENED else connection
        position = frame.end
    return [json.loads(row) for stream, row in run.rows if stream == "capture_gaps"]


@pytest.mark.parametrize(
    ("behind_s", "post_made_s", "gap_s"),
    [
        (None, 70, 1.0),  # read at once: a post may be late
        (40, 39, 61.0),  # nothing shows that X sent anything during the pause
        (40, 70, 31.0),  # a post made in it has come, so those before it have
    ],
)
def test_an_end_found_after_a_pause_begins_where_the_posts_end(
    behind_s: int | None, post_made_s: int, gap_s: float
) -> None:
    """Mutation: believe that X sent until the end was found."""
    behind_us = None if behind_s is None else START_US + behind_s * SECOND_US
    (gap,) = gaps_of("closed_by_server", behind_us, START_US + post_made_s * SECOND_US)
    assert (gap["duration_seconds"], gap["cause"]) == (gap_s, "closed_by_server")


def test_a_stop_soon_after_a_pause_is_no_orderly_end() -> None:
    """What X sent meanwhile lies in a socket that the stop has closed."""
    (gap,) = gaps_of("stopped_by_us", START_US + 40 * SECOND_US, START_US + 70 * SECOND_US)
    assert (gap["kind"], gap["cause"]) == ("lost", "left_unread")
