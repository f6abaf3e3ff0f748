"""Turn v1.1 compliance messages and notices into rows. Pure, as ``rows.py``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.instants import iso
from tap_twitter_stream.wire.rows import encode_row, stable_id, text_of

if TYPE_CHECKING:
    from tap_twitter_stream.wire.messages import ClassicCompliance, JsonObject

_canonical = msgspec.json.Encoder(order="sorted").encode
# What an event may nest, and what it is about then.
_SUBJECTS = (
    ("status", "tweet"),
    ("favorite", "like"),
    ("direct_message", "direct_message"),
    ("user", "user"),
)
_ABOUT_TWEETS = frozenset({"status_withheld", "tweet_edit", "drop", "undrop"})
# v2's word for the same thing: one query finds both.
_KINDS = {"status_withheld": "withheld"}
_INSTANT = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_LATEST_MS = 253_402_300_799_999  # the last instant that has four digits of a year


def classic_compliance_row(message: ClassicCompliance) -> tuple[str, bytes]:
    """Return key and bytes of the ``compliance_events`` row; the event itself makes its id."""
    event = message.event
    subject, about = _subject(message.kind, event)
    key = stable_id("classic", message.kind, _canonical(event).decode())
    row: JsonObject = {
        "event_id": key,
        "kind": _KINDS.get(message.kind, message.kind),
        "subject": subject,
        **_ids(subject, about),
        "up_to_tweet_id": _first_text(event, "up_to_status_id_str", "up_to_status_id"),
        "initial_tweet_id": _first_text(event, "initial_tweet_id_str", "initial_tweet_id"),
        "edit_tweet_ids": texts_of(event.get("edit_tweet_ids")),
        "withheld_in_countries": texts_of(event.get("withheld_in_countries")),
        "event_at": _instant(event),
        "event": event,
    }
    return key, encode_row(row)


def classic_notice_row(
    body: JsonObject, kind: str, place: str, *, undelivered: tuple[int | None, int] = (None, 0)
) -> bytes:
    """Return the ``notices`` row.

    Args:
        body: What X said.
        kind: X's word for it.
        place: Makes the row's id unique.
        undelivered: Statuses left out since the connection was opened, as told now and, at most,
            before. Several machines of X may count side by side, so the count can go back.
    """
    total, before = undelivered
    row = {
        "notice_id": stable_id("notice", place),
        "kind": kind,
        "code": text_of(body.get("code")),
        "detail": _first_text(body, "message", "reason"),
        "undelivered_total": total,
        "undelivered": None if total is None else max(0, total - before),
        "problem": body,
    }
    return encode_row(row)


def _subject(kind: str, event: JsonObject) -> tuple[str, JsonObject]:
    for name, subject in _SUBJECTS:
        about = event.get(name)
        if isinstance(about, dict):
            return subject, about
    return "tweet" if kind in _ABOUT_TWEETS else "user", event


def _ids(subject: str, about: JsonObject) -> JsonObject:
    user_id = _first_text(about, "user_id_str", "user_id")
    own_id = _first_text(about, "id_str", "id")
    if subject == "user":
        return {"user_id": user_id or own_id}
    if subject == "like":
        return {"tweet_id": _first_text(about, "tweet_id_str", "tweet_id"), "user_id": user_id}
    if subject == "tweet":
        return {"tweet_id": own_id, "user_id": user_id}
    return {"user_id": user_id}  # a direct message: its id is no tweet's


def _first_text(event: JsonObject, *names: str) -> str | None:
    return next((text for name in names if (text := text_of(event.get(name)))), None)


def texts_of(value: Any) -> list[str] | None:  # noqa: ANN401 - any JSON value
    """Return a list of texts; a single value becomes a list of one."""
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := text_of(item)) is not None]


def instant_of(value: object) -> str | None:
    """Return text that is an instant. Else None: SQL targets end at a time that is none."""
    return value if isinstance(value, str) and _INSTANT.fullmatch(value) else None


def _instant(event: JsonObject) -> str | None:
    """Return ``timestamp_ms`` as an instant; one event has ``timestampMs``, an instant already."""
    text = _first_text(event, "timestamp_ms", "timestampMs") or ""
    if text.isascii() and text.isdigit() and int(text) <= _LATEST_MS:
        return iso(int(text) * 1000)
    return instant_of(text)
