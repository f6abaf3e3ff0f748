"""Invented activities: a number in, X's envelope of one account activity out.

X documents these by sample: ids that are negative, includes inside ``data``, texts beside numbers.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.posts import OLD_POST_ID, make_post
from twitter_stream_simulator.material import words
from twitter_stream_simulator.material.drafts import ID_MARK, NOW_MARK, Json
from twitter_stream_simulator.material.people import people

if TYPE_CHECKING:
    from twitter_stream_simulator.material.people import User

_Made = tuple[str, Json, Json]


def make_activity(seed: int, number: int) -> Json:
    """Return the activity of that number; kinds come in turn."""
    chance = random.Random(f"activity/{seed}/{number}")
    user, other = chance.sample(people(seed), 2)
    kind, payload, includes = _KINDS[number % len(_KINDS)](seed, number, chance, user, other)
    data: Json = {
        "event_uuid": f"-{ID_MARK}" if number % 3 else ID_MARK,
        "filter": {} if kind == "oauth.revoke" else {"user_id": user["id"]},
        "event_type": kind,
        "payload": payload,
    }
    if number % 2:
        data["tag"] = f"made-up {kind}"
    return {"data": {**data, "includes": includes} if includes else data}


def _bare(user: User) -> Json:
    return {name: user[name] for name in ("id", "name", "username")}


def _post(seed: int, number: int, _: random.Random, user: User, __: User) -> _Made:
    tweet = make_post(seed, number).tweet | {"author_id": user["id"]}
    kinds = ("create", "mention.create", "reply.create", "quote.create", "repost.create")
    return f"post.{kinds[number % 5]}", tweet, {"users": [_bare(user)]}


def _post_gone(_: int, number: int, __: random.Random, user: User, ___: User) -> _Made:
    gone = {"id": str(OLD_POST_ID + (number << 22)), "author_id": user["id"]}
    # The sample of X wraps the users of this kind once more.
    return "post.delete", gone, {"users": [{"data": _bare(user)}]}


def _like(_: int, number: int, __: random.Random, ___: User, other: User) -> _Made:
    like = {
        "id": f"{number:032x}",
        "created_at": NOW_MARK,
        "liked_tweet_id": str(OLD_POST_ID + (number << 22)),
        "liked_tweet_author_id": other["id"],
        "timestamp_ms": "1767607200000",
    }
    return "like.create", like, {}


def _follow(_: int, number: int, __: random.Random, user: User, other: User) -> _Made:
    kind = ("follow.follow", "follow.unfollow")[number % 2]
    count = other["public_metrics"]["followers_count"]
    target = {**_bare(other), "followers_count": count, "followers_count_str": str(count)}
    return kind, {"source": _bare(user), "target": target}, {}


def _profile(_: int, number: int, chance: random.Random, __: User, ___: User) -> _Made:
    names = ("bio", "profile_picture", "banner_picture", "screenname", "handle", "geo", "url")
    before, after = (chance.choice(chance.choice(words.PHRASES)[1]) for _ in range(2))
    kind = f"profile.update.{names[number % len(names)]}"
    return kind, {"before": before, "after": after}, {}


def _news(_: int, number: int, chance: random.Random, __: User, ___: User) -> _Made:
    parts = ("category", "headline", "hook", "summary")
    return (
        "news.new",
        {part: f"{part} {number} {chance.choice(words.ENTITIES)}" for part in parts},
        {},
    )


def _space(_: int, number: int, __: random.Random, user: User, ___: User) -> _Made:
    verb = ("start", "end")[number % 2]
    about = {"id": f"1MadeUp{number:06d}", "creator_id": user["id"], "start": 1, "start_str": "1"}
    return f"spaces.{verb}", {**about, "event_type": f"spaces_{verb}"}, {}


def _revoked(_: int, number: int, __: random.Random, user: User, ___: User) -> _Made:
    return "oauth.revoke", {"user_id": user["id"], "app_id": str(10_000_000 + number)}, {}


_KINDS = (_post, _post_gone, _like, _follow, _profile, _news, _space, _revoked)
