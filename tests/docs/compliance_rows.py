"""Events as X sends them, made into rows by the tap's own code, and the rows they are about."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from tap_twitter_stream.wire.event_rows import event_row
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.messages import ClassicCompliance, Compliance

KEYS = {
    "tweets": ["id"],
    "referenced_tweets": ["id"],
    "statuses": ["id_str"],
    "users": ["id"],
    "media": ["media_key"],
    "polls": ["id"],
    "places": ["id"],
    "likes": ["id"],
    "tweet_rules": ["tweet_id", "rule_id"],
    "compliance_events": ["event_id"],
}
NOW = datetime.now(timezone.utc)
Row = tuple[str, dict[str, Any]]


def days_ago(days: float) -> str:
    at = NOW - timedelta(days=days)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def tweet(number: int, author: int, *, table: str = "tweets", **more: Any) -> Row:  # noqa: ANN401 - any column
    row = {"id": str(number), "author_id": str(author), "text": "made up", **more}
    return table, {**row, "_captured_at": days_ago(1)}


def status(number: int, author: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    return {"id_str": str(number), "text": "made up", "user": {"id_str": str(author)}, **more}


def stored(row: dict[str, Any]) -> Row:
    return "statuses", {**row, "_captured_at": days_ago(1)}


def user(number: int, **more: Any) -> Row:  # noqa: ANN401 - any column
    return "users", {"id": str(number), "name": "old name", "_captured_at": days_ago(1), **more}


def event(kind: str, *, ago: float = 0.1, **about: Any) -> Row:  # noqa: ANN401 - as X writes it
    """Return the row of an event of v2."""
    return _row_of("compliance", {"data": {kind: {**about, "event_at": days_ago(ago)}}})


def classic(kind: str, body: dict[str, Any]) -> Row:
    """Return the row of an event of v1.1."""
    return _row_of("statuses", {kind: body})


def _row_of(holds: Any, line: dict[str, Any]) -> Row:  # noqa: ANN401 - a literal's value
    message = classifier_for(holds)(json.dumps(line).encode())
    assert isinstance(message, Compliance | ClassicCompliance)
    row = event_row(message)
    return row.stream, {**json.loads(row.raw), "_captured_at": days_ago(0)}


def post(number: int, author: int = 0) -> dict[str, str]:
    return {"id": str(number), **({"author_id": str(author)} if author else {})}


def account(number: int) -> dict[str, str]:
    return {"id": str(number)}


def attached(*media: str, poll: str = "") -> dict[str, list[str]]:
    return {"media_keys": list(media), **({"poll_ids": [poll]} if poll else {})}


def changed(number: int, field: str, value: str, ago: float = 0.1) -> Row:
    about = {"profile_field": f"profile.{field}", "new_value": value}
    return event("user_profile_modification", ago=ago, user=account(number), **about)


PLACE = {"coordinates": {"type": "Point"}, "geo": {"type": "Point"}, "place": {"id": "p9"}}
PLACED = status(74, 11, **PLACE)
REFERS = "referenced_tweets"
FIRST: list[Row] = [
    # deleted, with what hangs on it; its retweet goes, its quote stays
    tweet(10, 1, attachments=attached("m1", "m2", poll="o1"), geo={"place_id": "p1"}),
    tweet(11, 2, referenced_tweets=[{"type": "retweeted", "id": "10"}]),
    tweet(12, 2, referenced_tweets=[{"type": "quoted", "id": "10"}], attachments=attached("m2")),
    *(("media", {"media_key": key, "type": "photo"}) for key in ("m1", "m2")),
    ("polls", {"id": "o1"}),
    *(("places", {"id": key, "name": "Made up"}) for key in ("p1", "p2", "p3")),
    ("tweet_rules", {"tweet_id": "10", "rule_id": "7"}),
    ("tweet_rules", {"tweet_id": "12", "rule_id": "7"}),
    ("likes", {"id": "l1", "liked_tweet_id": "10"}),
    event("delete", tweet=post(10, 1)),
    event("delete", tweet=post(10, 1), quote_tweet_id="12"),
    # accounts, each with a post
    *(tweet(100 + one, one) for one in (3, 4, 5, 6, 7, 8, 9)),
    *(user(one) for one in (2, 3, 4, 5, 6, 7, 8, 9)),
    tweet(120, 3, table=REFERS),
    tweet(121, 2, referenced_tweets=[{"type": "retweeted", "id": "120"}]),
    event("user_protect", user=account(3)),
    event("user_protect", ago=0.2, user=account(4)),
    event("user_unprotect", ago=0.1, user=account(4)),
    event("user_suspend", user=account(5)),
    event("user_suspend", ago=0.3, user=account(6)),
    event("user_unsuspend", user=account(6)),
    event("user_delete", ago=40, user=account(7)),
    event("user_delete", ago=40, user=account(8)),
    event("user_undelete", ago=35, user=account(8)),
    event("user_delete", ago=1, user=account(9)),
    # dropped, withheld, edited
    *(tweet(number, 2) for number in (30, 31, 40, 41, 42, 60, 61)),
    event("drop", ago=0.2, tweet=post(30)),
    event("undrop", tweet=post(30)),
    event("drop", tweet=post(31)),
    event("withheld", tweet=post(40), withheld_in_countries=["XX"]),
    event("withheld", tweet=post(41), withheld_in_countries=["DE", "TR"]),
    event("withheld", ago=0.2, tweet=post(42), withheld_in_countries=["XY"]),
    event("withheld", tweet=post(42), withheld_in_countries=["FR"]),
    event("tweet_edit", tweet=post(61), initial_tweet_id="60", edit_tweet_ids=["60", "61"]),
    # places, up to an id and that one included
    tweet(9, 10, geo={"place_id": "p2"}),
    tweet(50, 10, geo={"place_id": "p2"}),
    tweet(51, 10, geo={"place_id": "p3"}),
    event("scrub_geo", up_to_tweet_id="50", user=account(10)),
    # a changed profile, and one that was captured after the change
    user(20, location="old place"),
    user(21, _captured_at=days_ago(0)),
    changed(20, "name", "new name"),
    changed(20, "location", ""),
    changed(20, "profileImage.url", "https://i.example"),
    changed(21, "name", "stale", ago=0.5),
    # likes: one of two is taken back
    *(("likes", {"id": f"l{one}", "liked_tweet_id": "41"}) for one in (2, 3)),
    event("delete", favorite={"id": "41", "user_id": "99"}),
    # statuses of v1.1
    stored(status(70, 1)),
    stored(status(71, 2, retweeted_status=status(70, 1))),
    stored(status(72, 2, quoted_status=status(70, 1))),
    stored(status(73, 2, retweeted_status=status(74, 2, quoted_status=status(70, 1)))),
    stored(status(75, 11, **PLACE)),
    stored(status(76, 2, retweeted_status=PLACED, quoted_status=PLACED)),
    stored(status(77, 11, **PLACE)),
    stored(status(78, 2)),
    stored(status(79, 12)),
    classic("delete", {"status": {"id": 70, "user_id": 1}, "timestamp_ms": "1767607200000"}),
    classic("scrub_geo", {"user_id": 11, "up_to_status_id": 75}),
    classic("status_withheld", {"id": 78, "user_id": 2, "withheld_in_countries": ["XX"]}),
    classic("user_withheld", {"id": 12, "withheld_in_countries": ["XY"]}),
    # tombstones: these posts come later
    event("delete", tweet=post(80, 2)),
    event("drop", tweet=post(81, 2)),
    event("scrub_geo", up_to_tweet_id="90", user=account(13)),
]  # fmt: skip
LATER: list[Row] = [
    tweet(80, 2, attachments=attached("m3")),
    ("media", {"media_key": "m3", "type": "photo"}),
    tweet(81, 2),
    tweet(82, 13, geo={"place_id": "p3"}),
    tweet(10, 1),  # delivered again
    stored(status(70, 1)),
    event("user_unprotect", ago=0, user=account(3)),
    event("undrop", ago=0, tweet=post(31)),
    event("user_suspend", ago=0, user=account(4)),
]
