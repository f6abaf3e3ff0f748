"""Which fields and expansions a request asks for: query parameters in, a checked selection out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Enumerations of X's OpenAPI document, which lists one set for every v2 stream of posts.
TWEET_FIELDS = frozenset(
    "article attachments author_id card_uri community_id context_annotations conversation_id"
    " created_at display_text_range edit_controls edit_history_tweet_ids entities geo id"
    " in_reply_to_user_id lang matched_media_notes media_metadata non_public_metrics"
    " note_request_suggestions note_tweet organic_metrics paid_partnership possibly_sensitive"
    " promoted_metrics public_metrics referenced_tweets reply_settings scopes source"
    " suggested_source_links suggested_source_links_with_counts text withheld".split()
)
USER_FIELDS = frozenset(
    "affiliation confirmed_email connection_status created_at description entities id"
    " is_identity_verified location most_recent_tweet_id name parody pinned_tweet_id"
    " profile_banner_url profile_image_url protected public_metrics receives_your_dm"
    " subscription subscription_type url username verified verified_followers_count"
    " verified_type withheld".split()
)
MEDIA_FIELDS = frozenset(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics"
    " preview_image_url promoted_metrics public_metrics type url variants width".split()
)
PLACE_FIELDS = frozenset(
    "contained_within country country_code full_name geo id name place_type".split()
)
POLL_FIELDS = frozenset("duration_minutes end_datetime id options voting_status".split())
EXPANSIONS = frozenset(
    "article.cover_media article.media_entities attachments.media_keys"
    " attachments.media_source_tweet attachments.poll_ids author_id edit_history_tweet_ids"
    " entities.mentions.username entities.note.mentions.username geo.place_id"
    " in_reply_to_user_id referenced_tweets.id referenced_tweets.id.attachments.media_keys"
    " referenced_tweets.id.author_id".split()
)
# An app-only token may name these, but gets an error beside each message instead of a value.
PRIVATE_FIELDS = frozenset(
    "non_public_metrics organic_metrics promoted_metrics confirmed_email connection_status"
    " receives_your_dm subscription subscription_type".split()
)
LEGAL_VALUES: dict[str, frozenset[str]] = {
    "tweet.fields": TWEET_FIELDS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "place.fields": PLACE_FIELDS,
    "poll.fields": POLL_FIELDS,
    "expansions": EXPANSIONS,
}
# The likes streams have a list of their own for expansions, and name themselves.
LIKE_FIELDS = frozenset(
    "attachments_media_keys created_at id liked_tweet_author_id liked_tweet_id timestamp_ms".split()
)
LIKE_EXPANSIONS = frozenset(("attachments.media_keys", "liked_tweet_author_id", "liked_tweet_id"))
LEGAL_LIKE_VALUES: dict[str, frozenset[str]] = {
    "like_with_tweet_author.fields": LIKE_FIELDS,
    "tweet.fields": TWEET_FIELDS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "expansions": LIKE_EXPANSIONS,
}
# An expansion also shows the field of the post that it follows.
FIELD_OF_EXPANSION = {
    "attachments.media_keys": "attachments",
    "attachments.poll_ids": "attachments",
    "attachments.media_source_tweet": "attachments",
    "author_id": "author_id",
    "entities.mentions.username": "entities",
    "entities.note.mentions.username": "note_tweet",
    "geo.place_id": "geo",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.attachments.media_keys": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
}


class BadParameterError(ValueError):
    """A query parameter that X answers with HTTP 400 and an invalid-request problem."""

    def __init__(self, name: str, value: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.value = value


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields of each object that a message carries, with X's defaults already added."""

    tweet: frozenset[str] = frozenset({"id", "text", "edit_history_tweet_ids"})
    user: frozenset[str] = frozenset({"id", "name", "username"})
    media: frozenset[str] = frozenset({"media_key", "type"})
    place: frozenset[str] = frozenset({"id", "full_name"})
    poll: frozenset[str] = frozenset({"id", "options"})
    expansions: frozenset[str] = frozenset()
    like: frozenset[str] = frozenset({"id"})

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], legal: Mapping[str, frozenset[str]] = LEGAL_VALUES
    ) -> Selection:
        """Read the field parameters of one request; ``legal`` lists the endpoint's.

        Raises:
            BadParameterError: A value is not in X's list for its parameter.
        """
        asked = {
            name: _values(name, query.get(name), legal.get(name, frozenset()))
            for name in LEGAL_VALUES | LEGAL_LIKE_VALUES
        }
        default = cls()
        shown = {FIELD_OF_EXPANSION[e] for e in asked["expansions"] if e in FIELD_OF_EXPANSION}
        return cls(
            tweet=default.tweet | asked["tweet.fields"] | shown,
            user=default.user | asked["user.fields"],
            media=default.media | asked["media.fields"],
            place=default.place | asked["place.fields"],
            poll=default.poll | asked["poll.fields"],
            expansions=asked["expansions"],
            like=default.like
            | asked["like_with_tweet_author.fields"]
            | (asked["expansions"] & LIKE_FIELDS),
        )

    @classmethod
    def everything(cls) -> Selection:
        """Return all fields and expansions that an app-only token can be given."""
        legal = {
            name: ",".join(sorted(values - PRIVATE_FIELDS)) for name, values in LEGAL_VALUES.items()
        }
        return cls.from_query(legal)


def _values(name: str, text: str | None, legal: frozenset[str]) -> frozenset[str]:
    """Split one comma-joined parameter and check each value."""
    if text is None:
        return frozenset()
    values = text.split(",")
    for value in values:
        if value not in legal:
            known = ",".join(sorted(legal))
            message = f"The `{name}` query parameter value [{value}] is not one of [{known}]"
            raise BadParameterError(name, value, message)
    return frozenset(values)
