"""Find why X ended a connection: the last bytes it sent go in, the ending comes out."""

from __future__ import annotations

from tap_twitter_stream.policy.ending import DisconnectNotice, Ending
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.messages import Disconnect

TAIL_BYTES = 16 << 10  # enough for a disconnect notice behind the last posts


def with_notice(ending: Ending, tail: bytes, endpoint: str) -> Ending:
    """Prefer X's own reason, if the last line before the end was one."""
    line = next((one for one in reversed(tail.split(b"\n")) if one.strip()), None)
    if line is None:
        return ending
    message = classifier_for(ENDPOINTS[endpoint].holds)(line)
    if not isinstance(message, Disconnect):
        return ending
    problem = message.problem
    return DisconnectNotice(
        message.disconnect_type,
        str(problem.get("title") or ""),
        str(problem.get("detail") or problem.get("reason") or "")[:300],
    )
