"""Invented likes, compliance events, labels and activities: a number in, X's envelope out.

Each names one id that is new with every sending, left as a mark; times are marks too.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.generation.activities import make_activity
from twitter_stream_simulator.generation.likes import make_like
from twitter_stream_simulator.generation.posts import OLD_POST_ID
from twitter_stream_simulator.material import words
from twitter_stream_simulator.material.drafts import ID_MARK, NOW_MARK, Json
from twitter_stream_simulator.material.people import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from twitter_stream_simulator.protocol.endpoints import Holds
    from twitter_stream_simulator.protocol.fields import Selection

# Kinds in turn, so that every kind comes soon. Source: X's guide to compliance streams.
TWEET_KINDS = ("delete", "drop", "undrop", "withheld", "tweet_edit", "delete", "withheld")
USER_KINDS = (
    "user_protect",
    "user_unprotect",
    "user_delete",
    "user_undelete",
    "user_suspend",
    "user_unsuspend",
    "user_withheld",
    "scrub_geo",
    "user_profile_modification",
)
# The last two of TWEET_KINDS tell of a post that quotes the one that is gone.
FIRST_QUOTED = 5
# X writes user events with an offset instead of Z; the block ends its mark in "+".
USER_EVENT_AT = f"{NOW_MARK}00:00"
COUNTRIES = (["XX"], ["XY"], ["DE", "TR"])


def make_event(holds: Holds, seed: int, number: int, selection: Selection) -> Json:
    """Return the message of that number on a stream that holds such things."""
    if holds == "likes":
        return make_like(seed, number, selection)
    if holds == "activities":
        return make_activity(seed, number)
    chance = random.Random(f"{holds}/{seed}/{number}")
    author_id = chance.choice(people(seed))["id"]
    return {"data": _MAKERS[holds](chance, number, author_id)}


def _old_id(number: int) -> str:
    """Return the id of a post that is older than the run."""
    return str(OLD_POST_ID + (number << 22))


def _tweet_event(chance: random.Random, number: int, author_id: str) -> Json:
    """Return what happened to a post."""
    turn = number % len(TWEET_KINDS)
    kind = TWEET_KINDS[turn]
    if kind == "tweet_edit":
        versions = [_old_id(number), ID_MARK]
        about: Json = {"tweet": {"id": ID_MARK}, "initial_tweet_id": versions[0]}
        return {kind: {**about, "edit_tweet_ids": versions, "event_at": NOW_MARK}}
    about = {"tweet": {"id": ID_MARK, "author_id": author_id}, "event_at": NOW_MARK}
    if turn >= FIRST_QUOTED:
        # One event for each quoting post: the same post comes again with another of these.
        about["tweet"]["id"] = _old_id(turn)
        about["quote_tweet_id"] = ID_MARK
    if kind == "withheld":
        about["withheld_in_countries"] = chance.choice(COUNTRIES)
    return {kind: about}


def _user_event(chance: random.Random, number: int, author_id: str) -> Json:
    """Return what happened to an account; where its geo data go, the account is an old one."""
    kind = USER_KINDS[number % len(USER_KINDS)]
    about: Json = {"user": {"id": ID_MARK}, "event_at": USER_EVENT_AT}
    if kind == "user_withheld":
        about["withheld_in_countries"] = chance.choice(COUNTRIES)
    if kind == "scrub_geo":
        about["user"]["id"], about["up_to_tweet_id"] = author_id, ID_MARK
    if kind == "user_profile_modification":
        about["profile_field"] = "profile.name"
        about["new_value"] = f"{chance.choice(words.GIVEN)} {chance.choice(words.FAMILY)}"
    return {kind: about}


def _like_event(_chance: random.Random, _number: int, author_id: str) -> Json:
    """Return a like taken back; its id is that of the post."""
    return {"delete": {"favorite": {"id": ID_MARK, "user_id": author_id}, "event_at": NOW_MARK}}


def _label(chance: random.Random, number: int, author_id: str) -> Json:
    """Return a notice put on a post, or a post that can no longer be seen."""
    about: Json = {
        "tweet": {"id": ID_MARK, "author_id": author_id},
        "application": ("apply", "remove")[number % 2],
        "event_at": NOW_MARK,
    }
    if number % 3 == 0:
        return {"public_tweet_unviewable": about}
    about["event_type"] = "notice"
    if number % 4 == 0:
        about["label_title"] = "Made up"
        about["details"] = chance.choice(chance.choice(words.PHRASES)[1])
        about["extended_details_url"] = f"https://help.example/{number}"
    return {"public_tweet_notice": about}


_MAKERS: dict[str, Callable[[random.Random, int, str], dict[str, Any]]] = {
    "tweets_compliance": _tweet_event,
    "users_compliance": _user_event,
    "likes_compliance": _like_event,
    "labels": _label,
}
