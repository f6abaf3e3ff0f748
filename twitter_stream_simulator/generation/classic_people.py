"""People as v1.1 shows them: v2 user objects and times in, v1.1's out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock
from twitter_stream_simulator.material.drafts import CLASSIC_NOW_MARK, ID_MARK, NOW_MARK, Json

if TYPE_CHECKING:
    from twitter_stream_simulator.material.people import User


def number_of(text_id: str) -> int | str:
    """Return an id as a number; of one that is still a mark, the text that becomes a number."""
    return f"#N{ID_MARK}" if text_id == ID_MARK else int(text_id)


def classic_time(text: str) -> str:
    """Return a time of v2 as v1.1 writes it: to the second, with English names."""
    if text == NOW_MARK:
        return CLASSIC_NOW_MARK
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return clock.classic_text(at.timestamp())


def make_user(user: User) -> Json:
    """Return a person; what X took out in 2018 is still there, and null."""
    counts = user["public_metrics"]
    shown: Json = {
        "id": number_of(user["id"]),
        "id_str": user["id"],
        "name": user["name"],
        "screen_name": user["username"],
        "location": user.get("location"),
        "url": user.get("url"),
        "description": user["description"] or None,
        "translator_type": "none",
        "protected": user["protected"],
        "verified": user["verified"],
        "followers_count": counts["followers_count"],
        "friends_count": counts["following_count"],
        "listed_count": counts["listed_count"],
        "favourites_count": counts["like_count"],
        "statuses_count": counts["tweet_count"],
        "created_at": classic_time(user["created_at"]),
        "utc_offset": None,
        "time_zone": None,
        "geo_enabled": None,
        "lang": None,
        "contributors_enabled": False,
        "is_translator": False,
        "profile_image_url": user["profile_image_url"].replace("https", "http"),
        "profile_image_url_https": user["profile_image_url"],
        "default_profile": False,
        "default_profile_image": False,
        "following": None,
        "follow_request_sent": None,
        "notifications": None,
    }
    if "profile_banner_url" in user:
        shown["profile_banner_url"] = user["profile_banner_url"]
    if "withheld" in user:
        shown["withheld_in_countries"] = user["withheld"]["country_codes"]
        shown["withheld_scope"] = "user"
    return shown
