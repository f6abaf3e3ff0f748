"""Invented accounts: a seed in, complete v2 user objects out."""

from __future__ import annotations

import random
import zlib
from functools import lru_cache
from typing import Any

from twitter_stream_simulator.material import words

PEOPLE_TOTAL = 240
FIRST_STRANGER_ID = 3_000_000_000
User = dict[str, Any]


@lru_cache(maxsize=8)
def people(seed: int) -> tuple[User, ...]:
    """Return the accounts of one seed; the same seed always gives the same ones."""
    chance = random.Random(f"people/{seed}")
    return tuple(_person(chance, number) for number in range(PEOPLE_TOTAL))


def person(seed: int, name: str) -> User:
    """Return the account of that username or id; who is none of ours looks like the first."""
    everybody = people(seed)
    known = next((one for one in everybody if name.lower() in {one["id"], one["username"]}), None)
    if known:
        return known
    if name.isdecimal():
        return everybody[0] | {"id": name, "username": f"user_{name}"[:15]}
    user_id = str(FIRST_STRANGER_ID + zlib.crc32(name.lower().encode()))
    return everybody[0] | {"id": user_id, "username": name}


def _person(chance: random.Random, number: int) -> User:
    """Make one user; absent means unset, as on the wire."""
    # Old accounts have short ids, newer ones snowflakes.
    user_id = str(2_000_000_001 + number) if number % 3 else str(1_400_000_000_000_000_000 + number)
    username = f"made_up_{number:04d}"
    user: User = {
        "id": user_id,
        "name": f"{chance.choice(words.GIVEN)} {chance.choice(words.FAMILY)}",
        "username": username,
        "created_at": f"20{chance.randint(10, 24)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
        "T08:15:30.000Z",
        "description": _description(chance),
        "protected": False,
        "verified": number % 7 == 0,
        "verified_type": ("blue", "none", "none", "business", "government")[number % 5],
        "profile_image_url": f"https://pbs.example/profile_images/{user_id}/face_normal.jpg",
        "public_metrics": _metrics(chance),
        "is_identity_verified": number % 11 == 0,
        "parody": number % 17 == 0,
    }
    if number % 2:
        user["location"] = chance.choice(words.PLACES)[1]
        user["profile_banner_url"] = f"https://pbs.example/profile_banners/{user_id}/1500000000"
    if number % 3 == 0:
        user["url"] = f"https://t.example/{number:06x}"
        user["entities"] = {"url": {"urls": [_link(0, number)]}}
        user["pinned_tweet_id"] = str(1_600_000_000_000_000_000 + number)
        user["most_recent_tweet_id"] = str(1_800_000_000_000_000_000 + number)
    if number % 40 == 0:
        user["withheld"] = {"country_codes": ["XX"], "scope": "user"}
        user["affiliation"] = {"user_id": ["2000000001"], "description": "Fog Museum"}
    return user


def _description(chance: random.Random) -> str:
    """Return an invented profile text; some people wrote none."""
    lines = [chance.choice(chance.choice(words.PHRASES)[1]) for _ in range(chance.randint(0, 3))]
    return " | ".join(lines)


def _metrics(chance: random.Random) -> dict[str, int]:
    """Return counts with the long tail that follower counts have."""
    followers_total = int(chance.paretovariate(0.7) * 10)
    return {
        "followers_count": followers_total,
        "following_count": chance.randint(0, 3000),
        "tweet_count": chance.randint(1, 90_000),
        "listed_count": followers_total // 100,
        "like_count": chance.randint(0, 20_000),
        "media_count": chance.randint(0, 900),
    }


def _link(start: int, number: int) -> dict[str, Any]:
    """Return one URL entity of a profile."""
    url = f"https://t.example/{number:06x}"
    return {
        "start": start,
        "end": start + len(url),
        "url": url,
        "expanded_url": f"https://people.example/{number}",
        "display_url": f"people.example/{number}",
    }
