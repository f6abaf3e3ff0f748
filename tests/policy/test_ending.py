from __future__ import annotations

import pytest

from tap_twitter_stream.policy.ending import (
    ClosedByServer,
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    NetworkFailed,
    ProtocolBroken,
    Stalled,
    StoppedByUs,
    describe,
)

ENDINGS: list[Ending] = [
    HttpRefused(429, "usage-capped", "UsageCapExceeded", "cap", "", 3, 1.5, 2.0),
    HttpRefused(503),
    NetworkFailed("tls", "handshake"),
    Stalled(45.0),
    ClosedByServer(clean=True),
    ClosedByServer(clean=False),
    CrowdedOut(3),
    DisconnectNotice("OperationalDisconnect", "operational-disconnect", "bye"),
    ProtocolBroken("bad chunk size"),
    StoppedByUs("max_records"),
]


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_every_ending_is_described_in_one_sentence(ending: Ending) -> None:
    sentence = describe(ending)
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "\n" not in sentence
