"""What the properties of a tweet and its entities mean, in our words. Data only.

A key is the tail of a property's path: the longest tail that fits wins over shorter ones and over
what X's document says.
"""

from __future__ import annotations

# Private metrics that X's prose lists and its document leaves out.
_CLICKS = {
    "url_link_clicks": ("integer", "Clicks on links of the tweet. Only for its own author."),
    "user_profile_clicks": (
        "integer",
        "Clicks from the tweet to the author's profile. Only for its own author.",
    ),
}
EXTRA = {
    "tweets": {
        # X's document declares an object without properties; its name and its field list say text.
        "article_title": (
            "object or string",
            "Title of the long-form article this tweet publishes.",
        ),
    },
    "tweets.non_public_metrics": {
        **_CLICKS,
        "engagements": ("integer", "Interactions of any kind. Only for its own author."),
    },
    "tweets.organic_metrics": _CLICKS,
    "tweets.promoted_metrics": _CLICKS,
}

WORDS = {
    "tweets.article": "Long-form article this tweet publishes, as X sends it: free-form.",
    "tweets.attachments": "Keys and ids of what is attached; the things themselves are in `media` "
    "and `polls`.",
    "attachments.media_keys": "Keys of the attached media, see `media.media_key`.",
    "attachments.media_source_tweet_id": "Ids of the tweets the attached media was first posted "
    "in, when it was reused.",
    "attachments.poll_ids": "Ids of the attached polls, see `polls.id`.",
    "tweets.author_id": "Id of the account that wrote the tweet, see `users.id`.",
    "tweets.card_uri": "URI of the card (link preview, poll, app) shown under the tweet.",
    "tweets.community_id": "Id of the Community the tweet was posted in, if any.",
    "tweets.context_annotations": "Topics X inferred from the tweet. The same pair may occur more "
    "than once.",
    "context_annotations.domain": "Broad category of the topic.",
    "context_annotations.entity": "Specific thing recognised within the category.",
    "domain.description": "What the category covers.",
    "domain.id": "Id of the category.",
    "domain.name": "Name of the category.",
    "entity.description": "What the recognised thing is.",
    "entity.id": "Id of the recognised thing.",
    "entity.name": "Name of the recognised thing.",
    "tweets.conversation_id": "Id of the tweet that started the thread; equals `id` on that tweet.",
    "tweets.created_at": "When the tweet was posted, UTC. X sends milliseconds as .000; the id "
    "holds the real ones.",
    "tweets.display_text_range": "Start (inclusive) and end (exclusive) of the part of `text` that "
    "is shown, without leading mentions and trailing links. Offsets count Unicode code points.",
    "tweets.edit_controls": "Whether and for how long the author may still edit the tweet.",
    "edit_controls.editable_until": "When editing ends, UTC.",
    "edit_controls.edits_remaining": "How many edits are left.",
    "edit_controls.is_edit_eligible": "Whether the tweet was editable when posted.",
    "tweets.edit_history_tweet_ids": "Ids of all versions of the tweet, oldest first. The first "
    "one groups the versions; absent before late September 2022.",
    "tweets.entities": "Hashtags, mentions, links and more found in `text`. Absent, not empty, "
    "when nothing was found. Offsets count Unicode code points.",
    "annotations": "Named things X recognised in the text. Here `end` is inclusive, "
    "unlike in every other entity.",
    "annotations.end": "Offset of the last character, inclusive.",
    "annotations.normalized_text": "The recognised text.",
    "annotations.probability": "Confidence of the recognition, 0 to 1.",
    "annotations.type": "Kind of the thing, for example Person, Place, Organization.",
    "cashtags": "Ticker symbols such as $ABC.",
    "cashtags.tag": "The symbol without its dollar sign.",
    "hashtags": "Hashtags.",
    "hashtags.tag": "The hashtag without its number sign.",
    "mentions": "Accounts mentioned with @.",
    "mentions.id": "Id of the mentioned account; absent when X cannot resolve it.",
    "mentions.username": "Handle of the mentioned account without @, as written.",
    "urls": "Links, and the links that stand for attached media.",
    "urls.description": "Description of the linked page, if X fetched it.",
    "urls.display_url": "The link as shown, shortened and without scheme.",
    "urls.expanded_url": "The link as the author wrote it.",
    "urls.images": "Preview images of the linked page.",
    "images.height": "Height in pixels.",
    "images.url": "Address of the preview image.",
    "images.width": "Width in pixels.",
    "urls.media_key": "Key of the attached media the link stands for, see `media.media_key`.",
    "urls.status": "HTTP status X got when it followed the link.",
    "urls.title": "Title of the linked page, if X fetched it.",
    "urls.unwound_url": "Where the link leads after all redirects.",
    "urls.url": "The shortened t.co link that stands in the text.",
    "start": "Offset of the first character, inclusive.",
    "end": "Offset after the last character, exclusive.",
    "tweets.geo": "Where the author says the tweet was posted. Rare: most tweets carry none.",
    "geo.coordinates": "Exact point, as GeoJSON.",
    "coordinates.coordinates": "[longitude, latitude] in degrees: longitude first.",
    "coordinates.type": "GeoJSON type, Point.",
    "geo.place_id": "Id of the tagged place, see `places.id`.",
    "tweets.id": "Id of the tweet, a snowflake: its upper bits are the time of posting. A string, "
    "because it exceeds what many tools hold as a number.",
    "tweets.in_reply_to_user_id": "Id of the account this tweet answers. Absent if it is no reply.",
    "tweets.lang": "Language X detected, mostly BCP 47; also `und` (unknown) and X's own codes "
    "such as `qme` (media only) or `zxx` (no language).",
    "tweets.matched_media_notes": "Community Notes that match media of the tweet.",
    "matched_media_notes.match_status": "State of the match.",
    "matched_media_notes.note_id": "Id of the matching note.",
    "tweets.media_metadata": "What the author said about each attached medium.",
    "media_metadata.alt_text": "Text for people who cannot see the medium.",
    "media_metadata.description": "Description of the medium.",
    "media_metadata.media_key": "Key of the medium, see `media.media_key`.",
    "media_metadata.title": "Title of the medium.",
    "tweets.non_public_metrics": "Counts only the author may see. Never sent to an app-only token.",
    "tweets.note_tweet": "Full content of a long tweet (over 280 characters). When present, `text` "
    "is cut and this is the tweet.",
    "note_tweet.entities": "Entities of the full text. Offsets refer to the text beside it.",
    "note_tweet.text": "The full text.",
    "tweets.note_request_suggestions": "Suggestions of readers who asked for a Community Note.",
    "note_request_suggestions.source_link": "Source the reader proposed.",
    "note_request_suggestions.suggestion": "Text of the suggestion.",
    "note_request_suggestions.suggestion_id": "Id of the suggestion.",
    "tweets.organic_metrics": "Counts outside paid promotion. Only for the author; never sent to "
    "an app-only token.",
    "tweets.paid_partnership": "Whether the author disclosed the tweet as paid promotion.",
    "tweets.possibly_sensitive": "Whether a link or medium is marked as sensitive.",
    "tweets.promoted_metrics": "Counts from paid promotion. Only for the author; never sent to an "
    "app-only token.",
    "tweets.public_metrics": "Public counts at delivery: about zero for a tweet that was just "
    "posted. Look the tweet up later for real figures.",
    "bookmark_count": "Bookmarks at delivery. Absent in older payloads.",
    "tweets.public_metrics.impression_count": "Views at delivery. May exceed 32 bits; "
    "absent in older payloads.",
    "impression_count": "Views. May exceed 32 bits.",
    "tweets.public_metrics.like_count": "Likes at delivery.",
    "organic_metrics.like_count": "Likes outside paid promotion.",
    "promoted_metrics.like_count": "Likes from paid promotion.",
    "quote_count": "Tweets quoting this one at delivery.",
    "tweets.public_metrics.reply_count": "Replies at delivery.",
    "organic_metrics.reply_count": "Replies outside paid promotion.",
    "promoted_metrics.reply_count": "Replies from paid promotion.",
    "organic_metrics.retweet_count": "Retweets outside paid promotion.",
    "promoted_metrics.retweet_count": "Retweets from paid promotion.",
    "tweets.public_metrics.retweet_count": "Retweets at delivery (X's newer name: "
    "`repost_count`). On a retweet it is the figure of the original.",
    "tweets.referenced_tweets": "Tweets this one refers to; two entries when a reply also quotes. "
    "The tweets themselves are in the stream `referenced_tweets`.",
    "referenced_tweets.id": "Id of the tweet referred to. It may be deleted or protected.",
    "referenced_tweets.type": "`retweeted`, `quoted` or `replied_to`.",
    "tweets.reply_settings": "Who may answer: `everyone`, `mentionedUsers`, `following`, "
    "`subscribers`, `verified`, or what X adds.",
    "tweets.scopes": "Limits on who can see the tweet.",
    "scopes.followers": "Whether only the author's followers can see the tweet.",
    "tweets.source": "Name of the app that posted the tweet. X stopped sending it in December "
    "2022.",
    "tweets.suggested_source_links": "Links readers suggested as sources for a Community Note: "
    "strings, or link objects in X's older document.",
    "tweets.suggested_source_links_with_counts": "Suggested source links and how often each was "
    "suggested: a list, or one object in X's older document.",
    "suggested_source_links_with_counts.count": "How often the link was suggested.",
    "suggested_source_links_with_counts.url": "The suggested link: a string, or a link object in "
    "X's older document.",
    "suggested_source_links.description": "Description of the suggested page.",
    "suggested_source_links.display_url": "The suggested link as shown.",
    "suggested_source_links.expanded_url": "The suggested link as written.",
    "suggested_source_links.images": "Preview images of the suggested page.",
    "suggested_source_links.media_key": "Key of the medium the link stands for.",
    "suggested_source_links.status": "HTTP status X got when it followed the link.",
    "suggested_source_links.title": "Title of the suggested page.",
    "suggested_source_links.unwound_url": "Where the link leads after all redirects.",
    "suggested_source_links.url": "The shortened t.co link.",
    "url.description": "Description of the suggested page.",
    "url.display_url": "The suggested link as shown.",
    "url.expanded_url": "The suggested link as written.",
    "url.images": "Preview images of the suggested page.",
    "url.media_key": "Key of the medium the link stands for.",
    "url.status": "HTTP status X got when it followed the link.",
    "url.title": "Title of the suggested page.",
    "url.unwound_url": "Where the link leads after all redirects.",
    "url.url": "The shortened t.co link.",
    "tweets.text": "Text of the tweet, with `&`, `<` and `>` HTML-escaped. The text of a retweet "
    "is cut after about 140 characters: the whole is in `referenced_tweets`. Long tweets are "
    "cut too, see `note_tweet`.",
    "tweets.username": "Handle of the author without @. In X's document, seldom sent.",
    "tweets.withheld": "Where the tweet is hidden by legal demand.",
    "withheld.copyright": "Whether the reason is a copyright claim.",
    "withheld.country_codes": "Two-letter codes of the countries it is hidden in; `XX` means "
    "everywhere, `XY` a copyright claim.",
    "withheld.scope": "What is hidden: the tweet (`tweet`, `post`) or the account (`user`).",
}
