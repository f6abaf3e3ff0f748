"""Entities and media as v1.1 shows them: v2 objects in, v1.1's out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twitter_stream_simulator.generation.classic_people import number_of

if TYPE_CHECKING:
    from twitter_stream_simulator.material.drafts import Json


def make_entities(entities: Json, names: dict[str, str]) -> Json:
    """Return the entities of a text; empty lists are there, other than in v2."""
    return {
        "hashtags": [
            {"text": tag["tag"], "indices": _place(tag)} for tag in entities.get("hashtags", ())
        ],
        "urls": [
            {
                "url": link["url"],
                "expanded_url": link["expanded_url"],
                "display_url": link["display_url"],
                "indices": _place(link),
            }
            for link in entities.get("urls", ())
        ],
        "user_mentions": [
            {
                "screen_name": user["username"],
                "name": names.get(user["id"], user["username"]),
                "id": number_of(user["id"]),
                "id_str": user["id"],
                "indices": _place(user),
            }
            for user in entities.get("mentions", ())
        ],
        "symbols": [],
    }


def make_media(media: Json, at: int) -> Json:
    """Return one picture or film; its link is not part of the text, which ends at ``at``."""
    media_id = media["media_key"].partition("_")[2]
    picture = str(media.get("url", media.get("preview_image_url")))
    size = {"w": media["width"], "h": media["height"], "resize": "fit"}
    shown: Json = {
        "id": number_of(media_id),
        "id_str": media_id,
        "indices": [at, at],
        "media_url": picture.replace("https", "http"),
        "media_url_https": picture,
        "url": f"https://t.example/m{media_id[-9:]}",
        "display_url": f"pic.example/{media_id[-9:]}",
        "expanded_url": f"https://status.example/media/{media_id}",
        "type": media["type"],
        "sizes": dict.fromkeys(("small", "medium", "large"), size),
    }
    if "alt_text" in media:
        shown["ext_alt_text"] = media["alt_text"]
    if "variants" in media:
        shown["video_info"] = _film(media)
    return shown


def _film(media: Json) -> Json:
    """Return the encodings of a film."""
    variants = [
        {"bitrate" if key == "bit_rate" else key: value for key, value in variant.items()}
        for variant in media["variants"]
    ]
    film: Json = {"aspect_ratio": [media["width"], media["height"]], "variants": variants}
    return {**film, "duration_millis": media["duration_ms"]} if "duration_ms" in media else film


def _place(entity: Json) -> list[int]:
    return [entity["start"], entity["end"]]
