"""The streams that the capture fills: name and keys; their schemas are in ``schemas/``."""

from __future__ import annotations

from typing import ClassVar

from tap_twitter_stream.streams.base import CapturedStream
from tap_twitter_stream.streams.windows import CaptureWindows

__all__ = ["CapturedStream"]


class _Child(CapturedStream):
    parent_stream_type = CaptureWindows
    primary_keys: ClassVar[tuple[str, ...]] = ("id",)


class Tweets(_Child):
    """Posts, as X delivered them."""

    name = "tweets"


class ReferencedTweets(_Child):
    """Posts that others quote, repost or answer, from ``includes``."""

    name = "referenced_tweets"


class Users(_Child):
    """Authors and mentioned users, from ``includes``."""

    name = "users"


class Media(_Child):
    """Photos, videos and GIFs, from ``includes``."""

    name = "media"
    primary_keys = ("media_key",)


class Places(_Child):
    """Places, from ``includes``."""

    name = "places"


class Polls(_Child):
    """Polls, from ``includes``."""

    name = "polls"


class TweetRules(_Child):
    """Which rule matched which post."""

    name = "tweet_rules"
    primary_keys = ("tweet_id", "rule_id")


class Rules(_Child):
    """The app's rules at the start of each window."""

    name = "rules"


class Statuses(_Child):
    """Posts in the form of API v1.1."""

    name = "statuses"
    primary_keys = ("id_str",)


class ComplianceEvents(_Child):
    """What happened to posts, accounts and likes."""

    name = "compliance_events"
    primary_keys = ("event_id",)


class TweetLabels(_Child):
    """Notices beside posts."""

    name = "tweet_labels"
    primary_keys = ("event_id",)


class Likes(_Child):
    """Likes, as they are given."""

    name = "likes"


class Activities(_Child):
    """Events of the app's subscriptions."""

    name = "activities"
    primary_keys = ("event_uuid",)


class Errors(_Child):
    """Problems: beside a post, in the stream, over HTTP, or about a rule."""

    name = "errors"
    primary_keys = ("error_id",)


class Notices(_Child):
    """What X announced in the stream."""

    name = "notices"
    primary_keys = ("notice_id",)


class DeadLetters(_Child):
    """Lines that are nothing else, with their bytes."""

    name = "dead_letters"
    primary_keys = ("letter_id",)


class RawMessages(_Child):
    """Each line as it came, if ``raw_messages`` is on."""

    name = "raw_messages"
    primary_keys = ("spool_id", "position")


class CaptureConnections(_Child):
    """One row a connection or attempt at one."""

    name = "capture_connections"
    primary_keys = ("connection_id",)
    is_data = False


class CaptureGaps(_Child):
    """Stretches of time in which posts may have been missed."""

    name = "capture_gaps"
    primary_keys = ("gap_id",)
    is_data = False
