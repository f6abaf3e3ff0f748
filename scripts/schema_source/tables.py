"""Streams about rules, errors and lines that the tap makes itself. Written by hand, data only."""

from __future__ import annotations

from scripts.schema_source.render import CAPTURED_AT, Table

TABLES = {
    "tweet_rules": Table(
        title="Tweet rules",
        description="Which rules of the filtered stream a tweet matched: one row per tweet and "
        "rule. A tweet that matches three rules is delivered and billed once.",
        keys=("tweet_id", "rule_id"),
        members={
            "tweet_id": ("string", "Id of the tweet, see `tweets.id`."),
            "rule_id": (
                "string",
                "Id of the rule, see `rules.id`. Always a string, although X has sent numbers.",
            ),
            "tag": (
                "string",
                (
                    "Label of the rule, without the prefix that marks rules this tap owns. Null "
                    "when X sent none, may be empty."
                ),
            ),
            "owned": (
                "boolean",
                (
                    "Whether the label carried the prefix of this tap. False for rules of other "
                    "users of the same app."
                ),
            ),
            "embedding_similarity": (
                "number",
                "How close the tweet is to the rule. Only for rules that compare meaning.",
            ),
            "embedding_threshold": (
                "number",
                "Closeness from which the rule matches. Only for rules that compare meaning.",
            ),
        },
    ),
    "rules": Table(
        title="Rules",
        description="Rules of the app's filtered stream, written at the start of each window and "
        "after each change. Rules belong to the app: other consumers' rules are listed too.",
        keys=("id",),
        members={
            "id": ("string", "Id X gave the rule. A changed rule gets a new one."),
            "value": ("string", "The rule itself, in X's query language."),
            "tag": ("string", "Label without the prefix that marks rules this tap owns."),
            "owned": (
                "boolean",
                "Whether the label carries the prefix of this tap. The tap changes no other rule.",
            ),
            "status": ("string", "`active` while X has the rule, `deleted` once it is gone."),
        },
        provenance=CAPTURED_AT,
    ),
    "errors": Table(
        title="Errors",
        description="Problems X reported: parts of a tweet it would not show, rules it refused, "
        "requests it answered with an error. An error beside a tweet does not mean the tweet is "
        "missing.",
        keys=("error_id",),
        members={
            "error_id": ("string", "Id of the row: the same problem read again gets the same id."),
            "kind": (
                "string",
                (
                    "Where it came up: `partial` (beside a tweet), `rule` (a refused rule), `http` "
                    "(an answer to a request) or `stream` (a line of its own)."
                ),
            ),
            "title": ("string", "Short name X gives the problem."),
            "type": (
                "string",
                (
                    "URI of the kind of problem, as received. X uses two hosts for the same kind: "
                    "compare `slug`."
                ),
            ),
            "slug": ("string", "Last part of `type`, for example `resource-not-found`."),
            "detail": ("string", "X's explanation, for people."),
            "status": ("integer", "HTTP status of the answer, or the one the problem names."),
            "tweet_id": ("string", "Id of the tweet whose message carried the problem."),
            "resource_id": ("string", "Id of the thing the problem is about."),
            "resource_type": ("string", "Kind of that thing: tweet, user, media, list, space."),
            "parameter": ("string", "Request parameter or expansion that led to the problem."),
            "value": ("string", "Value of that parameter."),
            "section": ("string", "Part of the message that lacks the thing: data or includes."),
            "field": ("string", "Field that could not be shown or filled."),
            "reason": ("string", "Why the client was refused, as a code of X."),
            "connection_issue": (
                "string",
                "Why a stream was refused, for example `TooManyConnections`.",
            ),
            "disconnect_type": (
                "string",
                "Why a stream was closed. Closed streams have their rows in `notices`.",
            ),
            "rule_id": ("string", "Id of the rule that already exists, for a duplicate."),
            "rule_value": ("string", "The refused rule."),
            "problem": ("object", "The problem as received, with whatever else X said."),
        },
    ),
    "notices": Table(
        title="Notices",
        description="What X says about the stream itself: that it closes the connection, that the "
        "reader is too slow, that tweets were left out. A connection may also end without any.",
        keys=("notice_id",),
        members={
            "notice_id": ("string", "Id of the row: the same notice read again gets the same id."),
            "kind": (
                "string",
                (
                    "`disconnect`, `limit` (statuses were left out), `warning`, or another word "
                    "that v1.1 has for what it says about a stream: `friends`, `control`, `info`, "
                    "`connection_metadata`."
                ),
            ),
            "title": ("string", "Short name X gives the notice."),
            "type": ("string", "URI of the kind of notice, as received."),
            "slug": ("string", "Last part of `type`, for example `operational-disconnect`."),
            "detail": ("string", "X's explanation, for people."),
            "disconnect_type": (
                "string",
                (
                    "Why X closes the connection, for example `UpstreamOperationalDisconnect`; of "
                    "v1.1 the name of its `code`."
                ),
            ),
            "code": ("string", "X's code of the notice. A string, because some are words."),
            "undelivered": (
                "integer",
                (
                    "Statuses left out since the notice before it on the same connection. Sum this "
                    "up; several machines of X may count side by side, so it is a lower bound."
                ),
            ),
            "undelivered_total": (
                "integer",
                "X's own count: statuses left out since this connection was opened.",
            ),
            "problem": ("object", "The notice as received, with whatever else X said."),
        },
    ),
    "dead_letters": Table(
        title="Dead letters",
        description="Lines that arrived and could not become records, with their bytes kept. "
        "Nothing that was received is thrown away in silence.",
        keys=("letter_id",),
        members={
            "letter_id": ("string", "Id of the row: the same line read again gets the same id."),
            "reason": (
                "string",
                (
                    "`not_json`, `not_utf8`, `too_long`, `unknown_kind`, `cut` (the connection "
                    "ended within the line), `corrupt_frame` (a damaged place in the spool) or "
                    "`poison` (the line stopped several starts)."
                ),
            ),
            "detail": ("string", "What exactly was wrong with the line."),
            "position": ("integer", "Place of the line in the event log, in bytes."),
            "size_bytes": ("integer", "Length of the line in bytes, without its terminator."),
            "raw_base64": ("string", "Raw bytes of the line, in Base64."),
            "raw_text": (
                "string",
                (
                    "The line as text for people, at most 4096 characters, with what is not UTF-8 "
                    "replaced. Use `raw_base64` to restore the line."
                ),
            ),
        },
    ),
    "raw_messages": Table(
        title="Raw messages",
        description="Each line as received, without keep-alives. Opt-in: it doubles the output.",
        keys=("spool_id", "position"),
        members={
            "spool_id": (
                "string",
                "Id of the event log. Positions start again in a new log, so the key needs both.",
            ),
            "position": ("integer", "Place of the line in the event log, in bytes."),
            "line": ("string", "The line, without its terminator."),
        },
    ),
}
