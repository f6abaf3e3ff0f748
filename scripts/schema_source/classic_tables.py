"""Stream of v1.1 statuses. Written by hand, data only: X publishes no schema of them."""

from __future__ import annotations

from scripts.schema_source.render import Member, Table

_ID = "X's number of the same thing, as text. Take {}: software on the way may have rounded this."
_AT = "in X's old style: `Wed Oct 10 20:19:24 +0000 2018`, UTC."
_STATUS: dict[str, tuple[str, str]] = {
    "id_str": ("string", "Id of the status."),
    "id": ("string", _ID.format("`id_str`")),
    "created_at": ("string", f"When it was posted, {_AT}"),
    "text": ("string", "Text as X sent it, cut in long statuses and in most retweets."),
    "full_text": (
        "string",
        (
            "The whole text, wherever X put it. Of a retweet: `RT @name: ` and the whole text that "
            "was repeated. `&amp;`, `&lt;` and `&gt;` stay as X escapes them."
        ),
    ),
}
_USER = {
    "id_str": ("string", "Id of the account."),
    "id": ("string", _ID.format("`id_str`")),
    "screen_name": ("string", "Handle, without the at sign."),
    "name": ("string", "Name as shown."),
    "created_at": ("string", f"When the account was made, {_AT}"),
    "description": ("string", "Text of the profile."),
    "location": ("string", "Place the profile names, in the user's own words."),
    "url": ("string", "Link of the profile, shortened by X."),
    "protected": ("boolean", "Whether only followers see what the account posts."),
    "verified": ("boolean", "Whether the account had the badge of the time."),
    "followers_count": ("integer", "Followers. Counts may be 0 under load, and even negative."),
    "friends_count": ("integer", "Accounts that it follows."),
    "listed_count": ("integer", "Lists that name it."),
    "favourites_count": ("integer", "Likes it has given."),
    "statuses_count": ("integer", "Statuses it has posted."),
    "default_profile": ("boolean", "Whether the profile's look was never changed."),
    "default_profile_image": ("boolean", "Whether the account has no picture of its own."),
    "profile_image_url_https": ("string", "Address of the picture."),
    "profile_banner_url": ("string", "Address of the banner, absent if there is none."),
    "translator_type": ("string", "Role among X's volunteer translators."),
    "withheld_in_countries": ("strings", "Countries in which X hides the account."),
    "withheld_scope": ("string", "What is hidden: `status` or `user`."),
    "derived": ("object", "What enterprise products add: places guessed from the profile."),
}
_MEMBERS: dict[str, Member] = {
    **_STATUS,
    "timestamp_ms": ("string", "When it was posted, in milliseconds since 1970. Streams only."),
    "user": ("object", "The author as the account was at that moment.", _USER),
    "lang": ("string", "Language X found in the text, `und` if none."),
    "source": ("string", "Application that posted it, as a link in HTML."),
    "truncated": ("boolean", "Whether `text` is cut; `full_text` is whole either way."),
    "extended_tweet": (
        "object",
        "What did not fit into the classic form of a long status.",
        {
            "full_text": ("string", "The whole text."),
            "display_text_range": ("integers", "First and last code point of what is shown."),
            "entities": ("object", "Entities of the whole text."),
            "extended_entities": ("object", "All media of the whole text."),
        },
    ),
    "display_text_range": ("integers", "First and last code point of what is shown."),
    "in_reply_to_status_id_str": ("string", "Status that it answers."),
    "in_reply_to_status_id": ("string", _ID.format("`in_reply_to_status_id_str`")),
    "in_reply_to_user_id_str": ("string", "Author of the status that it answers."),
    "in_reply_to_user_id": ("string", _ID.format("`in_reply_to_user_id_str`")),
    "in_reply_to_screen_name": ("string", "Handle of that author."),
    "coordinates": (
        "object",
        "Where it was posted, as GeoJSON.",
        {
            "type": ("string", "`Point`."),
            "coordinates": ("numbers", "Longitude, then latitude."),
        },
    ),
    "geo": (
        "object",
        "The older form of `coordinates`, the other way round.",
        {
            "type": ("string", "`Point`."),
            "coordinates": ("numbers", "Latitude, then longitude."),
        },
    ),
    "place": (
        "object",
        "Place that the author chose; need not be where the author was.",
        {
            "id": ("string", "Id of the place."),
            "url": ("string", "Address of X's data on it."),
            "place_type": ("string", "For example `city`, `admin` or `poi`."),
            "name": ("string", "Short name."),
            "full_name": ("string", "Name with what the place lies in."),
            "country_code": ("string", "Country, in two letters."),
            "country": ("string", "Name of the country."),
            "bounding_box": ("object", "Polygon around it, longitude before latitude."),
            "attributes": ("object", "Whatever else X knows of it."),
        },
    ),
    "is_quote_status": ("boolean", "Whether it quotes another, which may be gone."),
    "quoted_status_id_str": ("string", "Status that it quotes."),
    "quoted_status_id": ("string", _ID.format("`quoted_status_id_str`")),
    "quoted_status_permalink": ("object", "Links to the quoted status."),
    "quoted_status": ("object", "The quoted status, whole.", _STATUS),
    "retweeted_status": ("object", "The status that it repeats, whole.", _STATUS),
    "quote_count": ("integer", "Quotes so far. Enterprise products only."),
    "reply_count": ("integer", "Answers so far. Enterprise products only."),
    "retweet_count": ("integer", "Retweets so far; 0 for what was just posted."),
    "favorite_count": ("integer", "Likes so far; 0 for what was just posted."),
    "entities": ("object", "Hashtags, links, mentions, symbols, polls and the first photo."),
    "extended_entities": ("object", "All photos, or the video or GIF."),
    "favorited": ("boolean", "Whether the app's user has liked it."),
    "retweeted": ("boolean", "Whether the app's user has retweeted it."),
    "possibly_sensitive": ("boolean", "Whether its links may lead to sensitive content."),
    "filter_level": ("string", "`none`, `low` or `medium`. Streams only."),
    "matching_rules": (
        "rows",
        "Rules that it matched. Enterprise products only.",
        {
            "id_str": ("string", "Id of the rule."),
            "id": ("string", _ID.format("`id_str`")),
            "tag": ("string", "Label of the rule."),
        },
    ),
    "scopes": ("object", "Who was meant to see it."),
    "withheld_copyright": ("boolean", "Whether a copyright claim hides it."),
    "withheld_in_countries": (
        "strings",
        "Countries in which it is hidden; `XX` is all of them, `XY` a copyright claim.",
    ),
    "withheld_scope": ("string", "What is hidden: `status` or `user`."),
    "edit_history": ("object", "Ids of all versions of an edited status."),
    "edit_controls": ("object", "Until when and how often it can be edited."),
}

TABLES = {
    "statuses": Table(
        title="Statuses",
        description="Posts in the form of API v1.1: from classic streams, Powerstream and "
        "archives. Quoted and retweeted statuses stay inside.",
        keys=("id_str",),
        members=_MEMBERS,
    ),
}
