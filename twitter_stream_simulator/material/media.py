"""Invented pictures, films, places and polls, as v2 ``includes`` objects with all their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.material import words

if TYPE_CHECKING:
    import random

# Prefix of a media key by kind, as seen on X: 3 photo, 7 video, 16 animated GIF.
MEDIA_KINDS = ((3, "photo"), (3, "photo"), (7, "video"), (16, "animated_gif"))
FIRST_MEDIA_ID = 1_700_000_000_000_000_000


def make_media(chance: random.Random, kind: str = "") -> dict[str, Any]:
    """Return one picture or film, of a kind if one is named."""
    kinds = [one for one in MEDIA_KINDS if kind in {"", one[1]}]
    prefix, kind = chance.choice(kinds)
    number = FIRST_MEDIA_ID + chance.getrandbits(50)
    media: dict[str, Any] = {
        "media_key": f"{prefix}_{number}",
        "type": kind,
        "width": chance.choice((640, 1200, 2048)),
        "height": chance.choice((480, 675, 1536)),
        "public_metrics": {"view_count": chance.randint(0, 5000)},
    }
    if chance.getrandbits(1):
        media["alt_text"] = f"A drawing: {chance.choice(chance.choice(words.PHRASES)[1])}"
    if kind == "photo":
        return {**media, "url": f"https://pbs.example/media/{number}.jpg"}
    media["preview_image_url"] = f"https://pbs.example/previews/{number}.jpg"
    media["variants"] = _variants(number, kind)
    if kind == "video":
        media["duration_ms"] = chance.randint(500, 140_000)
    return media


def _variants(number: int, kind: str) -> list[dict[str, Any]]:
    """Return the encodings of a film; a playlist has no bit rate and a GIF has zero."""
    film = {"content_type": "video/mp4", "url": f"https://video.example/{number}/720.mp4"}
    if kind == "animated_gif":
        return [{**film, "bit_rate": 0}]
    playlist = {
        "content_type": "application/x-mpegURL",
        "url": f"https://video.example/{number}/pl.m3u8",
    }
    return [{**film, "bit_rate": 2_176_000}, playlist]


def make_place(chance: random.Random, wanted: str = "") -> dict[str, Any]:
    """Return one place with its box; the identifier follows from the name.

    ``wanted`` may be an id, a name, or the code of a country.
    """
    known = [place for place in words.PLACES if wanted.lower() in _names(place)]
    name, full_name, country, code = chance.choice(known or words.PLACES)
    west, south = round(chance.uniform(-170, 170), 4), round(chance.uniform(-80, 80), 4)
    return {
        "id": f"{words.PLACES.index((name, full_name, country, code)) + 1:016x}",
        "name": name,
        "full_name": full_name,
        "country": country,
        "country_code": code,
        "place_type": "city",
        "geo": {
            "type": "Feature",
            "bbox": [west, south, round(west + 0.25, 4), round(south + 0.25, 4)],
            "properties": {},
        },
    }


def _names(place: tuple[str, str, str, str]) -> tuple[str, ...]:
    """Return all by which a place can be asked for; the empty text means any place."""
    identifier = f"{words.PLACES.index(place) + 1:016x}"
    return ("", identifier, *(name.lower() for name in place))


def make_poll(chance: random.Random, end_datetime: str) -> dict[str, Any]:
    """Return one open poll of two to four options."""
    options = [
        {"position": position, "label": chance.choice(words.ENTITIES), "votes": 0}
        for position in range(1, chance.randint(3, 5))
    ]
    return {
        "id": str(FIRST_MEDIA_ID + chance.getrandbits(48)),
        "options": options,
        "duration_minutes": 60,
        "end_datetime": end_datetime,
        "voting_status": "open",
    }
