"""Invented posts: a seed and a number in, one post with everything around it out.

Ids and times that belong to the moment of sending are left as marks of the right width.
"""

from __future__ import annotations

import random

from twitter_stream_simulator.generation.granting import add_place, grant, link_entity
from twitter_stream_simulator.generation.wishes import NO_WISH, Wish
from twitter_stream_simulator.material import words
from twitter_stream_simulator.material.drafts import (
    ID_MARK,
    LATER_MARK,
    NUL_AT,
    NUL_EVERY,
    SURROGATE_AT,
    SURROGATE_EVERY,
    Json,
    bare_tweet,
    is_ascii_only,
    make_text,
    make_topic,
)
from twitter_stream_simulator.material.media import make_media, make_poll
from twitter_stream_simulator.material.people import User, people, person
from twitter_stream_simulator.material.post import Post

# One post in this many has an error beside its data, and one was edited before it was sent.
PARTIAL_ERROR_EVERY, PARTIAL_ERROR_AT = 60, 3
EDITED_EVERY, EDITED_AT = 70, 11
MAX_TEXT_CHARS = 280
# A number whose text has no awkward character, for the posts that others point at.
PLAIN_NUMBER = 1
# Ids of posts older than any run: 2024, by the snowflake clock.
OLD_POST_ID = 1_750_000_000_000_000_000


def make_post(seed: int, number: int, wish: Wish = NO_WISH) -> Post:
    """Make the post of that number; its text ends in the words that were wished for."""
    chance = random.Random(f"post/{seed}/{number}")
    everybody = people(seed)
    author = _author(chance, seed, wish)
    keyword = wish.text
    lang, text = make_text(chance, number, keyword, wish.lang)
    post = Post(
        tweet=bare_tweet(chance, author, lang, text), ascii_only=is_ascii_only(chance, number)
    )
    post.include("users", "author_id", author)
    _add_mention(chance, post, chance.choice(everybody))
    _add_extras(chance, post, number, keyword)
    other = chance.choice(everybody)
    _add_reference(chance, post, number, person(seed, wish.other) if wish.other else other, wish)
    grant(chance, post, wish, seed)
    post.tweet["display_text_range"] = [0, len(post.tweet["text"])]
    if number % EDITED_EVERY == EDITED_AT:
        _edit(post, number)
    return post


def _author(chance: random.Random, seed: int, wish: Wish) -> User:
    """Return the author, who is one of ours unless somebody else is wished for."""
    author = chance.choice(people(seed))
    author = person(seed, wish.author) if wish.author else author
    return author | {"verified": True} if wish.is_verified else author


def _add_mention(chance: random.Random, post: Post, user: User) -> None:
    """Put a mention, a hashtag and a link before some texts, and describe them in entities."""
    if chance.random() < 0.7:  # noqa: PLR2004
        return
    tag, link = chance.choice(words.HASHTAGS), f"https://t.example/{chance.getrandbits(40):010x}"
    head = f"@{user['username']} #{tag} {link} "
    tag_start = len(user["username"]) + 2
    link_start = tag_start + len(tag) + 2
    post.tweet["text"] = head + post.tweet["text"]
    post.tweet["entities"] = {
        "mentions": [
            {"start": 0, "end": tag_start - 1, "username": user["username"], "id": user["id"]}
        ],
        "hashtags": [{"start": tag_start, "end": tag_start + len(tag) + 1, "tag": tag}],
        "urls": [_url_entity(chance, link, link_start)],
    }
    post.include("users", "entities.mentions.username", user)


def _url_entity(chance: random.Random, link: str, start: int) -> Json:
    """Return one link with what X found behind it."""
    page = f"https://news.example/{chance.getrandbits(24):06x}/{'paper-lighthouse-' * 2}hums"
    return {"start": start, "end": start + len(link), **link_entity(chance, link, page)}


def _add_extras(chance: random.Random, post: Post, number: int, keyword: str) -> None:
    """Give some posts media, a place, a poll, a long text, topics or a mark of withholding."""
    roll = chance.random()
    if roll < 0.35:  # noqa: PLR2004
        media = [make_media(chance) for _ in range(chance.randint(1, 3))]
        post.tweet["attachments"] = {"media_keys": [item["media_key"] for item in media]}
        for item in media:
            post.include("media", "attachments.media_keys", item)
    elif roll < 0.40:  # noqa: PLR2004
        poll = make_poll(chance, LATER_MARK)
        post.tweet["attachments"] = {"poll_ids": [poll["id"]]}
        post.include("polls", "attachments.poll_ids", poll)
    if number % 12 == 0:
        add_place(chance, post, NO_WISH)
    if number % 20 == 0:
        _lengthen(chance, post, keyword)
    if number % 90 == 0:
        post.tweet["withheld"] = {"copyright": False, "country_codes": ["XX"], "scope": "tweet"}
    post.tweet["context_annotations"] = [
        make_topic(chance) for _ in range(min(30, int(chance.paretovariate(1.2)) - 1))
    ]


def _lengthen(chance: random.Random, post: Post, keyword: str) -> None:
    """Turn the post into a long one: the whole in ``note_tweet``, ``text`` cut with an ellipsis."""
    sentences_total = min(200, int(8 * chance.paretovariate(0.8)))
    body = " ".join(chance.choice(words.PHRASES[0][1]) for _ in range(sentences_total))
    whole = f"{post.tweet['text']} {body} {keyword}".rstrip()
    post.tweet["note_tweet"] = {"text": whole, "entities": post.tweet.get("entities", {})}
    if len(whole) > MAX_TEXT_CHARS:
        kept = max(0, MAX_TEXT_CHARS - len(keyword) - 2)
        post.tweet["text"] = whole[:kept] + f"… {keyword}".rstrip()


def _add_reference(chance: random.Random, post: Post, number: int, other: User, wish: Wish) -> None:
    """Make some posts retweets, quotes or replies; of some of those the original is gone."""
    kind = chance.choices(("", "retweeted", "quoted", "replied_to"), (40, 30, 15, 15))[0]
    kind = kind if wish.kind is None else wish.kind
    is_gone = number % PARTIAL_ERROR_EVERY == PARTIAL_ERROR_AT and wish.kind is None
    if is_gone:
        kind = "quoted"
    if number % NUL_EVERY == NUL_AT or number % SURROGATE_EVERY == SURROGATE_AT:
        kind = ""  # A retweet's text is cut, perhaps before the character that matters.
    if not kind:
        return
    original = _original(chance, number, other, wish)
    post.tweet["referenced_tweets"] = [{"type": kind, "id": original["id"]}]
    if kind == "retweeted":
        cut = f"RT @{other['username']}: {original['text']}"
        post.tweet["text"] = cut[:140] + f"… {wish.text}".rstrip()
        post.tweet.pop("note_tweet", None)
        post.tweet["entities"] = {"mentions": [_retweet_mention(other)]}
    if kind == "replied_to":
        post.tweet["conversation_id"] = wish.conversation_id or original["id"]
        post.tweet["in_reply_to_user_id"] = other["id"]
        post.include("users", "in_reply_to_user_id", other)
    if is_gone:
        post.errors.append(_gone(original["id"]))
        return
    post.include("tweets", "referenced_tweets.id", original)
    post.include("users", "referenced_tweets.id.author_id", other)


def _retweet_mention(user: User) -> Json:
    """Return the mention that the head of a retweet makes."""
    end = 4 + len(user["username"])
    return {"start": 3, "end": end, "username": user["username"], "id": user["id"]}


def _original(chance: random.Random, number: int, author: User, wish: Wish) -> Json:
    """Return the older post that this one points at."""
    lang, text = make_text(chance, PLAIN_NUMBER, wish.text)
    original = bare_tweet(chance, author, lang, text)
    post_id = str(OLD_POST_ID + (number << 22) + chance.getrandbits(12))
    post_id = wish.reference_id or post_id
    counts = {name: int(chance.paretovariate(0.8)) for name in original["public_metrics"]}
    return {
        **original,
        "id": post_id,
        "edit_history_tweet_ids": [post_id],
        "conversation_id": post_id,
        "created_at": "2024-01-24T09:30:00.000Z",
        "edit_controls": original["edit_controls"] | {"editable_until": "2024-01-24T10:30:00.000Z"},
        "public_metrics": counts,
        "context_annotations": [make_topic(chance)],
    }


def _edit(post: Post, number: int) -> None:
    """Give a post an earlier version; each version has an id of its own."""
    earlier_id = str(OLD_POST_ID + (number << 22))
    post.tweet["edit_history_tweet_ids"] = [earlier_id, ID_MARK]
    post.tweet["edit_controls"] = post.tweet["edit_controls"] | {"edits_remaining": 4}
    earlier = post.tweet | {"id": earlier_id, "text": f"{post.tweet['text']} (first try)"}
    post.include("tweets", "edit_history_tweet_ids", earlier)


def _gone(post_id: str) -> Json:
    """Return the partial error about a referenced post that its author has hidden."""
    return {
        "resource_id": post_id,
        "parameter": "referenced_tweets.id",
        "resource_type": "tweet",
        "section": "includes",
        "value": post_id,
        "title": "Authorization Error",
        "detail": "Sorry, you are not authorized to see the Tweet with"
        f" referenced_tweets.id: [{post_id}].",
        "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
    }
