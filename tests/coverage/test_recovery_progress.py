"""A clean end is believed when the posts that came make it likely, or when it repeats itself."""

from __future__ import annotations

import pytest

from tap_twitter_stream.coverage.recovery_progress import MOST_FRUITLESS, RecoveryProgress

FROM_S, TO_S = 1_000, 1_100
WHOLE = RecoveryProgress(FROM_S, TO_S)
DENSE = [1_040_000, 1_041_000, 1_042_000]


def ended(progress: RecoveryProgress, *connections: tuple[list[int], bool]) -> RecoveryProgress:
    for times_ms, clean in connections:
        assert not progress.done
        progress = progress.after(times_ms, clean=clean)
    return progress


@pytest.mark.parametrize(
    ("connections", "done"),
    [
        ([([1_000_500, 1_099_200], True)], True),
        ([([1_099_999], False)], False),  # it broke: more may have been under way
        ([(DENSE, True)], False),
        ([(DENSE, True), (DENSE, True)], False),
        ([(DENSE, True), *[(DENSE, True)] * 3], True),  # a pause of a minute, said three times
        ([(DENSE, True), (DENSE, False), *[(DENSE, True)] * 2], False),
        ([([1_000_000, 1_090_000], True), ([1_090_000], True)], True),  # posts were rare before
        ([([], True), ([], True)], False),
        ([([], True)] * 3, True),
    ],
)
def test_when_everything_has_come(connections: list[tuple[list[int], bool]], *, done: bool) -> None:
    assert ended(WHOLE, *connections).done is done


def test_the_rest_is_asked_for_from_before_the_newest_post() -> None:
    assert WHOLE.ask_from_s == FROM_S
    assert ended(WHOLE, (DENSE, False)).ask_from_s == 1_037
    assert ended(WHOLE, ([1_002_000], False)).ask_from_s == FROM_S
    assert ended(WHOLE, (DENSE, False), ([1_030_000], False)).ask_from_s == 1_037


def test_connections_that_break_are_given_up_unless_they_bring_something() -> None:
    broken: list[tuple[list[int], bool]] = [([], False)] * (MOST_FRUITLESS - 1)
    progress = ended(WHOLE, *broken)
    assert not progress.given_up
    assert progress.after([], clean=False).given_up
    assert not progress.after(DENSE, clean=False).given_up
