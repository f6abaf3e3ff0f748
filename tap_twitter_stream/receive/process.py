"""The receiver process: from X's sockets into the event log, and nothing else.

It is a process of its own so that neither a slow target nor slow Python (stream maps, a large
decode) ever delays the next read from the socket. It imports no Singer SDK, so it is up in a
fraction of a second and small.

Standard input: one JSON object (see ``Order``), then commands, a line each: ``stop``, or
``emitted POSITION``. The end of standard input is a stop: when the tap dies, however it dies, the
receiver stores what it has and goes. Standard output: one JSON object (see ``Hello``), then one
byte whenever the log has grown.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import shutil
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tap_twitter_stream.api.redact import guard_tracebacks, install
from tap_twitter_stream.clock import Clock
from tap_twitter_stream.coverage.fill_plan import FillOrder
from tap_twitter_stream.disk import REAL_FILES
from tap_twitter_stream.errors import ApiError, CaptureFailedError, SpoolError, StopRequestedError
from tap_twitter_stream.policy.governor import Fatal, Governor
from tap_twitter_stream.receive.endpoint_loop import Receiver, Target
from tap_twitter_stream.receive.gap_filler import GapFiller, Means
from tap_twitter_stream.receive.latest_state import remember
from tap_twitter_stream.receive.prepare import Prepared, gap_means, prepare, record_rules
from tap_twitter_stream.receive.protocol import Hello, Order
from tap_twitter_stream.receive.recovery import Recovery
from tap_twitter_stream.receive.resume import resume_position
from tap_twitter_stream.receive.stop import StopRequest
from tap_twitter_stream.receive.waiting_log import WaitingLog
from tap_twitter_stream.spool.entries import ORPHANED, Stopped, Window
from tap_twitter_stream.spool.writer import LogWriter

if TYPE_CHECKING:
    from tap_twitter_stream.settings.values import Settings

_JOIN_S = 0.6  # G6 gives a second to close sockets and force the log to disk
_RETENTION_CHECK_S = 60.0

logger = logging.getLogger(__name__)


class ReceiverProcess:
    """Owns the log's writer, the connections' threads and the REST calls."""

    def __init__(self, order: Order, ring_handle: int) -> None:
        self._order = order
        self._settings = order.settings
        self._ring_handle = ring_handle
        self._stop = StopRequest()
        self._clock = Clock(self._stop.event)
        self._numbers = itertools.count(1)
        state = order.state
        self._log = LogWriter(
            Path(order.folder),
            max_bytes=order.max_bytes,
            durable=order.durable,
            clock=self._clock,
            ring=self._ring,
            acknowledged=(state.spool_id, state.read_from) if state else (None, None),
        )
        self._filler = GapFiller(self._log, self._clock)

    def hello(self) -> Hello:
        """Choose the reader's start and drop what STATE acknowledges."""
        log = self._log
        state = self._order.state
        position, note = resume_position(state, log, self._settings.spool.without_state)
        latest = remember(Path(self._order.folder), log.spool_id, state)
        if state:
            log.drop_before(min(position, log.opened_at))
        return Hello(log.spool_id, log.start, log.opened_at, position, note, latest=latest)

    def run(self) -> None:
        """Receive until a stop or until every connection has given up."""
        window = Window(
            window_id=self._order.window_id,
            started_at_us=self._clock.now_us(),
            endpoints=self._settings.endpoints,
            lines=tuple(
                (name, partition)
                for name in self._settings.endpoints
                for partition in self._settings.partitions[name] or (0,)
            ),
            tap_version=self._order.tap_version,
            spool_id=self._log.spool_id,
            durable=self._order.durable,
        )
        try:
            self._log.append_entry(window)
        except SpoolError as error:
            self._stop.fail(str(error))
            self._finish()
            return
        threading.Thread(target=self._obey, name="commands", daemon=True).start()
        threading.Thread(target=self._keep_synced, name="fsync", daemon=True).start()
        worker = threading.Thread(target=self._capture, name="capture", daemon=True)
        worker.start()
        self._stop.wait()
        # A thread inside a connect cannot be interrupted; its socket dies with us.
        worker.join(_JOIN_S)
        self._finish()

    def _capture(self) -> None:
        try:
            self._connect_all()
        except StopRequestedError:
            pass
        except (ApiError, SpoolError) as error:
            self._stop.fail(str(error))
        except CaptureFailedError as error:
            self._stop.fail(f"{error.reason} {error.remedy}")
        except Exception as error:  # the process's edge: the tap has to hear of it
            logger.exception("The receiver failed")
            self._stop.fail(f"The receiver failed ({type(error).__name__}). Please report it.")
        finally:
            self._stop.ask()

    def _connect_all(self) -> None:
        """Prepare by REST, then run one loop an endpoint until all have ended, or one failed."""
        prepared, rest = prepare(self._settings, self._clock)
        rules = record_rules(self._settings, rest, WaitingLog(self._log, self._clock, "rules"))
        missing = {(name, part): since_us for name, part, since_us in self._order.missing}
        receivers = [
            self._receiver(prepared, one, missing.get((one.endpoint, one.partition)))
            for one in prepared.targets
        ]
        means = gap_means(
            self._settings,
            prepared,
            rules,
            WaitingLog(self._log, self._clock, "gap filling"),
            self._next_id,
            recovery=Recovery(partial(self._receiver, prepared), self._clock),
        )
        ended: queue.SimpleQueue[Receiver] = queue.SimpleQueue()
        for one in receivers:
            threading.Thread(target=_stay_connected, args=(one, ended), daemon=True).start()
        threading.Thread(target=self._fill_gaps, args=(means,), name="gaps", daemon=True).start()
        for _ in receivers:
            if fatal := ended.get().fatal:
                self._stop.fail(f"{fatal.reason} {fatal.remedy}".strip())

    def _receiver(
        self, prepared: Prepared, target: Target, missing_since_us: int | None = None
    ) -> Receiver:
        return Receiver(
            target,
            session=partial(prepared.session, target),
            log=self._log,
            budget=prepared.budget(target),
            governor=Governor(
                max_retries=self._settings.network.max_retries, endpoint=target.endpoint
            ),
            clock=self._clock,
            next_id=self._next_id,
            wake_handle=self._stop.wake_handle,
            hunter=prepared.hunter,
            missing_since_us=missing_since_us,
        )

    def _next_id(self) -> str:
        return f"{self._order.window_id}-{next(self._numbers)}"

    def _fill_gaps(self, means: Means) -> None:
        """Fill gaps until the end; one that fails is left to the next run."""
        while not self._clock.stopped:
            try:
                self._filler.run(means)
            except SpoolError as error:  # noqa: PERF203 - the streams see to it that the run ends
                logger.warning("Filling a gap failed; the next run tries again. %s", error)
            except Exception:  # the thread's edge: live streams must not end for it
                logger.exception("Filling a gap failed; the next run tries again")

    def _finish(self) -> None:
        try:
            self._log.finish(self._stop.outcome)
        except SpoolError as error:
            self._say_last(self._stop.outcome.fatal or str(error))
        if self._stop.outcome.reason == ORPHANED and not self._order.durable:
            shutil.rmtree(self._order.folder, ignore_errors=True)  # nobody else will

    def _say_last(self, words: str) -> None:
        """Tell the tap by its pipe what the log cannot hold any more: why the capture ended."""
        with suppress(OSError):
            os.set_blocking(self._ring_handle, True)  # the tap takes the rings until we are gone
            os.write(self._ring_handle, b"\n" + words.encode())

    def _obey(self) -> None:
        for line in sys.stdin.buffer:
            command, _, argument = line.strip().partition(b" ")
            if command == b"stop":
                self._stop.ask()
            elif command == b"emitted":
                self._log.emitted(int(argument))
            elif command == b"fill":
                self._filler.order(msgspec.json.decode(argument, type=FillOrder))
        if not self._clock.stopped:
            self._stop.ask(Stopped(reason=ORPHANED))

    def _keep_synced(self) -> None:
        spool = self._settings.spool
        checked_s = self._clock.monotonic_s()
        while not self._clock.wait(spool.fsync_ms / 1000):
            try:
                self._log.sync()
                if self._clock.monotonic_s() - checked_s > _RETENTION_CHECK_S:
                    checked_s = self._clock.monotonic_s()
                    self._log.drop_older_than(spool.retention_s)
            except SpoolError as error:  # noqa: PERF203 - five times a second
                self._stop.fail(str(error))
                return

    def _ring(self) -> None:
        # A full pipe already holds a byte that the reader has not seen; a closed one has no reader.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._ring_handle, b".")


def _stay_connected(receiver: Receiver, ended: queue.SimpleQueue[Receiver]) -> None:
    """Run one endpoint's loop in its thread; whatever ends the thread early ends the run."""
    try:
        receiver.run()
    except SpoolError as error:
        receiver.fatal = Fatal(str(error), "")
    except Exception as error:  # the thread's edge: a silent end would look like a finished run
        logger.exception("The receiver failed")
        receiver.fatal = Fatal(
            f"The receiver failed ({type(error).__name__}).", "Please report it."
        )
    finally:
        ended.put(receiver)


def main() -> None:
    """Run as ``python -m tap_twitter_stream.receive.process``."""
    # Ctrl-C reaches the whole foreground group; the tap decides when receiving ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    guard_tracebacks(order.settings)
    ring_handle = os.dup(1)
    os.dup2(2, 1)  # nothing else may write among the rings
    _set_up_logging(order.settings)
    try:
        process = ReceiverProcess(order, ring_handle)
        hello = process.hello()
    except SpoolError as error:
        os.write(ring_handle, msgspec.json.encode(Hello(error=str(error))) + b"\n")
        return
    REAL_FILES.write_all(ring_handle, msgspec.json.encode(hello) + b"\n")
    os.set_blocking(ring_handle, False)
    process.run()
    os._exit(0)  # closes the sockets of threads that are still inside a connect


def _set_up_logging(settings: Settings) -> None:
    level = os.environ.get("TAP_TWITTER_STREAM_LOGLEVEL", os.environ.get("LOGLEVEL", "INFO"))
    logging.basicConfig(
        stream=sys.stderr,
        level=level.upper() if isinstance(logging.getLevelName(level.upper()), int) else "INFO",
        format="%(asctime)s | %(levelname)-8s | tap-twitter-stream.receiver    | %(message)s",
    )
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    logging.getLogger("oauthlib").setLevel(logging.WARNING)  # its debug lines hold the secrets
    logging.getLogger("requests_oauthlib").setLevel(logging.WARNING)
    install(settings)


if __name__ == "__main__":
    main()
