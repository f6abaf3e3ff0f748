"""Where other clients' waits go wrong, beside ours.

Sources: X's pages on v1.1 and on handling disconnections, and the code of the clients: hbc, tweepy
3.10 and 4, twarc, and xdk, which is X's own for Python.
"""

from __future__ import annotations

from itertools import accumulate

import pytest

from tap_twitter_stream.policy.ending import ClosedByServer, Ending, HttpRefused, NetworkFailed
from tap_twitter_stream.policy.governor import Fatal, Governor, Wait
from tests.fakes import START_S, Dice

HEALTHY_S = 3_600.0


def waits(ending: Ending, count: int, first_lived_s: float = 0.0) -> list[float]:
    """Return the waits after the same ending again and again; empty when it ends the run."""
    governor, found, lived_s = Governor(endpoint="statuses_filter"), [], first_lived_s
    for _ in range(count):
        decision, governor = governor.next(
            ending, lived_s=lived_s, data_seen=lived_s > 0, now_s=START_S, random=Dice([0.0])
        )
        if isinstance(decision, Fatal):
            break
        assert isinstance(decision, Wait)
        found.append(decision.seconds)
        lived_s = 0.0
    return found


@pytest.mark.parametrize(
    ("ending", "expected", "peers"),
    [
        (NetworkFailed("dns"), [0.25, 0.5, 0.75], "hbc does not wait when a name has no address"),
        (NetworkFailed("connect"), [0.25, 0.5, 0.75], "tweepy 4 begins at 0; 3.10 gives up"),
        (NetworkFailed("tls"), [0.25, 0.5, 0.75], "twarc waits 1, 2, 3 s and so on, unbounded"),
        (HttpRefused(503), [5, 10, 20, 40, 80, 160, 320, 320], "twarc: 60 s more each time"),
        (HttpRefused(500), [5, 10, 20], "xdk begins at 1 s"),
        (HttpRefused(420), [60, 120, 240, 480], "hbc: 5 s, as for any HTTP error"),
        (HttpRefused(429), [60, 120, 240, 480], "xdk: 1 s; twarc2 dies of a missing header"),
        (HttpRefused(401), [5, 10, 20], "tweepy 4 goes on for ever"),
        (HttpRefused(403), [], "tweepy 4 goes on for ever, hbc tries five times"),
        (HttpRefused(404), [], "fatal in hbc too"),
        (HttpRefused(406), [], "fatal in hbc too"),
        (HttpRefused(413), [], "fatal in hbc too"),
        (HttpRefused(416), [], "fatal in hbc too"),
        (ClosedByServer(clean=True), [0, 1, 2, 4], "xdk never waits here: a busy loop"),
        (NetworkFailed("read"), [0, 1, 2, 4], "tweepy 3.10 ends the stream"),
    ],
)
def test_waits_are_those_that_x_publishes(
    ending: Ending, expected: list[float], peers: str
) -> None:
    assert waits(ending, len(expected) or 1) == expected, peers


def test_network_waits_grow_by_a_quarter_second_to_sixteen() -> None:
    """X's page: linear, by 250 ms an attempt, at most 16 seconds."""
    found = waits(NetworkFailed("connect"), 70)
    assert found[:64] == list(accumulate([0.25] * 64))
    assert set(found[64:]) == {16.0}


def test_a_drop_after_a_healthy_time_is_followed_at_once_and_failures_are_not() -> None:
    """X's page: reconnect at once after a drop; only if that fails, back off."""
    assert waits(ClosedByServer(clean=True), 3, HEALTHY_S) == [0.0, 1.0, 2.0]


def test_a_200_alone_forgives_nothing() -> None:
    """All clients but twarc2 reset on it, so a server that accepts and closes gets a storm."""
    governor = Governor(http=4)
    _, governor = governor.next(
        ClosedByServer(clean=True), lived_s=1.0, data_seen=True, now_s=START_S, random=Dice([0.0])
    )
    decision, _ = governor.next(
        HttpRefused(503), lived_s=0, data_seen=False, now_s=START_S, random=Dice([0.0])
    )
    assert isinstance(decision, Wait)
    assert decision.seconds == 80.0
