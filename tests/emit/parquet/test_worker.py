from __future__ import annotations

import threading

import pytest

from tap_twitter_stream.emit.parquet.worker import Worker
from tests.limits import HANG_S


def test_calls_run_in_their_order() -> None:
    worker = Worker(2)
    done: list[int] = []
    for number in range(20):
        last = worker.submit(done.append, number)
    assert worker.is_done(last, 5.0)
    worker.close()
    assert done == list(range(20))


def test_what_waits_is_bounded_and_a_wait_ends_in_time() -> None:
    worker = Worker(1)
    gate, begun = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        gate.wait(HANG_S)

    held = worker.submit(hold)
    assert begun.wait(HANG_S)
    assert not worker.is_done(held, 0.0)
    handed_over = threading.Event()

    def hand_over() -> None:
        worker.submit(lambda: None)
        handed_over.set()

    another = threading.Thread(target=hand_over)
    another.start()
    assert not handed_over.is_set()  # no room before the first one is done
    gate.set()
    assert handed_over.wait(HANG_S)
    another.join()
    worker.close()


def test_the_first_error_is_raised_in_the_caller_and_ends_the_work() -> None:
    worker = Worker(4)
    done: list[int] = []

    def fail() -> None:
        message = "no room"
        raise OSError(message)

    failed = worker.submit(fail)
    with pytest.raises(OSError, match="no room"):
        worker.is_done(failed, 5.0)
    with pytest.raises(OSError, match="no room"):
        worker.submit(done.append, 1)
    worker.close()
    assert done == []
