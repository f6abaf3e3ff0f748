"""Stop requests from outside the run."""

from __future__ import annotations

import os
from contextlib import suppress


class Signals:
    """Stop requests from outside; its handle becomes readable when one comes."""

    def __init__(self) -> None:
        self.handle, self._end = os.pipe()
        os.set_blocking(self._end, False)
        self.asked = False

    def ask(self) -> None:
        """Ask for a stop; safe in a signal handler."""
        self.asked = True
        with suppress(BlockingIOError):
            os.write(self._end, b"x")

    def drain(self) -> None:
        """Take the wake-up bytes."""
        os.read(self.handle, 64)
