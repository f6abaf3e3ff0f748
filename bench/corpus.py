"""Record what the simulator sends into an event log, with the product's own writer."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import requests
from msgspec import structs

from bench.generator import sending, serving
from tap_twitter_stream.api.stream import OpenStream, StreamRequest, open_stream
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.spool.entries import Opened, Window
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.writer import LogWriter

if TYPE_CHECKING:
    from pathlib import Path

STREAM_NAMES = (
    *("tweets", "users", "media", "referenced_tweets", "places", "polls", "tweet_rules"),
    *("errors", "notices", "dead_letters", "capture_connections", "capture_gaps"),
    *("capture_windows", "rules", "statuses", "compliance_events", "activities"),
)
HEAD = Opened(connection_id="bench-1", endpoint="filtered", http_status=200)
CLASSIC_HEAD = structs.replace(HEAD, endpoint="statuses_sample")
WINDOW = Window(window_id="bench", started_at_us=0)


def open_url(
    session: requests.Session, url: str, authorization: str, wake_handle: int
) -> OpenStream:
    """Connect to a stream as the receiver does."""
    headers = {"Authorization": authorization, "Accept-Encoding": "gzip"}
    request = StreamRequest(url, {}, headers, 10.0, 30.0)
    answer = open_stream(session, request, wake_handle, 0.0)
    assert isinstance(answer, OpenStream), answer  # noqa: S101 - the simulator accepts
    return answer


def record(folder: Path, posts: int, *, chunking: str = "message", classic: bool = False) -> int:
    """Fill a fresh log with so many posts, or v1.1 statuses; return its size in bytes."""
    log = LogWriter(folder, max_bytes=8 << 30, durable=False, clock=Clock(), ring=lambda: None)
    scenario = sending(posts, chunking=chunking, gzip=False, closes=True)
    with serving(scenario) as fresh, requests.Session() as session:
        source = replace(fresh, classic=classic)
        log.append_entry(WINDOW)
        wake_handle, wake_end = os.pipe()
        stream = open_url(session, source.stream_url, source.authorization, wake_handle)
        connection = log.append_entry(CLASSIC_HEAD if classic else HEAD)
        while isinstance(got := stream.read(10.0), bytes):
            if got:
                log.append(Kind.BYTES, got, connection=connection)
        stream.close()
        os.close(wake_handle)
        os.close(wake_end)
    end = log.end
    log.close()
    return end
