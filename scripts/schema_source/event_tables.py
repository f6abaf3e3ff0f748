"""Streams of events about posts, users and likes. Written by hand, data only."""

from __future__ import annotations

from scripts.schema_source.render import Table

_EVENT_AT = ("time", "When it happened at X.")
_EVENT = ("object", "The event as received, with whatever else X said.")

TABLES = {
    "compliance_events": Table(
        title="Compliance events",
        description="What happened to posts, accounts and likes that a data holder has to follow: "
        "deleted, withheld, edited, protected, suspended. One shape for every kind; what a kind "
        "does not have is absent.",
        keys=("event_id",),
        members={
            "event_id": (
                "string",
                "Id made from the event itself: the same event delivered again gets the same id.",
            ),
            "kind": (
                "string",
                (
                    "What happened, in the words of API v2: `delete`, `drop`, `undrop`, `withheld` "
                    "(v1.1 calls it `status_withheld`), `tweet_edit`, `user_suspend`, `scrub_geo` "
                    "and so on."
                ),
            ),
            "subject": (
                "string",
                "What it happened to: `tweet`, `user`, `like` or `direct_message`.",
            ),
            "tweet_id": ("string", "Id of the tweet. For a like: of the tweet that was liked."),
            "user_id": (
                "string",
                "Id of the account: of the tweet's author, of the liker, or the one concerned.",
            ),
            "quote_tweet_id": (
                "string",
                "Id of a tweet that quotes the one concerned: X repeats the event for each.",
            ),
            "initial_tweet_id": ("string", "Id of the first version of an edited tweet."),
            "edit_tweet_ids": ("strings", "Ids of all versions of an edited tweet."),
            "up_to_tweet_id": (
                "string",
                "Last tweet of the account whose place must be removed, for `scrub_geo`.",
            ),
            "withheld_in_countries": (
                "strings",
                "Country codes; `XX` stands for all countries, `XY` for a copyright claim.",
            ),
            "profile_field": (
                "string",
                "Changed field of the profile, for example `profile.name`.",
            ),
            "new_value": ("string", "New value of that field."),
            "event_at": _EVENT_AT,
            "event": _EVENT,
        },
    ),
    "tweet_labels": Table(
        title="Tweet labels",
        description="Notices that X shows beside posts, and posts that it made unviewable.",
        keys=("event_id",),
        members={
            "event_id": (
                "string",
                "Id made from the event itself: the same event delivered again gets the same id.",
            ),
            "kind": ("string", "`public_tweet_notice` or `public_tweet_unviewable`."),
            "tweet_id": ("string", "Id of the tweet."),
            "user_id": ("string", "Id of its author."),
            "event_type": ("string", "Kind of notice."),
            "application": ("string", "Whether the label was applied or removed, in X's word."),
            "details": ("string", "Text of the notice."),
            "label_title": ("string", "Its title."),
            "extended_details_url": ("string", "Page that explains it."),
            "event_at": _EVENT_AT,
            "event": _EVENT,
        },
    ),
    "likes": Table(
        title="Likes",
        description="Likes as they are given. A like that is taken back is a row of "
        "`compliance_events`, which names the tweet and the account and not the like.",
        keys=("id",),
        members={
            "id": ("string", "Id of the like."),
            "liked_tweet_id": ("string", "Id of the tweet that was liked."),
            "liked_tweet_author_id": ("string", "Id of that tweet's author."),
            "created_at": ("time", "When the like was given."),
            "timestamp_ms": ("integer", "The same instant in milliseconds since 1970."),
        },
    ),
    "activities": Table(
        title="Activities",
        description="Events of the accounts and keywords that the app subscribed to: posts, "
        "follows, changed profiles, spaces, messages.",
        keys=("event_uuid",),
        members={
            "event_uuid": ("string", "Id X gave the event; may begin with a minus sign."),
            "event_type": ("string", "Kind of event, for example `profile.update.bio`."),
            "tag": ("string", "Label of the subscription that the event belongs to."),
            "filter": ("object", "What that subscription asks for: account, keyword, direction."),
            "payload": (
                "object",
                (
                    "The event itself; its members depend on `event_type`. What is no object "
                    "stands under `value`."
                ),
            ),
        },
    ),
}
