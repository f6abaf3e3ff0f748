"""Who reads the v1.1 stream: tweepy as it was when that stream was open to all, and the tap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import CURL_ENDINGS, Client, curl, peer, tap_config
from bench.generator import KEYS
from bench.measure import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.generator import Source

TWEEPY = ROOT / ".tools/tweepy-4.12/bin/python"
LABELS = {"tweepy": "tweepy 4.12 `on_status`, counts only"}


def _tap(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    keys = dict(zip(KEYS, source.keys, strict=True))
    more = {"endpoints": ["statuses_sample"], "max_records": source.posts}
    return tap_config(source, folder, **keys, **more)


def _tweepy(source: Source, _folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    order = {"url": source.url, "keys": source.keys, "posts": source.posts}
    return [str(TWEEPY), str(Path(__file__).with_name("classic_tweepy.py")), json.dumps(order)]


CLIENTS = (
    Client("raw", "raw socket, looks at nothing", 65_536, True, False, peer("raw")),  # noqa: FBT003
    Client("curl", "`curl -N > file`", 65_536, True, False, curl, CURL_ENDINGS),  # noqa: FBT003
    Client("tap", "this tap, durable spool, to a pipe", 65_536, False, True, _tap),  # noqa: FBT003
    Client("tweepy", LABELS["tweepy"], 12_800, False, False, _tweepy),  # noqa: FBT003
)
