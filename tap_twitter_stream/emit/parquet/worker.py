"""One thread that does the work handed to it in order, with a bound on what waits for it."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_S = 0.1


class Worker:
    """Runs calls one after the other beside the caller; Arrow's work needs no interpreter lock.

    The first call that fails is the last: its error is raised by whatever is called next.

    Args:
        most_waiting: Calls that may wait; handing over one more waits for room.
    """

    def __init__(self, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")
        self._room = threading.Semaphore(most_waiting)
        self._error: BaseException | None = None

    def submit(self, call: Callable[..., None], *arguments: Any) -> Future[None]:  # noqa: ANN401 - passed on
        """Hand over a call.

        Raises:
            BaseException: What an earlier call failed with.
        """
        while not self._room.acquire(timeout=_LONGEST_S):
            self._check()
        self._check()
        return self._pool.submit(self._run, call, arguments)

    def is_done(self, call: Future[None], timeout_s: float) -> bool:
        """Wait for a call at most so long; tell whether it is done.

        Raises:
            BaseException: What it, or one before it, failed with.
        """
        try:
            call.result(timeout_s)
        except TimeoutError:
            self._check()
            return False
        self._check()
        return True

    def close(self) -> None:
        """Do nothing of what still waits, and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        try:
            if self._error is None:
                call(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error
        finally:
            self._room.release()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
