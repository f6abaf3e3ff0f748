"""Posts as v1.1 shows them: the post that v2 shows too in, a status with marks out."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, cast

from twitter_stream_simulator.generation.classic_media import make_entities, make_media
from twitter_stream_simulator.generation.classic_people import classic_time, make_user, number_of
from twitter_stream_simulator.generation.rendering import line
from twitter_stream_simulator.material.blocks import CRLF
from twitter_stream_simulator.material.drafts import ID_MARK, MS_MARK, Json

if TYPE_CHECKING:
    from twitter_stream_simulator.material.people import User
    from twitter_stream_simulator.material.post import Post

# Longer texts come cut, with the whole beside them.
COMPAT_CHARS = 140
_LINK_CHARS = 23
SOURCE = '<a href="https://client.example" rel="nofollow">Made-up client</a>'
# Quotation marks around a mark would make a text of the number.
_QUOTED_NUMBER = f'"{number_of(ID_MARK)}"'.encode()
MEDIUM_EVERY = 5


def make_status(post: Post, number: int) -> Json:
    """Return the status of a post that is new."""
    tweet = post.tweet
    status = _status(tweet, _user(post, tweet["author_id"]), _names(post))
    status["timestamp_ms"] = MS_MARK
    status["filter_level"] = "low" if number % MEDIUM_EVERY else "medium"
    _add_place(status, post)
    _add_media(status, post)
    for reference in tweet.get("referenced_tweets", ()):
        _refer(status, post, reference)
    return status


def status_line(status: Json | list[Json], *, ascii_only: bool, escape_slashes: bool) -> bytes:
    """Write one status, or an array of them, as X does; its numbers are numbers again."""
    whole = cast("dict[str, Any]", status)
    written = line(whole, ascii_only=ascii_only, escape_slashes=escape_slashes)
    return written.replace(_QUOTED_NUMBER, ID_MARK.encode())


def framed(text: bytes, *, delimited: bool) -> bytes:
    """Put the length of a line, terminator included, before it; or leave it alone."""
    return b"%d\r\n%s" % (len(text) + len(CRLF), text) if delimited else text


def _status(tweet: Json, author: User, names: dict[str, str]) -> Json:
    """Return what every status has, cut as v1.1 cuts."""
    counts = tweet["public_metrics"]
    entities = make_entities(tweet.get("entities", {}), names)
    status: Json = {
        "created_at": classic_time(tweet["created_at"]),
        "id": number_of(tweet["id"]),
        "id_str": tweet["id"],
        "text": tweet["text"],
        "source": SOURCE,
        "truncated": False,
        "in_reply_to_status_id": None,
        "in_reply_to_status_id_str": None,
        "in_reply_to_user_id": None,
        "in_reply_to_user_id_str": None,
        "in_reply_to_screen_name": None,
        "user": make_user(author),
        "geo": None,
        "coordinates": None,
        "place": None,
        "contributors": None,
        "is_quote_status": False,
        "quote_count": counts["quote_count"],
        "reply_count": counts["reply_count"],
        "retweet_count": counts["retweet_count"],
        "favorite_count": counts["like_count"],
        "entities": entities,
        "favorited": False,
        "retweeted": False,
        "lang": tweet["lang"],
    }
    if entities["urls"]:
        status["possibly_sensitive"] = tweet["possibly_sensitive"]
    if "withheld" in tweet:
        status["withheld_copyright"] = tweet["withheld"]["copyright"]
        status["withheld_in_countries"] = tweet["withheld"]["country_codes"]
        status["withheld_scope"] = "status"
    _cut(status, tweet["id"])
    return status


def _cut(status: Json, status_id: str) -> None:
    """Leave 140 characters of a long text, and put the whole into ``extended_tweet``."""
    text: str = status["text"]
    if len(text) <= COMPAT_CHARS or text.startswith("RT @"):
        return
    whole = status["entities"]
    kept = COMPAT_CHARS - _LINK_CHARS - 2
    link = f"https://t.example/{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"[
        :_LINK_CHARS
    ]
    status["text"] = f"{text[:kept]}… {link}"
    status["truncated"] = True
    status["display_text_range"] = [0, COMPAT_CHARS]
    status["extended_tweet"] = {
        "full_text": text,
        "display_text_range": [0, len(text)],
        "entities": whole,
    }
    status["entities"] = {
        kind: [item for item in items if item["indices"][1] <= kept]
        for kind, items in whole.items()
    }
    status["entities"]["urls"].append(
        {
            "url": link,
            "expanded_url": f"https://status.example/i/web/status/{status_id}",
            "display_url": "status.example/i/web/status/1…",
            "indices": [kept + 2, kept + 2 + len(link)],
        }
    )


def _refer(status: Json, post: Post, reference: dict[str, str]) -> None:
    """Add what a status answers, repeats or quotes."""
    kind, original_id = reference["type"], reference["id"]
    original = next((i.value for i in post.includes if i.value.get("id") == original_id), None)
    nested = None
    if original:
        nested = _status(original, _user(post, original["author_id"]), {})
    if kind == "replied_to" and original:
        author = _user(post, original["author_id"])
        status["in_reply_to_status_id"] = number_of(original_id)
        status["in_reply_to_status_id_str"] = original_id
        status["in_reply_to_user_id"] = number_of(author["id"])
        status["in_reply_to_user_id_str"] = author["id"]
        status["in_reply_to_screen_name"] = author["username"]
    elif kind == "retweeted" and nested:
        status["retweeted_status"] = nested
    elif kind == "quoted":
        status["is_quote_status"] = True
        status["quoted_status_id"] = number_of(original_id)
        status["quoted_status_id_str"] = original_id
        if nested:  # It is not there if its author hid it.
            status["quoted_status"] = nested
            status["quoted_status_permalink"] = _permalink(nested)


def _permalink(quoted: Json) -> dict[str, str]:
    """Return the link to a quoted status."""
    path = f"{quoted['user']['screen_name']}/status/{quoted['id_str']}"
    return {
        "url": f"https://t.example/q{quoted['id_str'][-9:]}",
        "expanded": f"https://status.example/{path}",
        "display": "status.example/made_up_…",
    }


def _add_place(status: Json, post: Post) -> None:
    """Say where a status comes from."""
    place = next((i.value for i in post.includes if i.kind == "places"), None)
    if not place:
        return
    west, south, east, north = place["geo"]["bbox"]
    corners = [[west, south], [west, north], [east, north], [east, south]]
    status["place"] = {
        "id": place["id"],
        "url": f"https://api.example/1.1/geo/id/{place['id']}.json",
        "place_type": place["place_type"],
        "name": place["name"],
        "full_name": place["full_name"],
        "country_code": place["country_code"],
        "country": place["country"],
        "bounding_box": {"type": "Polygon", "coordinates": [corners]},
        "attributes": {},
    }
    locate(status, *post.tweet["geo"]["coordinates"]["coordinates"])


def locate(status: Json, lon: float, lat: float) -> None:
    """Set a point: GeoJSON puts the longitude first, the older ``geo`` the latitude."""
    status["coordinates"] = {"type": "Point", "coordinates": [lon, lat]}
    status["geo"] = {"type": "Point", "coordinates": [lat, lon]}


def _add_media(status: Json, post: Post) -> None:
    """Put media where v1.1 has them: the first into the entities, all into the extended ones."""
    found = [make_media(i.value, len(status["text"])) for i in post.includes if i.kind == "media"]
    if not found:
        return
    home = status.get("extended_tweet", status)
    home["entities"] = {**home["entities"], "media": found[:1]}
    home["extended_entities"] = {"media": found}
    status["possibly_sensitive"] = post.tweet["possibly_sensitive"]


def _user(post: Post, user_id: str) -> User:
    """Find a person among what can be expanded."""
    return next(i.value for i in post.includes if i.kind == "users" and i.value["id"] == user_id)


def _names(post: Post) -> dict[str, str]:
    """Return the names of everybody around a post, by id."""
    return {i.value["id"]: i.value["name"] for i in post.includes if i.kind == "users"}
