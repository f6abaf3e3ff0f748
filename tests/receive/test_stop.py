"""One stop ends every wait, and the first failure is its reason."""

from __future__ import annotations

import select
import threading

from tap_twitter_stream.receive.stop import StopRequest
from tap_twitter_stream.spool.entries import ORPHANED, Stopped
from tests.limits import HANG_S


def is_readable(handle: int) -> bool:
    return bool(select.select([handle], [], [], 0)[0])


def test_nothing_is_asked_for_at_first() -> None:
    stop = StopRequest()
    assert not stop.event.is_set()
    assert not is_readable(stop.wake_handle)


def test_a_stop_wakes_whoever_waits_and_whatever_polls() -> None:
    stop = StopRequest()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    stop.ask()
    thread.join(HANG_S)
    assert not thread.is_alive()
    assert is_readable(stop.wake_handle)
    assert is_readable(stop.wake_handle), "for every poll from then on"
    assert stop.outcome == Stopped(reason="stop")


def test_the_first_failure_is_the_reason_whatever_follows() -> None:
    """Mutation: let the last one count, which is often only what the first one caused."""
    stop = StopRequest()
    stop.ask()
    stop.fail("The disk is broken.")
    stop.fail("A stream ended.")
    stop.ask(Stopped(reason=ORPHANED))
    assert stop.outcome == Stopped(reason="fatal", fatal="The disk is broken.")


def test_a_run_whose_tap_is_gone_is_orphaned() -> None:
    stop = StopRequest()
    stop.ask(Stopped(reason=ORPHANED))
    assert stop.outcome.reason == ORPHANED
