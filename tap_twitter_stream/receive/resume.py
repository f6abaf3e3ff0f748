"""Where the reader of a log starts, from what STATE acknowledges and what the log still has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.settings.values import WithoutState

if TYPE_CHECKING:
    from tap_twitter_stream.spool.writer import LogWriter
    from tap_twitter_stream.state import CaptureState


def resume_position(
    state: CaptureState | None, log: LogWriter, without_state: WithoutState
) -> tuple[int, str]:
    """Decide where the reader starts, from what STATE acknowledges and what the log still has.

    Returns:
        The position, and a sentence for the log when it is not plainly the one in STATE.
    """
    kept = log.old_bytes
    if state is None or state.spool_id != log.spool_id:
        if not kept:
            return log.opened_at, ""
        whose = "no STATE" if state is None else "a STATE of another spool"
        if without_state is WithoutState.DISCARD:
            why = "(spool_without_state: discard)"
            return log.opened_at, f"Started with {whose}: {kept} bytes are left out {why}."
        note = (
            f"Started with {whose}: all {kept} bytes in the spool are sent again. "
            "Pass the last STATE with --state, or set spool_without_state: discard."
        )
        return log.start, note
    position = state.read_from
    if position > log.old_end:
        return (
            log.opened_at,
            "STATE is ahead of the spool: its last bytes were never written to disk.",
        )
    if position < log.start:
        return log.start, "STATE is older than the spool: what came before its start is gone."
    return position, ""
