"""What the last lines of a connection say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_twitter_stream.policy.ending import DisconnectNotice, Ending
from tap_twitter_stream.wire.endpoints import ENDPOINTS
from tap_twitter_stream.wire.events import classifier_for
from tap_twitter_stream.wire.messages import Disconnect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_twitter_stream.wire.messages import Message

TAIL_BYTES = 16 << 10  # enough for a disconnect notice behind the last posts


def last_messages(tail: bytes, endpoint: str) -> Iterator[Message]:
    """Yield what the lines at the end of a stream say, the last one first.

    Args:
        tail: The last bytes; its first line may have lost its beginning.
        endpoint: Whose messages they are.
    """
    read = classifier_for(ENDPOINTS[endpoint].holds)
    for line in reversed(tail.split(b"\n")):
        if line.strip():
            yield read(line)


def with_notice(ending: Ending, tail: bytes, endpoint: str) -> Ending:
    """Prefer X's own reason, if the last line before the end was one."""
    message = next(last_messages(tail, endpoint), None)
    if not isinstance(message, Disconnect):
        return ending
    problem = message.problem
    return DisconnectNotice(
        message.disconnect_type,
        str(problem.get("title") or ""),
        str(problem.get("detail") or problem.get("reason") or "")[:300],
    )
