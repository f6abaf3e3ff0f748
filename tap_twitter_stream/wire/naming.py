"""Land X's two naming generations in the same columns.

X's specification began to say "post" where the wire says "tweet". Streams still send the tweet
names; when that changes, tables must not.
"""

from __future__ import annotations

from typing import Any

_POST_TO_TWEET = {
    "edit_history_post_ids": "edit_history_tweet_ids",
    "referenced_posts": "referenced_tweets",
    "note_post": "note_tweet",
    "repost_count": "retweet_count",
    "post_count": "tweet_count",
    "pinned_post_id": "pinned_tweet_id",
    "most_recent_post_id": "most_recent_tweet_id",
    "media_source_post_id": "media_source_tweet_id",
}
_ID_LIKE = ("id", "_id", "_ids", "media_key", "media_keys")


def to_tweet_names(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the object with tweet names and with ids as strings, at every level."""
    if isinstance(value, dict):
        return {
            _POST_TO_TWEET.get(key, key): _as_text(item)
            if key.endswith(_ID_LIKE)
            else to_tweet_names(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [to_tweet_names(item) for item in value]
    return value


def _as_text(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return to_tweet_names(value)
