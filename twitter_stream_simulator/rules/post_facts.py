"""What rules can ask of a post: an invented post in, its words, tags, people and kinds out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twitter_stream_simulator.material.drafts import ID_MARK
from twitter_stream_simulator.rules.tokens import Tokens, tokens

if TYPE_CHECKING:
    from twitter_stream_simulator.material.drafts import Json
    from twitter_stream_simulator.material.post import Post

_KINDS = {"retweeted": "retweet", "quoted": "quote", "replied_to": "reply"}


@dataclass(frozen=True, slots=True)
class Content:
    """What one post says and shows; names of people and tags are in lower case."""

    text: Tokens
    hashtags: frozenset[str]
    cashtags: frozenset[str]
    mentions: frozenset[str]
    urls: tuple[Json, ...]
    topics: tuple[Json, ...]
    media: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """A post as rules see it.

    ``contents`` are those of the post itself, of the one it repeats, and (for the stream) of the
    one it quotes. ``kinds`` are of ``retweet quote reply``; ``references`` names by kind the post
    and the author that it refers to. ``draw`` (0 to 99) is what ``sample:`` goes by.
    """

    contents: tuple[Content, ...]
    author: Json
    kinds: frozenset[str]
    references: dict[str, tuple[str, frozenset[str]]]
    lang: str
    conversation_id: str
    place: Json | None
    point: tuple[float, float] | None
    draw: int
    fold: bool = False

    def with_id(self, post_id: str) -> Facts:
        """Return the facts of a post that was sent: one that answers none begins a conversation."""
        begins = self.conversation_id == ID_MARK
        return replace(self, conversation_id=post_id) if begins else self


def facts_of(post: Post, key: str, *, quoted: bool = True, fold: bool = False) -> Facts:
    """Look at a post.

    Args:
        post: A post with everything around it.
        key: What tells it from all others, for ``sample:``.
        quoted: Whether the post that it quotes counts as well, as on the stream.
        fold: Whether accents are dropped.
    """
    tweet = post.tweet
    references = tweet.get("referenced_tweets", [])
    contents = [_content(tweet, _included(post, "media"), fold=fold)]
    followed = {"retweeted", "quoted"} if quoted else {"retweeted"}
    for one in references:
        original = _find(post, "tweets", one["id"])
        if original and one["type"] in followed:
            contents.append(_content(original, [], fold=fold))
    is_retweet = any(one["type"] == "retweeted" for one in references)
    geo = {} if is_retweet else tweet.get("geo", {})
    return Facts(
        contents=tuple(contents),
        author=_find(post, "users", tweet["author_id"]) or {},
        kinds=frozenset(_KINDS[one["type"]] for one in references),
        references={_KINDS[one["type"]]: _reference(post, one) for one in references},
        lang=tweet["lang"].lower(),
        conversation_id=tweet["conversation_id"],
        place=_find(post, "places", geo["place_id"]) if geo else None,
        point=tuple(geo["coordinates"]["coordinates"]) if geo else None,
        draw=zlib.crc32(key.encode()) % 100,
        fold=fold,
    )


def names_of(user: Json | None) -> frozenset[str]:
    """Return what rules may call a person: the name behind the @, or the id."""
    return frozenset({user["id"], user["username"].lower()}) if user else frozenset()


def _reference(post: Post, reference: dict[str, str]) -> tuple[str, frozenset[str]]:
    """Return the id of a post referred to, and the names of its author."""
    original = _find(post, "tweets", reference["id"])
    author_id = original["author_id"] if original else post.tweet.get("in_reply_to_user_id", "")
    return reference["id"], names_of(_find(post, "users", author_id))


def _content(tweet: Json, media: list[Json], *, fold: bool) -> Content:
    """Return what one post says; a long text counts as a whole."""
    note = tweet.get("note_tweet", tweet)
    entities = tweet.get("entities", {})
    return Content(
        text=tokens(note["text"], fold=fold),
        hashtags=frozenset(one["tag"].lower() for one in entities.get("hashtags", ())),
        cashtags=frozenset(one["tag"].lower() for one in entities.get("cashtags", ())),
        mentions=frozenset(one["username"].lower() for one in entities.get("mentions", ())),
        urls=tuple(entities.get("urls", ())),
        topics=tuple(tweet.get("context_annotations", ())),
        media=frozenset(one["type"] for one in media),
    )


def _included(post: Post, kind: str) -> list[Json]:
    return [one.value for one in post.includes if one.kind == kind]


def _find(post: Post, kind: str, object_id: str) -> Json | None:
    return next((one for one in _included(post, kind) if one["id"] == object_id), None)
