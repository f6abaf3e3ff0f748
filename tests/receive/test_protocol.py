"""What tap and receiver send each other comes out of the pipe as it went in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tap_twitter_stream.receive.protocol import Hello, Order
from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.state import CaptureState

TOKEN = {"bearer_token": "made-up"}
RULES = {"rules": [{"value": "cat", "tag": "c"}], "rules_tag_prefix": "p:", "rules_policy": "sync"}
USER = dict.fromkeys(("consumer_key", "consumer_secret"), "made-up")
CONFIGS: list[dict[str, Any]] = [
    TOKEN,
    {**TOKEN, **RULES, "stop_at": "2030-01-05T10:00:00+02:00", "max_run_seconds": 7},
    {**TOKEN, "endpoints": ["firehose", "sample"], "partitions": {"firehose": [3, 1]}},
    {**TOKEN, "gap_fill": ["backfill", "search"], "gap_fill_max_cost_usd": 2.5, **RULES},
    {
        **USER,
        **dict.fromkeys(("access_token", "access_token_secret"), "made-up"),
        "endpoints": ["statuses_filter"],
        "statuses_filter": {"track": ["a", "b"], "stall_warnings": True},
    },
    {
        **TOKEN,
        "spool_dir": "~/spool",
        "batch_config": {
            "encoding": {"format": "parquet"},
            "storage": {"root": "s3://bucket/x", "params": {"key": "k", "nested": {"a": [1]}}},
        },
    },
]


@pytest.mark.parametrize("config", CONFIGS, ids=" ".join)
def test_an_order_carries_the_whole_settings(config: dict[str, Any]) -> None:
    """Mutation: let the receiver parse the configuration again, with other defaults."""
    settings = parse_settings(config)
    order = Order(settings, "w", "folder", durable=True, max_bytes=1, tap_version="v")
    line = msgspec.json.encode(order)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Order) == order


def test_a_hello_comes_out_as_it_went_in() -> None:
    hello = Hello("s", 1, 2, 3, "note", latest=CaptureState("s", 5, [[8, 9, 1]], window=["w", 1]))
    assert msgspec.json.decode(msgspec.json.encode(hello), type=Hello) == hello


def test_an_order_shows_no_credential() -> None:
    order = Order(parse_settings(TOKEN), "w", "f", durable=True, max_bytes=1, tap_version="v")
    assert "made-up" not in repr(order)
