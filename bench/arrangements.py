"""One stream from socket to stdout, with receiver and emitter arranged in three ways.

``python -m bench.arrangements HOW STREAM_URL TOKEN FOLDER WORK`` reads to the response's end. HOW
is ``inline`` (one loop does both), ``thread`` or ``process``; WORK is ``none``, ``map`` or
``call``. All three run the product's own connection, log, replay and output; only who calls whom
differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from bench.corpus import HEAD, STREAM_NAMES, WINDOW, open_url
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.spool.entries import Stopped
from tap_twitter_stream.spool.frames import Kind
from tap_twitter_stream.spool.writer import LogWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.wire.stamps import Stamp

_SYNC_S = 0.2
_PATIENCE_S = 30.0
_MAP_S = 0.001
_LONG_CALL_EVERY = 100
_LONG_CALL_RANGE = 3_000_000


def receive(url: str, token: str, folder: Path, ring: Callable[[], None]) -> None:
    """Move the stream into the log, durably, until the response ends."""
    clock = Clock()
    log = LogWriter(folder, max_bytes=8 << 30, durable=True, clock=clock, ring=ring)
    threading.Thread(target=_keep_synced, args=(log, clock), daemon=True).start()
    log.append_entry(WINDOW)
    wake_handle, _wake_end = os.pipe()
    with requests.Session() as session:
        stream = open_url(session, url, f"Bearer {token}", wake_handle)
        connection = log.append_entry(HEAD)
        while isinstance(got := stream.read(_PATIENCE_S), bytes):
            if got:
                log.append(Kind.BYTES, got, connection=connection)
        stream.close()
    log.append_entry(Stopped(reason="stop"))
    clock.stop()


def _keep_synced(log: LogWriter, clock: Clock) -> None:
    while not clock.wait(_SYNC_S):
        log.sync()


class Emitting:
    """The reading side: whatever the log has gained goes to stdout."""

    def __init__(self, folder: Path, work: str) -> None:
        # The receiver's own process must not pay for the SDK, so it is imported here.
        from tap_twitter_stream.emit.emitter import Emitter  # noqa: PLC0415
        from tap_twitter_stream.emit.lanes import RawLane  # noqa: PLC0415
        from tap_twitter_stream.emit.output import Output  # noqa: PLC0415
        from tap_twitter_stream.policy.dedupe import Dedupe  # noqa: PLC0415
        from tap_twitter_stream.replay.options import ReplayOptions  # noqa: PLC0415
        from tap_twitter_stream.replay.replay import Replay  # noqa: PLC0415
        from tap_twitter_stream.spool.reader import LogReader  # noqa: PLC0415

        class Laborious(RawLane):
            """Works on each post as a stream map would."""

            def write(self, raw: bytes, stamp: Stamp, parts: list[bytes | memoryview]) -> int:
                labour()
                return super().write(raw, stamp, parts)

        labour = Labour(work)
        lanes = {name: RawLane(name) for name in STREAM_NAMES}
        if work != "none":
            lanes["tweets"] = Laborious("tweets")
        self._output = Output()
        options = ReplayOptions(spool_id="bench", max_line_bytes=4 << 20)
        self._replay = Replay(
            options, Emitter(self._output, lanes), Dedupe(3600.0, 1_000_000), None
        )
        self._open_reader = partial(LogReader, folder, 0, verify_before=0)
        self._reader: LogReader | None = None

    @property
    def finished(self) -> bool:
        """Whether the log's last frame was seen."""
        return self._replay.ended is not None

    def step(self) -> None:
        """Emit all that the log has."""
        self._reader = self._reader or self._open_reader()
        while frames := self._reader.read():
            for frame in frames:
                self._replay.handle(frame)
            while not self._output.push(1.0):
                pass


class Labour:
    """CPU time spent in Python for each post, as by a stream map."""

    def __init__(self, work: str) -> None:
        self._calls = work == "call"
        self._count = 0

    def __call__(self) -> None:
        """Work for one post."""
        self._count += 1
        ends_s = time.thread_time() + _MAP_S
        while time.thread_time() < ends_s:
            pass
        if self._calls and self._count % _LONG_CALL_EVERY == 0:
            sum(range(_LONG_CALL_RANGE))  # one call into C: the interpreter lock stays taken


def inline(url: str, token: str, folder: Path, work: str) -> None:
    """Emit between two reads from the socket."""
    emitting = Emitting(folder, work)
    receive(url, token, folder, emitting.step)


def thread(url: str, token: str, folder: Path, work: str) -> None:
    """Receive in a thread, emit in the main one."""
    emitting = Emitting(folder, work)
    rung = threading.Event()
    worker = threading.Thread(target=receive, args=(url, token, folder, rung.set))
    worker.start()
    while not emitting.finished:
        rung.wait()
        rung.clear()
        emitting.step()
    worker.join()


def process(url: str, token: str, folder: Path, work: str) -> None:
    """Receive in a process of its own, emit here."""
    command = [sys.executable, "-m", "bench.arrangements", "receive", url, token, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as receiver:
        assert receiver.stdout is not None  # noqa: S101 - asked for above
        emitting = Emitting(folder, work)
        while not emitting.finished and os.read(receiver.stdout.fileno(), 65536):
            emitting.step()


def receive_and_ring(url: str, token: str, folder: Path) -> None:
    """Be the receiver's process: a byte on stdout whenever the log has grown."""
    os.set_blocking(1, False)

    def ring() -> None:
        try:
            os.write(1, b".")
        except BlockingIOError:
            return  # a full pipe rings already

    receive(url, token, folder, ring)


ARRANGEMENTS = {"inline": inline, "thread": thread, "process": process}

if __name__ == "__main__":
    how, given_url, given_token, given_folder = sys.argv[1:5]
    if how == "receive":
        receive_and_ring(given_url, given_token, Path(given_folder))
    else:
        ARRANGEMENTS[how](given_url, given_token, Path(given_folder), sys.argv[5])
