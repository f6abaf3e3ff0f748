"""Random lives of a log: each post is in a table or in a gap, and no instant is in two gaps (G4).

Runs that are killed or stopped, messages that come in halves, two copies, pauses after which old
bytes are read, files that a full disk takes, STATEs that are old or lost: through the real writer,
the real choice of a beginning, and a replay. What was sent is noted apart: the own books are no
witness. ``TAP_LIVES`` says how many lives (60), ``TAP_SEED`` the seed of the first.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tap_twitter_stream.capture.live_source import resumed
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.instants import iso
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.receive.latest_state import remember
from tap_twitter_stream.receive.protocol import Hello
from tap_twitter_stream.receive.resume import resume_position
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.settings.values import WithoutState
from tap_twitter_stream.spool.entries import Stopped
from tap_twitter_stream.spool.frames import Kind, by_line
from tap_twitter_stream.spool.reader import LogReader
from tests.fakes import FakeClock
from tests.replay.test_replay import STREAMS, handed_over
from tests.spool.logs import abandon, note, writer

if TYPE_CHECKING:
    from pathlib import Path

    from tap_twitter_stream.coverage.gaps import Line
    from tap_twitter_stream.spool.writer import LogWriter
    from tap_twitter_stream.state import CaptureState

LINES: tuple[Line, ...] = (("sample10", 1), ("filtered", 0))
LIVES = int(os.environ.get("TAP_LIVES", "60"))
FIRST = int(os.environ.get("TAP_SEED", "1"))
STEPS = ("open", "post", "post", "half", "half", "keep-alive", "close", "refused", "read", "drop")
RICH_STEPS = (*STEPS, "copy", "close copy", "pause", "resume")


@dataclass(frozen=True)
class Runner:
    """What a runner brings as STATE, and how careful the tap is."""

    loses: float = 0.0  # how often it brings none
    goes_back: float = 0.0  # how often it brings one that it brought before
    discards: bool = False  # what is there is left out without a STATE
    by_line: bool = False
    steps: tuple[str, ...] = STEPS


RUNNERS = {
    "brings the last STATE": Runner(),
    "loses STATE": Runner(loses=0.4),
    "brings an old STATE": Runner(goes_back=0.5),
    "brings an old STATE, line by line": Runner(goes_back=0.5, by_line=True),
    "loses STATE and discards": Runner(loses=0.4, discards=True),
    "brings the last STATE of copies that pause": Runner(steps=RICH_STEPS),
    "loses STATE of copies that pause": Runner(loses=0.4, steps=RICH_STEPS),
}


class Run:
    """The tap's side of a run: where it begins, what it emits, the STATEs it writes."""

    def __init__(
        self, log: LogWriter, folder: Path, state: CaptureState | None, *, discards: bool
    ) -> None:
        without = WithoutState.DISCARD if discards else WithoutState.REPLAY
        resume, _ = resume_position(state, log, without)
        latest = remember(folder, log.spool_id, state)
        if state:
            log.drop_before(min(resume, log.opened_at))
        hello = Hello(log.spool_id, log.start, log.opened_at, resume, latest=latest)
        state, emitted = resumed(state, hello)
        self._output = Output()
        options = ReplayOptions(
            log.spool_id,
            max_line_bytes=512,
            own_from=hello.end,
            log_continues=emitted is not None,
            latest=hello.latest,
        )
        emitter = Emitter(self._output, {name: RawLane(name) for name in STREAMS})
        self.replay = Replay(options, emitter, Dedupe(0, 1), state)
        self.replay.position = state.position if state else resume
        self._reader = LogReader(folder, resume, verify_before=10**15)
        self.states: list[tuple[CaptureState, int]] = []

    def read(self, chance: random.Random, *, lines: bool) -> None:
        """Read what is there, and write a STATE now and then and at the end."""
        while frames := self._reader.read():
            for frame in frames if not lines else [one for each in frames for one in by_line(each)]:
                self.replay.handle(frame)
                if chance.random() < 0.3:
                    self._export()
        self._export()

    def _export(self) -> None:
        self.states.append((handed_over(self.replay.export()), len(self._output.parts)))

    def close(self) -> None:
        self._reader.close()

    def rows(self, parts: int | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows of the first parts of the output."""
        lines = b"".join(self._output.parts[:parts]).split(b"\n")
        messages = [json.loads(line) for line in lines if line]
        return [(one["stream"], one["record"]) for one in messages]


@dataclass
class Socket:
    """A connection, and what X has sent into it while nobody read."""

    number: int
    paused_us: int = 0
    behind_us: int = 0  # since when what is read may be old
    waiting: list[bytes] = field(default_factory=list)
    rest: bytes = b""  # of a message whose first half came

    def pause(self, at_us: int) -> None:
        self.paused_us = self.paused_us or self.behind_us or at_us


@dataclass
class Life:
    """A log, the tables that its rows went into, and what X had sent."""

    folder: Path
    runner: Runner
    seed: int
    clock: FakeClock = field(default_factory=FakeClock)
    posts: list[tuple[Line, str, int]] = field(default_factory=list)  # line, id, when it was sent
    stored: set[str] = field(default_factory=set)
    gaps: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: list[CaptureState] = field(default_factory=list)
    brought: list[CaptureState] = field(default_factory=list)

    def live(self) -> None:
        self.chance = random.Random(self.seed)
        for number in range(self.chance.randint(2, 4)):
            self._run(f"w{number}")
        log, run = self._begin("last")
        for line in LINES:
            self.clock.advance(1)
            note(log, Kind.OPENED, self._head(line))
        abandon(log)
        run.read(self.chance, lines=False)
        run.close()
        self._store(run.rows())

    def _begin(self, name: str) -> tuple[LogWriter, Run]:
        self.clock.advance(1)
        state = self._state()
        place = (state.spool_id, state.read_from) if state else (None, None)
        self.log = log = writer(
            self.folder, clock=self.clock, max_bytes=4_000, durable=True, acknowledged=place
        )
        window = {"window_id": name, "started_at_us": self.clock.now_us()}
        note(log, Kind.WINDOW, {**window, "lines": [list(line) for line in LINES]})
        return log, Run(log, self.folder, state, discards=self.runner.discards)

    def _state(self) -> CaptureState | None:
        if not self.states or self.chance.random() < self.runner.loses:
            return None
        if not self.brought or self.chance.random() >= self.runner.goes_back:
            self.brought.append(self.states[-1])
            return self.states[-1]
        return self.chance.choice(self.brought)

    def _run(self, name: str) -> None:
        log, run = self._begin(name)
        self._sockets: dict[Line, list[Socket]] = {line: [] for line in LINES}
        for _ in range(self.chance.randint(3, 40)):
            self.clock.advance(self.chance.choice([0.3, 1.3, 2.3]))
            self._step(run)
        if self.chance.random() < 0.3:
            for line, sockets in self._sockets.items():
                while sockets:
                    self._close(line, sockets[0], "stopped_by_us")
            log.finish(Stopped(reason="stop"))
            run.read(self.chance, lines=self.runner.by_line)
        else:
            abandon(log)
        run.close()
        if run.states:  # the target gets as far as one of them
            state, parts = self.chance.choice(run.states)
            self._store(run.rows(parts))
            self.states.append(state)

    def _step(self, run: Run) -> None:
        line, what = self.chance.choice(LINES), self.chance.choice(self.runner.steps)
        match what:
            case "read":
                run.read(self.chance, lines=self.runner.by_line)
            case "drop":  # what was emitted makes room on a full disk, acknowledged or not
                self.log.drop_before(run.replay.export().read_from)
            case "refused":
                end = {"ending": {"kind": "http_refused"}, "closed_at_us": self.clock.now_us()}
                note(self.log, Kind.CLOSED, {**self._head(line), **end})
            case _:
                self._go_on(line, what, self._sockets[line])

    def _go_on(self, line: Line, what: str, sockets: list[Socket]) -> None:
        match what:
            case "open" if not sockets:
                self._open(line)
            case "copy" if len(sockets) == 1 and not sockets[0].rest:
                self._open(line)
            case "post" | "half" | "keep-alive" if sockets:
                self._send(line, what)
            case "close" if sockets:
                self._close(line, sockets[0], "closed_by_server")
            case "close copy" if len(sockets) > 1:
                self._close(line, sockets[1], "closed_by_server")
            case "pause" if sockets:
                self.chance.choice(sockets).pause(self.clock.now_us())
            case "resume" if sockets:
                self._resume(self.chance.choice(sockets))

    def _open(self, line: Line) -> None:
        self._sockets[line].append(Socket(note(self.log, Kind.OPENED, self._head(line))))

    def _send(self, line: Line, what: str) -> None:
        """Send to one, or the same post to both; a message in halves only to a single one."""
        first, *copies = self._sockets[line]
        if not copies:
            self._receive(first, self._piece(line, first, what))
        elif what == "keep-alive":
            self._receive(self.chance.choice([first, *copies]), b"\r\n")
        else:
            post = self._piece(line, first, "post")
            for socket in (first, *copies):
                self._receive(socket, post)

    def _piece(self, line: Line, socket: Socket, what: str) -> bytes:
        sent = socket.rest + b"\r\n" if socket.rest else b""
        socket.rest = b""
        if what == "keep-alive" or (sent and what == "post"):
            return sent or b"\r\n"
        post_id = str(len(self.posts) + 1)
        self.posts.append((line, post_id, self.clock.now_us()))
        post = b'{"data":{"id":"%s","text":"a"}}' % post_id.encode()
        if what == "post":
            return post + b"\r\n"
        socket.rest = post[10:]
        return sent + post[:10]

    def _receive(self, socket: Socket, data: bytes) -> None:
        if socket.paused_us:
            socket.waiting.append(data)
            return
        if socket.behind_us and self.chance.random() < 0.4:
            socket.behind_us = 0
            note(self.log, Kind.BEHIND, {"behind_us": None}, connection=socket.number)
        self.log.append(Kind.BYTES, data, connection=socket.number)

    def _resume(self, socket: Socket, most: int | None = None) -> None:
        """Read what has waited, or the first of it: X has cut off the rest."""
        if socket.paused_us:
            socket.behind_us, socket.paused_us = socket.paused_us, 0
            waiting, socket.waiting = socket.waiting[:most], []
            if waiting:
                behind = {"behind_us": socket.behind_us}
                note(self.log, Kind.BEHIND, behind, connection=socket.number)
            for data in waiting:
                self.log.append(Kind.BYTES, data, connection=socket.number)

    def _close(self, line: Line, socket: Socket, kind: str) -> None:
        self._sockets[line].remove(socket)
        self._resume(socket, self.chance.randint(0, len(socket.waiting)))
        end = {"ending": {"kind": kind}, "closed_at_us": self.clock.now_us()}
        if socket.behind_us:
            end["behind_us"] = socket.behind_us
        note(self.log, Kind.CLOSED, {**self._head(line), **end}, connection=socket.number)

    def _head(self, line: Line) -> dict[str, Any]:
        head = {"endpoint": line[0], "partition": line[1], "http_status": 200}
        return {**head, "connection_id": "c", "opened_at_us": self.clock.now_us()}

    def _store(self, rows: list[tuple[str, dict[str, Any]]]) -> None:
        for stream, row in rows:
            if stream == "tweets":
                self.stored.add(row["id"])
            elif stream == "capture_gaps":
                self.gaps[row["gap_id"]] = row


def check(life: Life) -> None:
    """Every post is stored or in a gap, and gaps of a line share no time."""
    spans: dict[Line, list[tuple[str, str]]] = defaultdict(list)
    for row in life.gaps.values():
        line = row["endpoint"], row.get("partition") or 0
        spans[line].append((row["started_at"], row["ended_at"]))
    for line, post_id, sent_us in life.posts:
        # A gap begins with the instant of the last byte, which a post may share.
        instants = (iso(sent_us), iso(sent_us - 1))
        told = any(start <= at < end for start, end in spans[line] for at in instants)
        assert post_id in life.stored or told, (line, post_id, iso(sent_us), sorted(spans[line]))
    for some in spans.values():
        for (_, end), (start, _) in pairwise(sorted(some)):
            assert end <= start, sorted(some)


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS.keys())
def test_each_post_is_stored_or_in_one_gap(tmp_path: Path, runner: Runner) -> None:
    """Mutations: forget in STATE that frames are gone; let old bytes show that one copy lived."""
    for seed in range(FIRST, FIRST + LIVES):
        life = Life(tmp_path / str(seed), runner, seed)
        life.folder.mkdir()
        print(f"TAP_SEED={seed}")  # noqa: T201 - what plays a failure again
        life.live()
        check(life)
