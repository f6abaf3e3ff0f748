"""Made-up Singer messages in the shape of this tap's: numbers go in, lines come out."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.schema import load_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_EVERY = 20
_NULLS_EVERY = 7
# Stream -> its key, and one row of it to so many tweets. The rare ones matter: a target may keep
# them in memory while it stores, and acknowledges, a full batch of the frequent ones.
STREAMS: Mapping[str, tuple[str, int]] = {
    "tweets": ("id", 1),
    "users": ("id", 2),
    "capture_gaps": ("gap_id", 25),
}
TEXTS = (
    "A plain text.",
    "",
    "quotes \" ' ` and, commas; semicolons | bars \\ backslashes \\N \\n",
    "lines\nthat\r\nbreak\tand a line separator\u2028inside",
    "a character that could not be kept: \ufffd",
    "\U0001f469\u200d\U0001f680 \U0001f1eb\U0001f1ee \u0645\u0631\u062d\u0628\u0627 \u6771\u4eac",
    "NULL null None $1 %s {{x}} ; DROP TABLE x; --",
    "a long text that goes on and on. " * 800,
    "  blanks around  ",
)
_FIRST_DAY = datetime(2026, 1, 5, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that the target was given: its stream and its id, which no other row has."""

    stream: str
    id: str


class Messages:
    """Makes the messages of one check; the same number always makes the same ones.

    Args:
        first_id: Ids count from here, so that no check meets the rows of another.
        prefix: Put before the names of the streams, so that no real table is touched.
    """

    def __init__(self, first_id: int, prefix: str) -> None:
        self._first_id = first_id
        self._prefix = prefix
        self._empty = {name: dict.fromkeys(load_schema(name)["properties"]) for name in STREAMS}

    @property
    def keys(self) -> dict[str, str]:
        """Key property of each stream, by the name the target sees."""
        return {self._prefix + name: key for name, (key, _) in STREAMS.items()}

    def schemas(self) -> bytes:
        """Return the SCHEMA messages, as the tap writes them before the first row."""
        return b"".join(
            _line(
                {
                    "type": "SCHEMA",
                    "stream": self._prefix + name,
                    "schema": copy.deepcopy(load_schema(name)),
                    "key_properties": [key],
                }
            )
            for name, (key, _) in STREAMS.items()
        )

    def rows(self, number: int) -> list[Row]:
        """Return the rows that go with a number: a tweet, and what else is due then."""
        ids = {
            "tweets": str(self._first_id + number),
            "users": str((self._first_id >> 8) + number),
            "capture_gaps": f"gap-{self._first_id + number:x}",
        }
        return [
            Row(self._prefix + name, ids[name])
            for name, (_, every) in STREAMS.items()
            if number % every == 0
        ]

    def records(self, number: int) -> bytes:
        """Return the RECORD messages of those rows."""
        made = {"tweets": _tweet, "users": _user, "capture_gaps": _gap}
        lines = []
        for row in self.rows(number):
            name = row.stream.removeprefix(self._prefix)
            record = {STREAMS[name][0]: row.id, **made[name](number)}
            if number % _NULLS_EVERY == 1:
                record = {**self._empty[name], STREAMS[name][0]: row.id}
            lines.append(_line({"type": "RECORD", "stream": row.stream, "record": record}))
        return b"".join(lines)

    def state(self, position: int) -> bytes:
        """Return the STATE message that covers all rows of the numbers before ``position``."""
        return _line({"type": "STATE", "value": self._value(position)})

    def position_of(self, value: object) -> int | None:
        """Return what a STATE covers, None when it is none that ``state`` could have made."""
        try:
            position = value["bookmarks"][self._parent]["capture"]["position"]  # type: ignore[index]
        except (KeyError, TypeError, IndexError):
            return None
        return position if isinstance(position, int) and value == self._value(position) else None

    @property
    def _parent(self) -> str:
        return f"{self._prefix}capture_windows"

    def _value(self, position: int) -> dict[str, Any]:
        bookmark = {
            "version": 1,
            "spool_id": f"check-{self._first_id}",
            "position": position,
            "connections": [],
        }
        return {"bookmarks": {self._parent: {"capture": bookmark}}}


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _instant(number: int) -> str:
    at = _FIRST_DAY + timedelta(milliseconds=number)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _origin(number: int) -> dict[str, Any]:
    return {
        "_captured_at": _instant(number),
        "_delivery": "live",
        "_connection_id": f"check-{number % 3}",
        "_endpoint": "filtered",
    }


def _tweet(number: int) -> dict[str, Any]:
    text = TEXTS[number % len(TEXTS)]
    return {
        "text": text,
        "author_id": str(9_007_199_254_740_993 + number),  # one more than a double can hold
        "created_at": _instant(number),
        "conversation_id": str(2**63 - 1 - number),
        "edit_history_tweet_ids": [str(2**63 - 1 - number), "7"],
        "public_metrics": {"like_count": number, "retweet_count": 0, "impression_count": 2**40},
        "entities": {
            "hashtags": [{"start": 0, "end": 4, "tag": text[:20]}],
            "urls": [{"url": "https://t.example/a", "title": 'a "title", with a comma'}],
        },
        "geo": {},
        "referenced_tweets": [{"type": "quoted", "id": str(2**63 - 2 - number)}],
        "context_annotations": [],
        "possibly_sensitive": number % 2 == 0,
        "lang": None,
        "withheld": {"copyright": False, "country_codes": ["XX"]},
        **_origin(number),
    }


def _user(number: int) -> dict[str, Any]:
    text = TEXTS[(number + 3) % len(TEXTS)]
    return {
        "name": text[:50],
        "username": f"made_up_{number}",
        "description": text[:160],
        "created_at": _instant(number),
        "public_metrics": {"followers_count": 2**31 + number},
        "verified": False,
        "pinned_tweet_id": None,
        **_origin(number),
    }


def _gap(number: int) -> dict[str, Any]:
    return {
        "cause": "network",
        "kind": "lost",
        "endpoint": "filtered",
        "duration_seconds": number + 0.25,
        "started_at": _instant(number),
        "ended_at": _instant(number + 250),
        "estimated_lost": 0.0,
        "partition": 1,
        "_captured_at": _instant(number),
    }
