"""Turn likes, activities, compliance events and labels into rows. Pure, as ``rows.py``."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tap_twitter_stream.wire.classic_rows import classic_compliance_row, instant_of, texts_of
from tap_twitter_stream.wire.messages import (
    Activity,
    ClassicCompliance,
    Compliance,
    Event,
    JsonObject,
    Label,
    Like,
)
from tap_twitter_stream.wire.rows import encode_row, stable_id, text_of

_canonical = msgspec.json.Encoder(order="sorted").encode
_TEXTS = ("initial_tweet_id", "up_to_tweet_id", "quote_tweet_id", "profile_field", "new_value")
_LABEL_TEXTS = ("event_type", "application", "details", "label_title", "extended_details_url")
_LISTS = ("edit_tweet_ids", "withheld_in_countries")
_SUBJECTS = (("tweet", "tweet"), ("post", "tweet"), ("favorite", "like"), ("user", "user"))


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of an event: its stream, its key, and the bytes a lane takes."""

    stream: str
    key: str
    raw: bytes


def event_row(message: Event) -> EventRow:
    """Return the row of any event."""
    if isinstance(message, Like):
        return EventRow("likes", message.id, encode_row(_own_columns(message.data)))
    if isinstance(message, Activity):
        return EventRow("activities", message.id, encode_row(_activity_row(message.data)))
    if isinstance(message, Compliance):
        return compliance_row(message)
    if isinstance(message, ClassicCompliance):
        return EventRow("compliance_events", *classic_compliance_row(message))
    return label_row(message)


def compliance_row(message: Compliance) -> EventRow:
    """Return the ``compliance_events`` row; the event itself makes its id."""
    event = message.event
    subject, about = _subject(event)
    key = stable_id("compliance", subject, message.kind, _canonical(event).decode())
    row: JsonObject = {
        "event_id": key,
        "kind": message.kind,
        "subject": subject or None,
        **_ids(subject, about),
        **{name: text_of(event.get(name)) for name in _TEXTS},
        **{name: texts_of(event.get(name)) for name in _LISTS},
        "event_at": instant_of(event.get("event_at")),
        "event": event,
    }
    return EventRow("compliance_events", key, encode_row(row))


def label_row(message: Label) -> EventRow:
    """Return the ``tweet_labels`` row; the event itself makes its id."""
    event = message.event
    subject, about = _subject(event)
    key = stable_id("label", message.kind, _canonical(event).decode())
    row: JsonObject = {
        "event_id": key,
        "kind": message.kind,
        **_ids(subject, about),
        **{name: text_of(event.get(name)) for name in _LABEL_TEXTS},
        "event_at": instant_of(event.get("event_at")),
        "event": event,
    }
    return EventRow("tweet_labels", key, encode_row(row))


def _own_columns(data: JsonObject) -> JsonObject:
    """Return the members as they are, but for text columns that hold no text."""
    names = ("created_at", "liked_tweet_id", "liked_tweet_author_id")
    return data | {name: text_of(data[name]) for name in names if name in data}


def _activity_row(data: JsonObject) -> JsonObject:
    return data | {name: text_of(data[name]) for name in ("event_type", "tag") if name in data}


def _subject(event: JsonObject) -> tuple[str, JsonObject]:
    for name, subject in _SUBJECTS:
        about = event.get(name)
        if isinstance(about, dict):
            return subject, about
    return "", {}


def _ids(subject: str, about: JsonObject) -> JsonObject:
    own_id = text_of(about.get("id"))
    if subject == "user":
        return {"user_id": own_id}
    # The id of a favorite is that of the liked tweet: likes have none in compliance events.
    user = about.get("author_id") if subject == "tweet" else about.get("user_id")
    return {"tweet_id": own_id, "user_id": text_of(user)}
