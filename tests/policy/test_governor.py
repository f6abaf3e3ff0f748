from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_twitter_stream.policy.connect_limit import Budget
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
)
from tap_twitter_stream.policy.governor import (
    PLENTY,
    RESET_MAX_S,
    SERVED_S,
    WAITS_S,
    Cause,
    Decision,
    Fatal,
    Governor,
    Wait,
    reached_x,
)
from tests.fakes import START_S, Dice

LONG_S = 3_600.0


def follow(governor: Governor, ending: Ending, lived_s: float = 0.0) -> tuple[Decision, Governor]:
    return governor.next(
        ending, lived_s=lived_s, data_seen=lived_s > 0, now_s=START_S, random=Dice([0.0])
    )


def waits(ending: Ending, count: int, lived_s: float = 0.0) -> list[float]:
    """Return the waits after the same ending again and again."""
    governor, found = Governor(), []
    for _ in range(count):
        decision, governor = follow(governor, ending, lived_s)
        assert isinstance(decision, Wait)
        found.append(decision.seconds)
    return found


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (ClosedByServer(clean=True), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 320, 320]),
        (ClosedByServer(clean=False), [0, 1, 2, 4]),
        (Stalled(45.0), [0, 1, 2, 4]),
        (ProtocolBroken("bad chunk"), [0, 1, 2, 4]),
        (StoppedByUs("spool full"), [0, 1, 2, 4]),
        (NetworkFailed("read"), [0, 1, 2, 4]),
        (NetworkFailed("dns"), [0.25, 0.5, 0.75, 1.0]),
        (NetworkFailed("tls"), [0.25, 0.5, 0.75, 1.0]),
        (NetworkFailed("request"), [5, 10, 20, 40]),
        (HttpRefused(503), [5, 10, 20, 40, 80, 160, 320, 320]),
        (HttpRefused(500), [5, 10]),
        (HttpRefused(420), [60, 120, 240, 480, 960, 960]),
        (HttpRefused(429, connection_issue="TooManyConnections"), [60, 120]),
        (HttpRefused(503, connection_issue="ProvisioningSubscription"), [60, 120]),
        (DisconnectNotice("OperationalDisconnect"), [0, 1, 2]),
        (DisconnectNotice("NeverHeardOf"), [0, 1, 2]),
        (DisconnectNotice("InternalError"), [5, 10]),
        (DisconnectNotice("ForceDisconnect"), [60, 120]),
        (DisconnectNotice("AdminLogout"), [60, 120]),
        (CrowdedOut(3), [60, 120]),
    ],
)
def test_each_ending_has_its_table_of_waits(ending: Ending, expected: list[float]) -> None:
    assert waits(ending, len(expected)) == expected


def test_network_waits_grow_to_sixteen_seconds() -> None:
    assert waits(NetworkFailed("connect"), 70)[-1] == 16.0


@pytest.mark.parametrize(
    ("ending", "remedy"),
    [
        (HttpRefused(400), "expansions"),
        (HttpRefused(402), "credits"),
        (HttpRefused(403, "client-forbidden"), "plan"),
        (HttpRefused(404), "api_url"),
        (HttpRefused(406), "field lists"),
        (HttpRefused(409, connection_issue="RuleConfigurationIssue"), "rules_policy"),
        (HttpRefused(410), "api_url"),
        (HttpRefused(413), "remove"),
        (HttpRefused(416), "remove"),
        (HttpRefused(301), "final address"),
        (HttpRefused(418), "documentation"),
        (HttpRefused(429, "usage-capped", rate_limit_remaining=39_999), "limit"),
        (HttpRefused(200, connection_issue="RulesInvalidIssue"), "no longer accepts"),
        (DisconnectNotice("InvalidRules"), "no longer accepts"),
    ],
)
def test_what_no_retry_cures_ends_the_run_with_a_remedy(ending: Ending, remedy: str) -> None:
    decision, _ = follow(Governor(), ending, LONG_S)
    assert isinstance(decision, Fatal)
    assert remedy in decision.remedy
    assert decision.reason.endswith(".")


@pytest.mark.parametrize(
    ("endpoint", "ending", "remedy"),
    [
        ("powerstream", HttpRefused(409), "/2/powerstream/rules"),
        (
            "powerstream",
            HttpRefused(409, connection_issue="RuleConfigurationIssue"),
            "at most 1,000, of 2,048 characters each; X takes 50 such calls a day",
        ),
        (
            "powerstream",
            HttpRefused(409, connection_issue="RulesInvalidIssue"),
            "at /2/powerstream/rules that X no longer accepts",
        ),
        ("powerstream", DisconnectNotice("InvalidRules"), "/2/powerstream/rules"),
        ("powerstream", HttpRefused(403), "sales team"),
        ("powerstream", HttpRefused(400), "`backfill_minutes`"),
        ("powerstream", HttpRefused(402), "credits"),
        ("statuses_filter", HttpRefused(403), "closed the streams of v1.1"),
        ("statuses_filter", HttpRefused(406), "1 to 60 bytes"),
        ("statuses_filter", HttpRefused(413), "Take entries out of `statuses_filter`"),
        ("statuses_sample", HttpRefused(410), "`stream_url`"),
        ("statuses_sample", HttpRefused(406), "what X names"),
    ],
)
def test_an_endpoint_with_ways_of_its_own_has_remedies_of_its_own(
    endpoint: str, ending: Ending, remedy: str
) -> None:
    decision, _ = follow(Governor(endpoint=endpoint), ending, LONG_S)
    assert isinstance(decision, Fatal)
    assert remedy in decision.remedy


def test_a_signature_that_x_refuses_may_be_the_clocks_fault() -> None:
    decision, _ = follow(Governor(endpoint="statuses_sample", unsure=3), HttpRefused(401))
    assert isinstance(decision, Fatal)
    assert "clock" in decision.remedy


@pytest.mark.parametrize(
    "ending", [HttpRefused(401), DisconnectNotice("ClientApplicationStateDegraded")]
)
def test_doubtful_refusals_get_three_more_tries(ending: Ending) -> None:
    governor, decisions = Governor(), []
    for _ in range(4):
        decision, governor = follow(governor, ending)
        decisions.append(decision)
    assert [type(one) for one in decisions] == [Wait, Wait, Wait, Fatal]


def test_reconnect_after_a_healthy_drop_is_immediate_only_once() -> None:
    first, governor = follow(Governor(), ClosedByServer(clean=True), LONG_S)
    second, _ = follow(governor, ClosedByServer(clean=True), lived_s=5.0)
    assert [first, second] == [Wait(0.0, Cause.DROP), Wait(1.0, Cause.DROP)]


def test_force_disconnect_of_a_healthy_connection_reconnects_at_once() -> None:
    decision, _ = follow(Governor(), DisconnectNotice("ForceDisconnect"), LONG_S)
    assert decision == Wait(0.0, Cause.DROP)


def test_http_200_alone_does_not_reset() -> None:
    governor = Governor(http=3, failures=3)
    _, governor = follow(governor, ClosedByServer(clean=True), lived_s=59.9)
    decision, _ = follow(governor, HttpRefused(503))
    assert decision == Wait(40.0, Cause.HTTP)


def test_a_long_connection_without_a_byte_is_not_healthy() -> None:
    governor = Governor(drop=4)
    decision, _ = governor.next(
        Stalled(LONG_S), lived_s=LONG_S, data_seen=False, now_s=START_S, random=Dice()
    )
    assert decision == Wait(8.0, Cause.DROP)


def test_a_healthy_minute_resets_every_table() -> None:
    worn = Governor(9, failures=5, unsure=2, drop=5, network=6, http=7, rate_limit=3, endpoint="x")
    _, governor = follow(worn, ClosedByServer(clean=True), lived_s=60.0)
    assert governor == Governor(max_retries=9, drop=1, endpoint="x")


@pytest.mark.parametrize(
    ("remaining", "reset_in_s", "expected"),
    [
        (0, 300.0, 300.0),
        (None, 300.0, 300.0),
        (0, 10.0, 60.0),
        (0, -50.0, 60.0),
        (0, 1e9, RESET_MAX_S),
        (0, None, 60.0),
        (48, 300.0, 60.0),
    ],
)
def test_reset_header_counts_only_when_nothing_is_left(
    remaining: int | None, reset_in_s: float | None, expected: float
) -> None:
    reset_s = None if reset_in_s is None else START_S + reset_in_s
    ending = HttpRefused(429, rate_limit_remaining=remaining, rate_limit_reset_s=reset_s)
    assert waits(ending, 1) == [expected]


def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert waits(HttpRefused(503, retry_after_s=90.0), 1) == [90.0]
    assert waits(HttpRefused(503, retry_after_s=1.0), 1) == [5.0]


def test_max_retries_counts_the_failures_of_one_streak() -> None:
    governor, decisions = Governor(max_retries=2), []
    for _ in range(3):
        decision, governor = follow(governor, HttpRefused(503))
        decisions.append(decision)
    assert isinstance(decisions[1], Wait)
    assert isinstance(decisions[2], Fatal)
    assert "3 tries in a row" in decisions[2].reason


def test_max_retries_zero_still_survives_a_healthy_drop() -> None:
    decision, _ = follow(Governor(max_retries=0), ClosedByServer(clean=True), LONG_S)
    assert isinstance(decision, Wait)


@pytest.mark.parametrize(
    ("lived_s", "connects_left", "wait_s"),
    [(SERVED_S, 0.9, 1.0), (SERVED_S - 1, 0.9, 64.0), (SERVED_S, PLENTY, 64.0)],
)
def test_a_stream_that_served_for_a_while_is_taken_up_soon_while_connects_are_plenty(
    lived_s: float, connects_left: float, wait_s: float
) -> None:
    """In bad minutes the waits meant for a server that refuses would miss more than the faults."""
    governor = Governor(drop=7, http=4)
    ended = ClosedByServer(clean=False)
    decision, after = governor.next(ended, lived_s, True, START_S, Dice([0.0]), connects_left)
    assert decision == Wait(wait_s, Cause.DROP)
    refused, _ = after.next(HttpRefused(503), 0.0, False, START_S, Dice([0.0]), connects_left)
    assert refused == Wait(5.0 if wait_s < SERVED_S else 80.0, Cause.HTTP)


def test_jitter_only_adds() -> None:
    decision, _ = Governor().next(
        HttpRefused(503), lived_s=0, data_seen=False, now_s=START_S, random=Dice([0.999])
    )
    assert isinstance(decision, Wait)
    assert 5.0 < decision.seconds < 5.5


def test_tables_hold_what_x_publishes() -> None:
    assert {cause: (table[0], table[-1]) for cause, table in WAITS_S.items()} == {
        Cause.DROP: (0.0, 320.0),
        Cause.NETWORK: (0.25, 16.0),
        Cause.HTTP: (5.0, 320.0),
        Cause.RATE_LIMIT: (60.0, 960.0),
    }


odd_floats = st.floats(allow_nan=False)
endings = st.one_of(
    st.builds(
        HttpRefused,
        status=st.integers(100, 599),
        slug=st.sampled_from(["", "usage-capped", "streaming-connection"]),
        connection_issue=st.sampled_from(["", "TooManyConnections", "RulesInvalidIssue"]),
        rate_limit_remaining=st.none() | st.integers(-5, 50),
        rate_limit_reset_s=st.none() | odd_floats,
        retry_after_s=st.none() | odd_floats,
    ),
    st.builds(
        NetworkFailed,
        phase=st.sampled_from(["dns", "connect", "tls", "proxy", "request", "read"]),
    ),
    st.builds(Stalled, st.floats(0, 100)),
    st.builds(ClosedByServer, st.booleans()),
    st.builds(
        DisconnectNotice,
        st.sampled_from(["OperationalDisconnect", "ForceDisconnect", "InternalError", "Odd"]),
    ),
    st.just(ProtocolBroken("x")),
)
chances = st.floats(0, 1, exclude_max=True)


@given(st.lists(st.tuples(endings, st.floats(0, 1e6), st.booleans()), max_size=40), chances)
def test_no_history_makes_the_governor_raise_or_wait_without_bounds(
    history: list[tuple[Ending, float, bool]], chance: float
) -> None:
    governor = Governor(max_retries=30)
    for ending, lived_s, data_seen in history:
        decision, governor = governor.next(
            ending, lived_s=lived_s, data_seen=data_seen, now_s=START_S, random=lambda: chance
        )
        if isinstance(decision, Fatal):
            assert decision.reason
            assert decision.remedy
            break
        assert 0.0 <= decision.seconds <= 3_610.0


@given(
    st.lists(
        st.tuples(
            endings, st.sampled_from([0.0, 0.01, 1.0, 59.0, 60.0, 61.0]), st.booleans(), chances
        ),
        min_size=1,
        max_size=12,
    )
)
def test_governor_and_budget_keep_within_what_x_allows(
    pattern: list[tuple[Ending, float, bool, float]],
) -> None:
    """Repeat any pattern of endings; X may never see 51 connects within 15 minutes."""
    now_s, seen, budget, governor = START_S, [], Budget(50, 900.0), Governor()
    for step in range(150):
        ending, lived_s, data_seen, chance = pattern[step % len(pattern)]
        now_s = budget.earliest(now_s)
        at_s = now_s
        budget = budget.spend(at_s)
        if reached_x(ending):
            seen.append(at_s)
        else:
            budget = budget.refund(at_s)
        now_s += lived_s
        decision, governor = governor.next(
            ending, lived_s=lived_s, data_seen=data_seen, now_s=now_s, random=Dice([chance])
        )
        now_s += decision.seconds if isinstance(decision, Wait) else 1.0
    assert all(late - early > 900.0 for early, late in zip(seen, seen[50:], strict=False))


def test_hot_closing_server_alone_stays_far_below_the_limit() -> None:
    spent_s = 0.0
    connects = 0
    for wait_s in waits(ClosedByServer(clean=True), 50):
        connects += spent_s < 900.0
        spent_s += wait_s
    assert connects <= 13
