"""docs/how-to/migrating.md has each public name of tweepy's streams, and only our own names."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import tweepy

from tap_twitter_stream.settings.parse import parse_settings
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tests.docs.pages import page
from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = page("how-to/migrating.md")
ROWS = re.findall(r"^\| (`.+?) \| (.+) \|$", PAGE, re.MULTILINE)
PARAMETER = re.compile(r"^ *(\w+) ?: ", re.MULTILINE)
# Run by an old tweepy too, so it must stand alone.
LIST_NAMES = """
import inspect, json, tweepy
of = {n: m for n, m in inspect.getmembers(tweepy.Stream) if not n.startswith("_")}
print(json.dumps([tweepy.Stream.__doc__, {n: [m.__doc__, list(inspect.signature(m).parameters)]
                                          for n, m in of.items()}]))
"""
# Not names of this tap: values, and words of X or Python.
OTHER_WORDS = {"False", "sync", "check", "track", "follow", "locations", "language"} | {
    "filter_level",
    "stall_warnings",
    "text",
}


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def documented(doc: str) -> set[str]:
    """Return what numpy's style lists under Parameters and Attributes."""
    parts = re.split(r"^ *(\w+)\n *-{3,}$", inspect.cleandoc(doc), flags=re.MULTILINE)
    wanted = {"Parameters", "Attributes"}
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {name for head, body in pairs if head in wanted for name in PARAMETER.findall(body)}


def covered() -> set[str]:
    return {name for left, _ in ROWS for name in named(left)}


def test_every_public_name_of_streaming_client_is_in_the_table() -> None:
    kind = tweepy.StreamingClient
    names = documented(kind.__doc__)
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_"):
            names |= {name, *documented(member.__doc__ or "")}
            if name != "request":  # It belongs to the client of the other endpoints.
                names |= set(inspect.signature(member).parameters) - {"self", "params"}
    assert {"on_tweet", "wait_on_rate_limit", "dry_run", "poll_fields", "chunk_size"} <= names
    assert names - covered() == set()


def test_every_public_name_of_the_old_stream_is_in_the_table(tool: Callable[[str], Path]) -> None:
    done = subprocess.run(
        [str(tool("tweepy-4.12") / "bin" / "python"), "-c", LIST_NAMES],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_S,
    )
    doc, members = json.loads(done.stdout)
    names = documented(doc)
    for name, (text, parameters) in members.items():
        names |= {name, *documented(text), *parameters}
    assert {"on_scrub_geo", "access_token_secret", "languages", "daemon"} <= names
    assert names - {"self"} - covered() == set()


def test_what_the_table_names_exists_here() -> None:
    known = OTHER_WORDS | set(SETTINGS_SCHEMA["properties"])
    endpoints = SETTINGS_SCHEMA["properties"]["endpoints"]["items"]["enum"]
    known |= set(endpoints)
    for path in (ROOT / "schemas").glob("*.json"):
        known |= {path.stem, *json.loads(path.read_text(encoding="utf-8"))["properties"]}
    assert {name for _, right in ROWS for name in named(right)} - known == set()


def test_the_configuration_shown_is_a_good_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert parse_settings(json.loads(text)).auth.complete
