from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.crowding import SUSPICIOUS_CLOSES, DuelWatch
from tap_twitter_stream.policy.ending import (
    ClosedByServer,
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    NetworkFailed,
    Stalled,
    StoppedByUs,
)

CLOSED = ClosedByServer(clean=True)
History = list[tuple[Ending, float, bool]]
YOUNG: tuple[Ending, float, bool] = (CLOSED, 1.0, True)
SILENT: tuple[Ending, float, bool] = (CLOSED, 1.0, False)
OLD: tuple[Ending, float, bool] = (CLOSED, 3600.0, True)


def judged(history: History) -> list[Ending]:
    watch, endings = DuelWatch(), []
    for ending, lived_s, brought in history:
        seen, watch = watch.judge(ending, lived_s, brought=brought)
        endings.append(seen)
    return endings


@pytest.mark.parametrize(
    ("what", "history", "last"),
    [
        ("three young ones", [YOUNG] * 3, CrowdedOut(3)),
        ("and the fourth", [YOUNG] * 4, CrowdedOut(4)),
        ("two may be a restart of X's", [YOUNG] * 2, CLOSED),
        ("posts came before, now it is quiet", [OLD, SILENT, SILENT, SILENT], CrowdedOut(3)),
        ("an ill server never brings anything", [SILENT] * 9, CLOSED),
        ("a long life ends the row", [YOUNG, YOUNG, OLD, YOUNG], CLOSED),
        ("so does a refusal", [YOUNG, YOUNG, (HttpRefused(503), 0.0, False), YOUNG], CLOSED),
        ("so does the network", [YOUNG, YOUNG, (NetworkFailed("dns"), 0.0, False), YOUNG], CLOSED),
        (
            "torn ends are not X's manner",
            [(ClosedByServer(clean=False), 1.0, True)] * 5,
            ClosedByServer(clean=False),
        ),
    ],
)  # fmt: skip
def test_only_clean_ends_of_young_connections_in_a_row_look_like_a_duel(
    what: str, history: History, last: Ending
) -> None:
    assert judged(history)[-1] == last, what


@pytest.mark.parametrize(
    "ending", [Stalled(90.0), StoppedByUs("stop"), DisconnectNotice("AdminLogout")]
)
def test_other_endings_stay_what_they_are(ending: Ending) -> None:
    assert judged([YOUNG, YOUNG, (ending, 1.0, True)])[-1] == ending


@given(st.lists(st.tuples(st.just(CLOSED), st.floats(0, 100), st.booleans()), max_size=12))
def test_no_suspicion_before_the_third(history: list[tuple[Ending, float, bool]]) -> None:
    endings = judged(history)
    assert not any(isinstance(one, CrowdedOut) for one in endings[: SUSPICIOUS_CLOSES - 1])
