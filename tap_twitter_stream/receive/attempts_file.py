"""Share one connect budget between processes and restarts: a small locked file per app."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from tap_twitter_stream.disk import replace_file
from tap_twitter_stream.policy.connect_limit import Budget
from tap_twitter_stream.policy.governor import reached_x

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_twitter_stream.policy.ending import Ending, HttpRefused

logger = logging.getLogger(__name__)


def app_fingerprint(credential: str) -> str:
    """Return a name for the app that tells nothing about its credential.

    X counts per app; a bearer token belongs to one app and stays the same until it is revoked.
    """
    return hashlib.sha256(b"connect budget of " + credential.encode()).hexdigest()[:16]


class BudgetFile:
    """The connect budget of one app and endpoint.

    Args:
        folder: Where the file is, made if it is missing; None keeps the budget in this object.
        app: From :func:`app_fingerprint`.
        endpoint: Name of the streaming endpoint.
        limit: Attempts that X allows in ``period_s``.
        period_s: Length of X's window.
    """

    def __init__(
        self, folder: Path | None, app: str, endpoint: str, *, limit: int, period_s: float
    ) -> None:
        self._path = None if folder is None else folder / f"connects-{app}-{endpoint}.json"
        self._limit = limit
        self._period_s = period_s
        self._memory = Budget(limit, period_s)
        self._unwritten: Budget | None = None  # what the file was to hold, when it took nothing
        self._spent_s: float | None = None
        self._thread_lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def spend_or_wait(self, now_s: float) -> float:
        """Record one attempt, if X allows it now.

        Returns:
            0 when the attempt is recorded: make it. Else the seconds to wait before asking again.
        """
        wait_s = 0.0

        def spend(budget: Budget) -> Budget:
            nonlocal wait_s
            wait_s = budget.earliest(now_s) - now_s
            return budget if wait_s > 0 else budget.spend(now_s)

        self._change(spend, now_s)
        if wait_s <= 0:
            self._spent_s = now_s
        return wait_s

    def refund(self, ending: Ending, now_s: float) -> None:
        """Take back the last attempt if it broke before X can have seen it."""
        spent_s, self._spent_s = self._spent_s, None
        if spent_s is not None and not reached_x(ending):
            self._change(lambda budget: budget.refund(spent_s), now_s)

    def observe(self, refused: HttpRefused, now_s: float) -> None:
        """Note what X's rate-limit headers say."""
        remaining, reset_s = refused.rate_limit_remaining, refused.rate_limit_reset_s
        self._change(lambda budget: budget.observe(remaining, reset_s, now_s), now_s)

    def left(self, now_s: float) -> int:
        """Return how many connects are allowed right now."""
        found = 0

        def look(budget: Budget) -> Budget:
            nonlocal found
            found = budget.left(now_s)
            return budget

        self._change(look, now_s)
        return found

    def share_left(self, now_s: float) -> float:
        """Return the same as a share of all that X allows."""
        return self.left(now_s) / self._limit

    def _change(self, change: Callable[[Budget], Budget], now_s: float) -> None:
        """Apply a change while nobody else can."""
        with self._thread_lock, self._locked():
            before = self._read(now_s)
            after = change(before)
            if after != before or self._unwritten is not None:
                self._write(after)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        with ExitStack() as stack:
            with suppress(OSError):  # no room for it: then there is none for the budget either
                # A file of its own: the budget file is replaced, and a lock stays with the old one.
                lock = stack.enter_context(self._path.with_suffix(".lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self, now_s: float) -> Budget:
        if self._path is None:
            return self._memory
        found = self._read_file(self._path, now_s)
        return found if self._unwritten is None else found.joined(self._unwritten)

    def _read_file(self, path: Path, now_s: float) -> Budget:
        try:
            payload = json.loads(path.read_bytes())
            return Budget.from_dict(payload, self._limit, self._period_s)
        except FileNotFoundError:
            return Budget(self._limit, self._period_s)
        except (OSError, ValueError, AttributeError) as error:
            logger.warning(
                "%s cannot be read (%s): half of the connects that X allows count as used.",
                path,
                error,
            )
            worst = Budget.used_up(self._limit, self._period_s, now_s)
            self._write(worst)
            return worst

    def _write(self, budget: Budget) -> None:
        if self._path is None:
            self._memory = budget
            return
        try:
            replace_file(self._path, json.dumps(budget.to_dict()).encode())
        except OSError as error:
            if self._unwritten is None:
                logger.warning(
                    "%s cannot be written (%s): until it can, no other run knows of our connects.",
                    self._path,
                    error,
                )
            self._unwritten = budget
        else:
            self._unwritten = None
