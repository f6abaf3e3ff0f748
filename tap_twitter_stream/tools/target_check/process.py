"""One start of a target: lines go in, what it prints is taken down with the time; strike it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from tap_twitter_stream.errors import TargetCheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from tap_twitter_stream.clock import Clock

_SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM}
# A target that has been asked to end may wait for its input to end; the runner closes it too.
_PATIENCE_S = 10.0
_LAST_WORDS = 400


class TargetProcess:
    """A running target, in a process group of its own. It is gone when the ``with`` block ends.

    Args:
        command: The target's command.
        clock: Gives the time of what is printed.
        limit_s: Longest time it may take, then it is killed and ``hung`` is true.
    """

    def __init__(self, command: Sequence[str], clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,  # so that a signal reaches what the target has started
            )
        except OSError as error:
            self._log.close()
            message = f"The target cannot be started ({error}): give its command after --."
            raise TargetCheckError(message) from error
        self._limit_s = limit_s
        self.hung = False
        self.struck = False
        self.struck_after = 0
        self.states: list[tuple[object, float]] = []
        self.stray_lines = 0
        self._on_state: Callable[[int], None] = lambda _: None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._watchdog = threading.Timer(limit_s, self._give_up)
        self._watchdog.daemon = True

    def __enter__(self) -> Self:
        """Begin to read what it prints."""
        self._reader.start()
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what still runs."""
        self._watchdog.cancel()
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(_PATIENCE_S)
        with suppress(OSError):
            self._input.close()
        self._log.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - for mypy: it was asked for
        return self._process.stdin

    def strike_at_state(self, number: int, how: str) -> None:
        """Strike at once when that many STATEs have come."""

        def strike(seen: int) -> None:
            if seen == number:
                self.strike(how)

        self._on_state = strike

    def strike(self, how: str) -> None:
        """Send the signal, once, unless the target has ended by itself."""
        if self.struck or self._process.poll() is not None:
            return
        self.struck_after = len(self.states)
        self.struck = True
        self._signal(_SIGNALS[how])

    def write(self, lines: bytes) -> bool:
        """Write lines; False when the target takes no more."""
        if self.struck:
            return False
        try:
            self._input.write(lines)
            self._input.flush()
        except OSError:
            return False
        return True

    def end_input(self) -> None:
        """Close its input, as a tap that is done."""
        with suppress(OSError):
            self._input.close()

    def ended(self) -> int:
        """Wait for the end and return the exit code, negative for a signal."""
        if self.struck:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
            self.end_input()
        code = self._process.wait()
        self._signal(signal.SIGKILL)  # whoever of its group still holds stdout
        self._reader.join()
        if self.hung:
            message = (
                f"The target did not end within {self._limit_s:.0f} s; it said last: "
                f"{self.last_words()} Raise --timeout-seconds, or use fewer --records."
            )
            raise TargetCheckError(message)
        return code

    def last_words(self) -> str:
        """Return the end of what it wrote to stderr, on one line."""
        size_bytes = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size_bytes - _LAST_WORDS))
        return " ".join(self._log.read().decode(errors="replace").split()) or "nothing."

    def _give_up(self) -> None:
        self.hung = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - for mypy: it was asked for
        with self._process.stdout as lines:
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        """Take down one line; a torn last one is none, as runners see it."""
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not line.endswith(b"\n"):
            self.stray_lines += bool(line.strip())
            return
        self.states.append((value, self._clock.monotonic_s()))
        self._on_state(len(self.states))
