"""Made-up envelopes for properties: every kind of member, in names of either generation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
IDS = st.integers(1, 2**63 - 1).map(str)
LOOSE_IDS = IDS | st.integers(1, 2**63 - 1)
COUNTS = st.integers(0, 10**6)
VALUES = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
YOUNGER = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "pinned_tweet_id": "pinned_post_id",
    "most_recent_tweet_id": "most_recent_post_id",
    "media_source_tweet_id": "media_source_post_id",
}


def record(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Json]:  # noqa: ANN401
    return st.fixed_dictionaries(required, optional=optional)


def posts(ids: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    mentions = st.lists(record({"username": TEXT}, id=ids), max_size=2)
    return record(
        {"id": ids, "text": TEXT},
        author_id=ids,
        conversation_id=ids | st.none(),
        in_reply_to_user_id=ids,
        edit_history_tweet_ids=st.lists(ids, max_size=2),
        referenced_tweets=st.lists(record({"id": ids, "type": TEXT}), max_size=2) | st.none(),
        attachments=record({}, media_keys=st.lists(TEXT), media_source_tweet_id=st.lists(ids)),
        entities=record({}, mentions=mentions, hashtags=st.lists(record({"tag": TEXT}))),
        context_annotations=st.lists(record({}, domain=record({"id": ids}), entity=st.none())),
        geo=record({}, place_id=TEXT) | st.none(),
        note_tweet=record({"text": TEXT}),
        public_metrics=record({}, retweet_count=COUNTS, like_count=COUNTS) | st.none(),
        unheard_of=VALUES.filter(is_open),
    )


def includes(ids: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    user = record(
        {"id": ids},
        name=TEXT,
        pinned_tweet_id=ids,
        most_recent_tweet_id=ids,
        public_metrics=record({}, tweet_count=COUNTS),
    )
    media = record({"media_key": TEXT.filter(bool)}, width=COUNTS, unheard_of=VALUES)
    return record(
        {},
        users=st.lists(user, max_size=2),
        media=st.lists(media, max_size=2),
        tweets=st.lists(posts(ids), max_size=2),
        places=st.lists(record({"id": TEXT.filter(bool)}, geo=VALUES.filter(is_open)), max_size=2),
        polls=st.lists(record({"id": ids}), max_size=2),
    )


def is_open(value: object) -> bool:
    """Whether a made-up value holds no member whose name says that it is an id."""
    if isinstance(value, dict):
        return not any(key.endswith(("id", "ids")) for key in value) and all(
            map(is_open, value.values())
        )
    return not isinstance(value, list) or all(map(is_open, value))


def envelopes(ids: st.SearchStrategy[Any] = IDS) -> st.SearchStrategy[Json]:
    rule = record({"id": ids}, tag=TEXT | st.none(), unheard_of=VALUES)
    problem = record({"title": TEXT, "type": TEXT}, resource_id=IDS, status=COUNTS)
    return record(
        {"data": posts(ids)},
        includes=includes(ids) | st.none(),
        matching_rules=st.lists(rule, max_size=3) | st.none(),
        errors=st.lists(problem, max_size=2),
    )


def renamed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value in the names of the younger generation."""
    if isinstance(value, dict):
        return {YOUNGER.get(key, key): renamed(item) for key, item in value.items()}
    return [renamed(item) for item in value] if isinstance(value, list) else value


def with_younger_groups(envelope: Json) -> Json:
    changed: Json = renamed(envelope)
    groups = changed.get("includes") or {}
    if "tweets" in groups:
        groups["posts"] = groups.pop("tweets")
    return changed
