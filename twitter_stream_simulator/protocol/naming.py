"""X's two naming generations: an object with tweet names in, the same with post names out.

X's OpenAPI document began to say "post"; its streams were last seen saying "tweet". The list holds
every member that the document renamed; what is not in it kept its name, likes and compliance
events among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_POST_TO_TWEET = {new: old for old, new in _TWEET_TO_POST.items()} | {
    "referenced_posts": "referenced_tweets.id"
}
# What the document lists and no post here has.
_ONLY_IN_POST = frozenset({"article_title", "username"})


def to_post_names(message: dict[str, Any]) -> dict[str, Any]:
    """Return a whole message as the younger generation writes it."""
    renamed: dict[str, Any] = _renamed(message)
    includes = renamed.get("includes")
    if includes:
        renamed["includes"] = {("posts" if k == "tweets" else k): v for k, v in includes.items()}
    return renamed


def to_tweet_parameters(query: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a search that may use the younger names, in the older ones."""
    plain = dict(query)
    if "post.fields" in plain:
        plain.setdefault("tweet.fields", plain.pop("post.fields"))
    for name in ("tweet.fields", "user.fields", "expansions"):
        if name in plain:
            values = [_POST_TO_TWEET.get(value, value) for value in plain[name].split(",")]
            plain[name] = ",".join(value for value in values if value not in _ONLY_IN_POST)
    return {name: value for name, value in plain.items() if value or name == "query"}


def _renamed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Rename members at every level."""
    if isinstance(value, dict):
        return {_TWEET_TO_POST.get(key, key): _renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return value
