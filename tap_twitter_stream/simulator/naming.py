"""X's two naming generations: an object with tweet names in, the same with post names out.

X's OpenAPI document began to say "post"; its streams were last seen saying "tweet". The list holds
every member that the document renamed; what is not in it kept its name, likes and compliance
events among them.
"""

from __future__ import annotations

from typing import Any

NAMINGS = ("tweet", "post")
_TWEET_TO_POST = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "total_tweet_count": "total_post_count",
    "pinned_tweet_id": "pinned_post_id",
    "most_recent_tweet_id": "most_recent_post_id",
}


def to_post_names(message: dict[str, Any]) -> dict[str, Any]:
    """Return a whole message as the younger generation writes it."""
    renamed: dict[str, Any] = _renamed(message)
    includes = renamed.get("includes")
    if includes:
        renamed["includes"] = {("posts" if k == "tweets" else k): v for k, v in includes.items()}
    return renamed


def _renamed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Rename members at every level."""
    if isinstance(value, dict):
        return {_TWEET_TO_POST.get(key, key): _renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return value
