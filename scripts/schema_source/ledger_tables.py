"""Streams in which the tap accounts for the capture itself. Written by hand, data only."""

from __future__ import annotations

from scripts.schema_source.render import CAPTURED_AT, Table

_WHERE = {
    "window_id": ("string", "Run this belongs to, see `capture_windows.window_id`."),
    "endpoint": ("string", "Name of the endpoint, as in the settings."),
    "partition": ("integer", "Partition of the endpoint, from 1. Null where it has none."),
}

_CONNECTIONS = Table(
    title="Capture connections",
    description="One row per attempt to connect, whether or not it led to a stream. Written when "
    "it opens and again, under the same key, when it has ended.",
    keys=("connection_id",),
    members={
        "connection_id": ("string", "Id of the connection."),
        **_WHERE,
        "opened_at": ("time", "When the attempt began, UTC."),
        "closed_at": ("time", "When it ended, UTC. Null while it is open."),
        "delivery": (
            "string",
            "What it brings: `live`, or `recovery` for a past interval, to fill a gap.",
        ),
        "attempt": ("integer", "Number of the attempt since the last healthy one, from 1."),
        "ending": ("string", "Kind of ending, for example a clean close, a stall or a refusal."),
        "ending_detail": ("string", "What was seen at the end, for people. Holds no secret."),
        "http_status": ("integer", "HTTP status of the answer. Null when none came."),
        "problem_slug": ("string", "Kind of problem X named, for example `usage-capped`."),
        "bytes_received": ("integer", "Bytes of the stream after de-chunking and inflation."),
        "wire_bytes": ("integer", "Bytes that crossed the network, still compressed."),
        "lines": ("integer", "Lines received, keep-alives included."),
        "messages": ("integer", "Lines that were messages."),
        "keep_alives": ("integer", "Blank lines, which only show that the stream is alive."),
        "dead_letters": ("integer", "Lines that went to `dead_letters`."),
        "first_id": ("string", "Id of the first tweet delivered."),
        "last_id": ("string", "Id of the last tweet delivered; not always the highest."),
        "first_message_at": ("time", "When the first message arrived, UTC."),
        "last_message_at": ("time", "When the last message arrived, UTC."),
        "max_lag_seconds": ("number", "Longest arrival minus posting, in seconds."),
        "reconnect_wait_seconds": (
            "number",
            "Wait decided after this ending. Null when no further attempt was to follow.",
        ),
        "remote_transaction_id": ("string", "Id X gave the exchange; X's support asks for it."),
        "source": ("string", "File of an archive, behind ! its member. Null for a connection."),
    },
    provenance=CAPTURED_AT,
)

_GAPS = Table(
    title="Capture gaps",
    description="Intervals in which the stream was not simply covered, each half-open: "
    "`started_at` belongs to it, `ended_at` does not. The row is written again, under the same "
    "key, when a later run closes the gap.",
    keys=("gap_id",),
    members={
        "gap_id": ("string", "Id of the interval."),
        **_WHERE,
        "kind": (
            "string",
            "`lost`, `unknown`, `backfilled`, `recovered`, `searched`, `idle` (between windows).",
        ),
        "cause": ("string", "What opened the gap, for example the ending of the connection."),
        "started_at": ("time", "First instant of the interval, UTC."),
        "ended_at": ("time", "First instant after the interval, UTC. Null while it is open."),
        "duration_seconds": ("number", "Length of the interval in seconds."),
        "last_id_before": ("string", "Id of the last tweet before the interval."),
        "recovered_total": ("integer", "Tweets that came back by filling the gap."),
        "estimated_lost": (
            "number",
            "Estimate of the tweets still missing, from the rate around the gap.",
        ),
        "pending": ("boolean", "Whether the tap still tries to fill it; then the row comes again."),
        "note": ("string", "Why it was not filled, or not by the preferred way."),
        "closed_by": ("string", "What closed it: `backfill`, `recovery`, `search`. Null if open."),
    },
    provenance=CAPTURED_AT,
)

_PER_STREAM = {
    "stream": ("string", "Name of the stream."),
    "routed": ("integer", "Records made for the stream; the sum of the four below."),
    "emitted": ("integer", "Records written."),
    "deduplicated": ("integer", "Records left out because they were written before."),
    "filtered": ("integer", "Records left out by a stream map or a foreign rule."),
    "deselected": ("integer", "Records left out because the stream is not selected."),
}

_WINDOWS = Table(
    title="Capture windows",
    description="One row per run: the certificate of how complete it is. Seconds are summed over "
    "endpoints and partitions. The row of a run that was killed is written by the next.",
    keys=("window_id",),
    members={
        "window_id": ("string", "Id of the run."),
        "started_at": ("time", "When the run began, UTC."),
        "ended_at": ("time", "When the run ended, UTC; for a killed run its last sign of life."),
        "stop_reason": ("string", "Why the run ended, for example a limit or a signal."),
        "exit_code": ("integer", "Exit code of the process. Null for a killed run."),
        "crashed": ("boolean", "Whether the run ended without writing its own row."),
        "endpoints": ("strings", "Names of the endpoints read."),
        "tap_version": ("string", "Version of the tap."),
        "spool_id": ("string", "Id of the event log the run wrote."),
        "durable": ("boolean", "Whether the event log outlives the process."),
        "start_position": ("integer", "Place in the event log the run read from, in bytes."),
        "end_position": ("integer", "Place in the event log the run read to, in bytes."),
        "covered_seconds": ("number", "Seconds in which every tweet sent was received."),
        "backfilled_seconds": ("number", "Seconds filled by redelivery at connect."),
        "recovered_seconds": ("number", "Seconds filled by replay of a past interval."),
        "searched_seconds": ("number", "Seconds filled by recent search, which may miss some."),
        "lost_seconds": ("number", "Seconds that nothing can fill."),
        "unknown_seconds": ("number", "Seconds of which nobody can tell what was missed."),
        "idle_seconds": ("number", "Seconds between the run before and this one."),
        "connections_total": ("integer", "Connections that led to a stream."),
        "connects_total": ("integer", "Attempts to connect, refused ones included."),
        "bytes_received": ("integer", "Bytes received after de-chunking and inflation."),
        "lines_received": ("integer", "Lines received in this run."),
        "lines_reread": ("integer", "Lines of an earlier run read again from the event log."),
        "keep_alives": ("integer", "Blank lines, which only show that the stream is alive."),
        "messages": ("integer", "Lines that were messages."),
        "dead_letters": ("integer", "Lines that went to `dead_letters`."),
        "left_in_spool": ("integer", "Lines received and left for the next run."),
        "streams": ("rows", "What became of the records of each stream.", _PER_STREAM),
        "posts_billable_estimate": (
            "integer",
            "Distinct tweets per UTC day, which is what X bills. An estimate: X's meter counts.",
        ),
        "cost_estimate_usd": ("number", "The same times the price set, in US dollars."),
    },
    provenance=CAPTURED_AT,
)

TABLES = {
    "capture_connections": _CONNECTIONS,
    "capture_gaps": _GAPS,
    "capture_windows": _WINDOWS,
}
