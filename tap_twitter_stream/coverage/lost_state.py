"""What is known of captured time where reading begins behind the end of what STATE tells. Pure.

Frames go once a STATE covers them, or when the disk has no room. If then the runner loses that
STATE, or brings an older one, what they said is gone; but each file of the log begins with the
books of its writer, so only what was stored of the time in between is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_twitter_stream.coverage.gaps import Line
    from tap_twitter_stream.coverage.reported_gaps import ToldGaps
    from tap_twitter_stream.coverage.track import Track


class Since(Enum):
    """How what STATE tells lies to the place where reading begins.

    Attributes:
        BEFORE: It is older: of what came since, nobody knows whether it was stored.
        AT: It was written there.
        BEHIND: It is newer: what came before that place was stored.
        APART: It is of another log, or of a part that this one has lost.
    """

    BEFORE = auto()
    AT = auto()
    BEHIND = auto()
    APART = auto()


def since(state_position: int | None, follows: int, position: int) -> Since:
    """Compare the latest STATE with a file of the log.

    Args:
        state_position: Of that STATE; None if it is of another log, or there is none.
        follows: Where the file before ended.
        position: Where this one begins.
    """
    if state_position is None or follows < state_position <= position:
        return Since.APART
    if state_position == follows:
        return Since.AT
    return Since.BEFORE if state_position < follows else Since.BEHIND


@dataclass(frozen=True, slots=True)
class Before:
    """What a file of the log tells of the time before it.

    Attributes:
        tracks: Its writer's books.
        told: The last gaps in them.
        begun_us: When each line was connected first.
        doubtful: Connections that have brought what may turn out not to be whole, and since when:
            a message's first half is in the file before, or reading had paused.
    """

    tracks: dict[Line, Track]
    told: ToldGaps
    begun_us: dict[Line, int]
    doubtful: dict[Line, list[tuple[int, int]]]
