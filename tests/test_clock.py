from __future__ import annotations

import threading
from datetime import timedelta

from tap_twitter_stream.clock import Clock


def test_wait_tells_that_nobody_asked_for_a_stop() -> None:
    assert Clock().wait(0.001) is False


def test_stop_ends_a_running_wait_at_once() -> None:
    clock = Clock()
    timer = threading.Timer(0.02, clock.stop)
    timer.start()
    began_s = clock.monotonic_s()
    assert clock.wait(60) is True
    assert clock.monotonic_s() - began_s < 30
    timer.join()


def test_wait_after_a_stop_returns_true_without_waiting() -> None:
    event = threading.Event()
    clock = Clock(event)
    event.set()
    assert clock.wait(60) is True
    assert clock.stopped


def test_negative_wait_is_no_wait() -> None:
    assert Clock().wait(-5) is False


def test_all_readings_are_of_one_instant_in_utc() -> None:
    clock = Clock()
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert abs(clock.now_us() / 1e6 - now.timestamp()) < 60
    assert abs(clock.now_s() - now.timestamp()) < 60
