"""Cut bytes as a network might."""

from __future__ import annotations

from itertools import pairwise


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at the given places, taken modulo their length."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]
