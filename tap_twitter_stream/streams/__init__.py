"""One small class per Singer stream. Every private call into the SDK lives here or in emit/."""

from __future__ import annotations

from tap_twitter_stream.streams.captured import (
    Activities,
    CaptureConnections,
    CapturedStream,
    CaptureGaps,
    ComplianceEvents,
    DeadLetters,
    Errors,
    Likes,
    Media,
    Notices,
    Places,
    Polls,
    RawMessages,
    ReferencedTweets,
    Rules,
    Statuses,
    TweetLabels,
    TweetRules,
    Tweets,
    Users,
)
from tap_twitter_stream.streams.windows import CaptureWindows

STREAM_TYPES: tuple[type[CapturedStream], ...] = (
    CaptureWindows,
    Tweets,
    ReferencedTweets,
    Users,
    Media,
    Places,
    Polls,
    TweetRules,
    Rules,
    Statuses,
    ComplianceEvents,
    TweetLabels,
    Likes,
    Activities,
    Errors,
    Notices,
    DeadLetters,
    RawMessages,
    CaptureConnections,
    CaptureGaps,
)

__all__ = ["STREAM_TYPES", "CaptureWindows", "CapturedStream"]
