"""Invented likes: a number and a field selection in, X's envelope of one like out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.posts import OLD_POST_ID, PLAIN_NUMBER
from twitter_stream_simulator.generation.rendering import pick
from twitter_stream_simulator.material.drafts import (
    ID_MARK,
    MS_MARK,
    NOW_MARK,
    Json,
    bare_tweet,
    make_text,
)
from twitter_stream_simulator.material.media import make_media
from twitter_stream_simulator.material.people import people

if TYPE_CHECKING:
    from twitter_stream_simulator.material.people import User
    from twitter_stream_simulator.protocol.fields import Selection

WITH_MEDIA_EVERY = 4


def make_like(seed: int, number: int, selection: Selection) -> Json:
    """Return the like of that number with what the selection asks for."""
    chance = random.Random(f"like/{seed}/{number}")
    author = chance.choice(people(seed))
    tweet = _liked(chance, number, author)
    like: Json = {
        # X's samples have 32 hexadecimal digits.
        "id": f"{number:013x}{ID_MARK}",
        "created_at": NOW_MARK,
        "liked_tweet_id": tweet["id"],
        "liked_tweet_author_id": author["id"],
        "timestamp_ms": MS_MARK,
    }
    wanted: dict[str, list[Json]] = {}
    if "liked_tweet_author_id" in selection.expansions:
        wanted["users"] = [pick(author, selection.user)]
    if "liked_tweet_id" in selection.expansions:
        wanted["tweets"] = [pick(tweet, selection.tweet)]
    if number % WITH_MEDIA_EVERY == 0:
        media = make_media(chance)
        like["attachments_media_keys"] = [media["media_key"]]
        if "attachments.media_keys" in selection.expansions:
            wanted["media"] = [pick(media, selection.media)]
    message: Json = {"data": pick(like, selection.like)}
    return {**message, "includes": wanted} if wanted else message


def _liked(chance: random.Random, number: int, author: User) -> Json:
    """Return the older post that was liked."""
    lang, text = make_text(chance, PLAIN_NUMBER, "")
    tweet = bare_tweet(chance, author, lang, text)
    tweet_id = str(OLD_POST_ID + (number << 22))
    return {
        **tweet,
        "id": tweet_id,
        "edit_history_tweet_ids": [tweet_id],
        "conversation_id": tweet_id,
        "created_at": "2024-01-24T09:30:00.000Z",
        "edit_controls": tweet["edit_controls"] | {"editable_until": "2024-01-24T10:30:00.000Z"},
    }
