from __future__ import annotations

import json

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
    ending_from_dict,
    ending_to_dict,
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
def test_every_ending_survives_the_log(ending: Ending) -> None:
    stored = json.loads(json.dumps(ending_to_dict(ending)))
    assert stored["kind"] == ending.kind
    assert ending_from_dict(stored) == ending


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_every_ending_is_described_in_one_sentence(ending: Ending) -> None:
    sentence = describe(ending)
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "\n" not in sentence


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert ending_from_dict({"kind": "stalled", "silent_s": 2, "colour": "red"}) == Stalled(2)


@pytest.mark.parametrize(
    "payload", [{}, {"kind": "eaten"}, {"kind": "stalled"}, {"kind": "http_refused", "status": "x"}]
)
def test_unreadable_ending_says_so_instead_of_raising(payload: dict[str, object]) -> None:
    ending = ending_from_dict(payload)
    assert isinstance(ending, ProtocolBroken)
    assert "log holds" in ending.detail
