"""Run the tap as its users do: a process of its own, a pipe, a simulator on loopback."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.limits import HANG_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from twitter_stream_simulator import Simulator

COMMAND = (sys.executable, "-m", "tap_twitter_stream")
RULES = [{"value": "cat", "tag": "cats"}, {"value": "dog", "tag": "dogs"}]
Json = dict[str, Any]
_NUMBERS = itertools.count(1)
_RECORD = re.compile(rb'\{"type":"RECORD","stream":"([^"]+)"')


def config_for(sim: Simulator, **more: object) -> Json:
    """Return settings for a capture from a simulator, with two rules of our own."""
    config: Json = {
        "api_url": sim.url,
        "bearer_token": sim.bearer_token,
        "rules": RULES,
        "rules_tag_prefix": "e2e:",
    }
    return {**config, **more}


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a tap whose temporary files go to ``folder / "temporary"``."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary), "PYTHONUTF8": "1", **(more or {})}


def written(path: Path, value: object) -> str:
    """Write JSON to a file and return its path, as a command line takes it."""
    path.write_text(json.dumps(value))
    return str(path)


def arguments(
    folder: Path, config: object, *, state: object = None, catalog: object = None
) -> list[str]:
    """Return the tap's command; config, state and catalog become files."""
    command = [*COMMAND, "--config", written(folder / "config.json", config)]
    if state is not None:
        command += ["--state", written(folder / "state.json", state)]
    if catalog is not None:
        command += ["--catalog", written(folder / "catalog.json", catalog)]
    return command


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text().split()] if path.exists() else []


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(predicate: Callable[[], bool], timeout_s: float = HANG_S) -> bool:
    """Wait for something that nobody announces; say whether it came in time."""
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not predicate():
        if time.monotonic() >= deadline_s:
            return False
        pause.wait(0.002)
    return True


class Tap:
    """One run of the tap. What it writes is read at once, unless ``reads`` is False.

    Use it in a ``with`` statement: what then still runs is killed.
    """

    def __init__(
        self,
        folder: Path,
        config: object,
        *,
        state: object = None,
        catalog: object = None,
        reads: bool = True,
    ) -> None:
        self._log = folder / f"stderr-{next(_NUMBERS)}.log"
        self._stderr: IO[bytes] = self._log.open("wb")
        self.process = subprocess.Popen(
            arguments(folder, config, state=state, catalog=catalog),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment(folder),
        )
        self.raw: list[bytes] = []
        self._parsed: list[Json] = []
        self._totals: Counter[bytes] = Counter()
        self._at_end = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.receivers: list[int] = []
        if reads:
            self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in (*children(self.process.pid), self.process.pid):
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.read()
        self._thread.join(HANG_S)
        self._stderr.close()
        if self.process.stdout:
            self.process.stdout.close()

    def read(self) -> None:
        """Begin to read what the tap writes."""
        if not self._thread.ident:
            self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = _RECORD.match(line)
            with self._changed:
                self.raw.append(line)
                if found:
                    self._totals[found[1]] += 1
                self._changed.notify_all()
        with self._changed:
            self._at_end = True
            self._changed.notify_all()

    @property
    def messages(self) -> list[Json]:
        """The Singer messages so far. A line that is no JSON fails the test."""
        while len(self._parsed) < len(self.raw):
            self._parsed.append(json.loads(self.raw[len(self._parsed)]))
        return self._parsed

    def records(self, stream: str) -> list[Json]:
        """Return the records of a stream so far."""
        return [
            m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream
        ]

    def ids(self, stream: str = "tweets") -> list[str]:
        """Return the ids of a stream's records so far."""
        return [record["id"] for record in self.records(stream)]

    @property
    def states(self) -> list[Json]:
        """The STATE values so far."""
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def schemas(self) -> dict[str, Json]:
        """The last SCHEMA of each stream."""
        return {m["stream"]: m["schema"] for m in self.messages if m["type"] == "SCHEMA"}

    @property
    def window(self) -> Json:
        """The certificate of this run."""
        (row,) = [one for one in self.records("capture_windows") if not one.get("crashed")]
        return row

    @property
    def stderr(self) -> str:
        """What the tap said so far."""
        return self._log.read_text(errors="replace")

    def says(self, words: str, timeout_s: float = HANG_S) -> None:
        """Wait until the tap has said something on stderr."""
        assert wait_until(lambda: words in self.stderr, timeout_s), self.stderr

    def has(self, posts: int, stream: str = "tweets") -> None:
        """Wait until that many records of a stream have come."""
        name = stream.encode()
        with self._changed:
            self._changed.wait_for(lambda: self._at_end or self._totals[name] >= posts, HANG_S)
            assert self._totals[name] >= posts, self.stderr

    def receiver(self) -> int:
        """Wait for the tap's receiver process and return its id."""
        assert wait_until(lambda: bool(children(self.process.pid))), self.stderr
        self.receivers = children(self.process.pid)
        return self.receivers[0]

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Ask for a stop and return the exit code."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self, timeout_s: float = HANG_S) -> int:
        """Wait for the end, read the rest, and return the exit code."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.stderr) from None
        self.read()
        self._thread.join(HANG_S)
        return code


def capture(folder: Path, config: object, posts: int, **inputs: Any) -> Tap:  # noqa: ANN401 - passed on
    """Run a tap until it has emitted that many posts, stop it as a runner does; it must exit 0."""
    with Tap(folder, config, **inputs) as tap:
        tap.has(posts)
        code = tap.stop()
    assert code == 0, tap.stderr
    return tap


def run(folder: Path, config: object, **inputs: Any) -> tuple[int, Tap]:  # noqa: ANN401 - passed on
    """Run a tap to its own end."""
    with Tap(folder, config, **inputs) as tap:
        return tap.ended(), tap


def one_sentence(tap: Tap, *words: str) -> None:
    """Check that the tap failed with one line a person can act on, and no traceback."""
    said = tap.stderr
    assert "Traceback" not in said
    critical = [line for line in said.splitlines() if "| CRITICAL" in line]
    assert len(critical) == 1, said
    assert all(word in critical[0] for word in words), critical


def command(
    folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Run one command of the tap; return exit code, stdout and stderr."""
    ended = subprocess.run(
        [*COMMAND, *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env=environment(folder, env),
    )
    return ended.returncode, ended.stdout, ended.stderr


def catalog_for(folder: Path, deselected: Sequence[str] = ()) -> Json:
    """Return the tap's own catalog with every stream selected, but for some."""
    code, said, _ = command(folder, "--discover")
    assert code == 0
    catalog: Json = json.loads(said)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] not in deselected
    return catalog
