"""Read the time out of an id. Ids made since November 2010 carry their own millisecond."""

from __future__ import annotations

TWITTER_EPOCH_MS = 1_288_834_974_657
_TIME_SHIFT = 22
_MOST_DIGITS = 20  # of 64 bits; Python refuses to read a number of some thousand
# Below this, ids were handed out one by one and hold no time.
FIRST_SNOWFLAKE_ID = 29_700_000_000


def created_ms(post_id: str) -> int | None:
    """Return the epoch milliseconds a post id was made at, or None for one without a time."""
    if not (post_id.isascii() and post_id.isdigit() and len(post_id) <= _MOST_DIGITS):
        return None
    number = int(post_id)
    if number <= FIRST_SNOWFLAKE_ID:
        return None
    return (number >> _TIME_SHIFT) + TWITTER_EPOCH_MS


def first_id_at(epoch_ms: int) -> int:
    """Return the smallest id that the given millisecond can hold."""
    return max(0, epoch_ms - TWITTER_EPOCH_MS) << _TIME_SHIFT
