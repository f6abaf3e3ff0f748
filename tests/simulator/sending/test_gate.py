from __future__ import annotations

from twitter_stream_simulator.sending.gate import Gate


def test_requests_beyond_the_limit_are_not_allowed() -> None:
    gate = Gate(window_s=900)
    answers = [gate.ask("sample", 2) for _ in range(3)]
    assert [(a.allowed, a.remaining) for a in answers] == [(True, 1), (True, 0), (False, 0)]


def test_a_new_window_allows_again() -> None:
    gate = Gate(window_s=0)
    assert [gate.ask("sample", 1).allowed for _ in range(3)] == [True] * 3


def test_endpoints_have_windows_and_slots_of_their_own() -> None:
    gate = Gate(window_s=900)
    assert gate.ask("sample", 1).allowed
    assert gate.ask("filtered", 1).allowed
    assert gate.enter("sample", 1)
    assert gate.enter("filtered", 1)
    assert not gate.enter("sample", 1)


def test_a_slot_given_back_can_be_taken() -> None:
    gate = Gate(window_s=900)
    assert gate.enter("sample", 1)
    gate.leave("sample")
    assert gate.enter("sample", 1)


def test_attempts_are_counted_by_endpoint() -> None:
    gate = Gate(window_s=900)
    names = ("sample", "sample", "filtered")
    assert [gate.next_attempt(name) for name in names] == [0, 1, 0]
