"""Whether the receiver is to stop, and why: the one place where that is stored."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from tap_twitter_stream.spool.entries import Stopped


class StopRequest:
    """Asked for from any thread, once or more often; everything that waits ends by it.

    Attributes:
        event: Set from then on; a clock's waits end by it.
        wake_handle: Readable from then on; whatever polls sockets polls it too.
        outcome: What the log is to say. The first failure counts, whatever follows it.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.wake_handle, self._wake_end = os.pipe()
        self.outcome = Stopped(reason="stop")

    def ask(self, outcome: Stopped | None = None) -> None:
        """Ask for a stop."""
        if outcome and not self.outcome.fatal:
            self.outcome = outcome
        self.event.set()
        with suppress(OSError):
            os.write(self._wake_end, b"x")  # never read: every poll on it returns from now on

    def fail(self, sentence: str) -> None:
        """Ask for a stop because the capture cannot go on; the sentence is for the user."""
        self.ask(Stopped(reason="fatal", fatal=sentence))

    def wait(self) -> None:
        """Wait until a stop is asked for."""
        self.event.wait()
