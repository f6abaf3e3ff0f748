"""Every setting in one place: its JSON type, bounds, default and description. Only data.

`settings/` checks and defaults by this table, `--about` prints it, README and meltano.yml are
compared with it. The SDK adds its own settings to a copy, never to this one.
"""

from __future__ import annotations

from typing import Any

from tap_twitter_stream.wire.endpoints import ENDPOINTS

MIB = 1024 * 1024
API_URL = "https://api.x.com"

# What an app-only token may ask for. Left out are the fields that need the author's own consent:
# they cost one error entry in every message. Checked against X's OpenAPI 2.167.
TWEET_FIELDS = (
    "article attachments author_id card_uri community_id context_annotations conversation_id"
    " created_at display_text_range edit_controls edit_history_tweet_ids entities geo id"
    " in_reply_to_user_id lang matched_media_notes media_metadata note_request_suggestions"
    " note_tweet paid_partnership possibly_sensitive public_metrics referenced_tweets"
    " reply_settings scopes source suggested_source_links suggested_source_links_with_counts"
    " text withheld"
)
USER_FIELDS = (
    "affiliation created_at description entities id is_identity_verified location"
    " most_recent_tweet_id name parody pinned_tweet_id profile_banner_url profile_image_url"
    " protected public_metrics subscription url username verified verified_followers_count"
    " verified_type withheld"
)
MEDIA_FIELDS = (
    "alt_text duration_ms height media_key preview_image_url public_metrics type url variants width"
)
PLACE_FIELDS = "contained_within country country_code full_name geo id name place_type"
POLL_FIELDS = "duration_minutes end_datetime id options voting_status"
EXPANSIONS = (
    "article.cover_media article.media_entities attachments.media_keys"
    " attachments.media_source_tweet attachments.poll_ids author_id edit_history_tweet_ids"
    " entities.mentions.username entities.note.mentions.username geo.place_id"
    " in_reply_to_user_id referenced_tweets.id referenced_tweets.id.attachments.media_keys"
    " referenced_tweets.id.author_id"
)
FIELD_LISTS = (
    *("tweet_fields", "user_fields", "media_fields", "place_fields", "poll_fields"),
    "expansions",
)
CREDENTIALS = (
    *("bearer_token", "consumer_key", "consumer_secret"),
    *("access_token", "access_token_secret"),
)
PRIVATE_FIELDS = (
    "non_public_metrics organic_metrics promoted_metrics confirmed_email connection_status"
    " receives_your_dm subscription_type"
)
# Settings that the SDK reads and documents itself.
SDK_SETTINGS = (
    "stream_maps stream_map_config faker_config flattening_enabled flattening_max_depth"
    " flattening_max_key_length flattening_separator"
)


def _one(json_type: str, description: str, **more: object) -> dict[str, Any]:
    return {"type": [json_type, "null"], "description": description, **more}


def _text(description: str, **more: object) -> dict[str, Any]:
    return _one("string", description, **more)


def _secret(description: str) -> dict[str, Any]:
    return _text(description, secret=True, writeOnly=True)


def _whole(description: str, minimum: int, **more: object) -> dict[str, Any]:
    return _one("integer", description, minimum=minimum, **more)


def _seconds(description: str, minimum: float, **more: object) -> dict[str, Any]:
    return _one("number", description, minimum=minimum, **more)


def _choice(description: str, *values: str, default: str | None = None) -> dict[str, Any]:
    return _text(description, enum=[*values, None], **({"default": default} if default else {}))


def _names(description: str, known: str) -> dict[str, Any]:
    items = {"type": ["string"]}
    return _one("array", description, items=items, default=known.split())


def _list(description: str, *kinds: str) -> dict[str, Any]:
    return {
        "type": ["array", "string", "null"],
        "description": description,
        "items": {"type": [*kinds]},
    }


_AUTH = {
    "bearer_token": _secret(
        "App-only bearer token of the X app. Give this, or consumer_key and consumer_secret."
    ),
    "consumer_key": _secret("API key of the X app; with consumer_secret it buys a bearer token."),
    "consumer_secret": _secret("API key secret of the X app."),
    "access_token": _secret(
        "Token of a user, for the v1.1 endpoints; with access_token_secret and both consumer"
        " settings it signs their requests."
    ),
    "access_token_secret": _secret("Secret of that token."),
}
_WHAT = {
    "endpoints": _one(
        "array",
        "Streams of X to hold open, any of those in the table of endpoints, several at once too:"
        " filtered (what your rules match), sample (1 % of all posts), and so on.",
        items={"type": ["string"], "enum": [*ENDPOINTS]},
        default=["filtered"],
        examples=[["filtered"], ["filtered", "sample"]],
    ),
    "partitions": _one(
        "object",
        "Partitions to read, by endpoint; each is a connection of its own. Default: all of them.",
        properties={
            spec.name: {
                "type": ["array", "null"],
                "description": f"Partitions of {spec.name} to read, from 1.",
                "items": {"type": ["integer"], "minimum": 1, "maximum": spec.partitions_total},
            }
            for spec in ENDPOINTS.values()
            if spec.partitions_total
        },
        required=[],
        examples=[{"sample10": [1]}],
    ),
    "redundant_connections": _whole(
        "Connections to hold open to each endpoint and partition. With 2, one may break without a"
        " gap; the plan must allow it, and each counts towards X's limit of connects.",
        1,
        maximum=2,
        default=1,
    ),
    "tweet_fields": _names(
        "Fields of posts to ask for. Fewer fields mean fewer bytes and earlier delivery.",
        TWEET_FIELDS,
    ),
    "user_fields": _names("Fields of users to ask for.", USER_FIELDS),
    "media_fields": _names("Fields of photos, videos and GIFs to ask for.", MEDIA_FIELDS),
    "place_fields": _names("Fields of places to ask for.", PLACE_FIELDS),
    "poll_fields": _names("Fields of polls to ask for.", POLL_FIELDS),
    "expansions": _names(
        "Objects to deliver beside each post. Without an expansion its stream stays empty.",
        EXPANSIONS,
    ),
    "backfill_minutes": _whole(
        "Minutes that X sends again at each connect. Enterprise plans only; others must keep 0.",
        0,
        maximum=5,
        default=0,
    ),
}
_ARCHIVE = {
    "archive_paths": _one(
        "array",
        "What the endpoint archive reads instead of a stream: files, folders and globs. Lines of"
        " v2 or v1.1 streams, or what twarc2 wrote; plain, gzip, bz2, xz, zstd, tar or zip.",
        items={"type": ["string"]},
        examples=[["/data/twitter-stream-2021-01/", "/data/twarc/*.jsonl.gz"]],
    ),
}
_RULES = {
    "rules": _one(
        "array",
        "Rules of the filtered stream. The tag is yours; rules_tag_prefix is put before it at X.",
        items={
            "type": ["object"],
            "properties": {
                "value": {"type": ["string"], "description": "The rule in X's rule language."},
                "tag": {"type": ["string", "null"], "description": "Label given back per match."},
            },
            "required": ["value"],
        },
        examples=[[{"value": "cat has:images -is:retweet", "tag": "cats"}]],
    ),
    "rules_policy": _choice(
        "sync: add and delete so that the owned rules at X equal `rules`. check: change nothing,"
        " report each difference. ignore: use whatever rules X has. Default: sync when `rules` is"
        " given, else ignore.",
        *("sync", "check", "ignore"),
    ),
    "rules_tag_prefix": _text(
        "Marks our rules: a rule is ours if and only if its tag starts with this. Needed for sync;"
        " choose another one for each tap that shares the X app.",
        examples=["my-team:"],
    ),
    "foreign_rule_matches": _choice(
        "What to do with posts that only rules of others matched; X bills them all the same.",
        *("emit", "drop"),
        default="emit",
    ),
}
_CLASSIC = {
    "statuses_filter": _one(
        "object",
        "What statuses_filter asks for: posts that contain one of track, come from one of follow"
        " or lie in one of locations. tweepy's comma strings are taken too.",
        properties={
            "track": _list("Phrases of at most 60 bytes; a space means and.", "string"),
            "follow": _list("Numbers of accounts.", "string", "integer"),
            "locations": _list(
                "Boxes: longitude and latitude of the south-west corner, then of the north-east"
                " one; four numbers each.",
                "number",
            ),
            "language": _list("Languages to keep, as BCP 47 codes.", "string"),
            "filter_level": _choice("Least level to keep.", "none", "low", "medium"),
            "stall_warnings": _one("boolean", "Ask X to say when the reader falls behind."),
            "delimited": _choice("Have X write each message's length before it.", "length"),
        },
        required=[],
        examples=[{"track": ["cat", "small dog"], "language": ["en"]}],
    ),
}
_WINDOW = {
    "max_run_seconds": _seconds("End the run after this time. Default: run until stopped.", 1),
    "idle_exit_seconds": _seconds("End the run when no post came for this long.", 1),
    "max_records": _whole("End the run after this many posts. X bills each post delivered.", 1),
    "max_bytes": _whole("End the run after this many bytes from X, counted unpacked.", 1),
    "stop_at": _text(
        "End the run at this instant, RFC 3339 with offset.",
        format="date-time",
        examples=["2027-01-05T10:00:00Z"],
    ),
    "align_stop_to_seconds": _whole(
        "End the run at the next multiple of this on the UTC clock (3600: at the full hour).",
        1,
        maximum=86_400,
    ),
    "shutdown_grace_seconds": _seconds(
        "Longest time to drain what was received once a stop was asked for.", 0, default=8
    ),
}
_GAPS = {
    "gap_fill": _one(
        "array",
        "Ways to get what was missed, tried in this order. backfill: X sends the last minutes again"
        " at a reconnect; recovery: X delivers a past interval of up to 24 hours on a second"
        " connection (both enterprise plans only). search: recent search for each rule of the"
        " filtered stream, seven days back, billed per post. Default: none.",
        items={"type": ["string"], "enum": ["backfill", "recovery", "search"]},
        default=[],
        examples=[["search"], ["backfill", "recovery", "search"]],
    ),
    "gap_fill_max_cost_usd": _one(
        "number",
        "Most that searching for what was missed may cost in one run; the price is asked for"
        " first.",
        minimum=0,
        default=1,
    ),
    "count_idle_time_as_gap": _one(
        "boolean",
        "Take the time between two runs for a gap, and fill it too. For windows back to back.",
        default=False,
    ),
    "price_per_post_usd": _one(
        "number", "What X bills for a post on your plan, for estimates.", minimum=0, default=0.005
    ),
}
_SPOOL = {
    "spool_dir": _text(
        "Directory of the event log. Set it, and what was received survives a crash of the process."
    ),
    "spool_max_bytes": _whole(
        "Size at which reading from X pauses because the target is behind. Default: 4 GiB with"
        " spool_dir, else 256 MiB.",
        MIB,
    ),
    "spool_fsync_ms": _whole("Longest time received bytes may wait for an fsync.", 1, default=200),
    "spool_retention_seconds": _seconds(
        "How long to keep what was emitted and no STATE has acknowledged yet.", 0, default=86_400
    ),
    "spool_without_state": _choice(
        "A run without STATE finds an old spool: replay emits all of it, discard starts afresh.",
        *("replay", "discard"),
        default="replay",
    ),
}
_OUTPUT = {
    "state_interval_seconds": _seconds("Time between two STATE messages.", 0.1, default=10),
    "fast_path": _choice(
        "auto: streams without maps and flattening bypass the SDK's record path. off: none does.",
        *("auto", "off"),
        default="auto",
    ),
    "nested_values": _choice(
        "keep: objects and arrays stay what they are. text: they become columns of JSON text, and"
        " fields without a column go to _unknown_fields; for targets that cannot nest.",
        *("keep", "text"),
        default="keep",
    ),
    "raw_messages": _one(
        "boolean", "Also fill the stream raw_messages with each line as received.", default=False
    ),
    "dedupe_window_seconds": _seconds(
        "How long a post's id is remembered to drop its duplicates; 0 turns that off.",
        0,
        default=3_600,
    ),
    "dedupe_max_ids": _whole("Most ids to remember, about 120 bytes each.", 1, default=200_000),
    "progress": _choice(
        "Progress line on stderr; auto shows it on a terminal only.",
        *("auto", "off", "on"),
        default="auto",
    ),
}
_FILES = {
    "batch_config": _one(
        "object",
        "Write Parquet files instead of RECORD messages, and a BATCH message for what each seal has"
        " added; needs the extra `parquet`. In the shape of the SDK.",
        properties={
            "encoding": _one(
                "object",
                "How a file is written.",
                properties={
                    "format": _text("parquet; nothing else is written.", enum=["parquet"]),
                    "compression": _choice(
                        "Of the pages inside. Default: zstd.", "zstd", "gzip", "snappy", "none"
                    ),
                },
                required=["format"],
            ),
            "storage": _one(
                "object",
                "Where the files go.",
                properties={
                    "root": _text("A folder, or an address that fsspec knows: s3://bucket/folder."),
                    "prefix": _text("Put before each stream's folder."),
                    "params": _one(
                        "object", "Options of fsspec's file system.", properties={}, required=[]
                    ),
                },
                required=["root"],
            ),
            "batch_size": _whole("Rows at which a file is closed. Default: 1,000,000.", 1),
        },
        required=["encoding", "storage"],
        examples=[
            {"encoding": {"format": "parquet"}, "storage": {"root": "~/captures"}},
        ],
    ),
    "parquet_seal_seconds": _seconds(
        "Longest time until what was received is in a file in its place, and a STATE covers it.",
        1,
        default=300,
    ),
    "parquet_file_bytes": _whole(
        "Size at which a file is closed; all others are closed with it.",
        MIB,
        default=128 * MIB,
    ),
    "parquet_buffer_bytes": _whole(
        "Memory for rows that are in no file yet. Less of it makes smaller row groups.",
        8 * MIB,
        default=64 * MIB,
    ),
}
_NETWORK = {
    "api_url": _text("Where X's API is.", default=API_URL),
    "stream_url": _text(
        "Where the streams are. Default: api_url; X's own host of v1.1 for its endpoints."
    ),
    "stall_timeout_seconds": _seconds(
        "Reconnect when not one byte came for this long. Default: 45, as X sends a sign of life"
        " every 20 s; 90 on v1.1, where it does every 30 s.",
        21,
    ),
    "connect_timeout_seconds": _seconds("Longest time to open a connection.", 1, default=10),
    "max_retries": _whole("Failed connects in a row that end the run. Default: never give up.", 0),
    "proxy": {
        **_secret("HTTP proxy, for example http://proxy.example:3128."),
        "examples": ["http://proxy.example:3128"],
    },
    "ca_bundle": _text("File with the certificates to trust instead of the bundled ones."),
    "user_agent": _text("Sent as User-Agent. Default: the tap's name and version."),
    "kill_ghost_connections": _one(
        "boolean",
        "When X says that there are too many connections, end those it still counts for the app on"
        " that endpoint and that this run does not hold: also another program's.",
        default=False,
    ),
    "max_line_bytes": _whole(
        "A longer line goes to dead_letters.", 65_536, maximum=256 * MIB, default=4 * MIB
    ),
}
GROUPS = (
    *(_AUTH, _WHAT, _ARCHIVE, _RULES, _CLASSIC, _WINDOW, _GAPS, _SPOOL, _OUTPUT),
    *(_FILES, _NETWORK),
)

SETTINGS_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        name: {"title": name.replace("_", " ").capitalize(), **schema}
        for group in GROUPS
        for name, schema in group.items()
    },
    "additionalProperties": True,
}
