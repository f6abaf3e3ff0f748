"""The log against a model of it, on a disk that fills, fails, and loses what was not forced (G0).

Mutations: skip an fsync in ``sync``, of a closed segment or of the folder; take a failed fsync
back; let new frames have positions that a crash took back; go on behind a half-written frame;
believe the length of a damaged frame because a sound one follows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tap_twitter_stream.errors import SpoolError
from tap_twitter_stream.spool.entries import Closed, Opened, Stopped, encode
from tap_twitter_stream.spool.folder import segments
from tap_twitter_stream.spool.frames import HEADER_BYTES, Frame, Kind
from tests.spool.disk import Disk
from tests.spool.logs import frames_from, writer

if TYPE_CHECKING:
    from tap_twitter_stream.spool.writer import LogWriter

SEGMENTS_OF_BYTES = 400
ENOSPC, EIO = errno.ENOSPC, errno.EIO
FAULTS = st.sampled_from(
    [
        {"writev": EIO},
        {"writev": ENOSPC},
        {"write": EIO},
        {"fdatasync": EIO},
        {"fdatasync": ENOSPC},
        {"sync_folder": EIO},
        {"replace": ENOSPC},
        {"open": ENOSPC},
        {"unlink": EIO},
        {"write": ENOSPC, "ftruncate": EIO},
    ]
)
Content = tuple[Kind, int, bytes]


class LogMachine(RuleBasedStateMachine):
    """``kept`` is what the page cache shows, ``safe_end`` how far the disk has it for sure."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="log-machine-"))
        self.disk = Disk()
        self.log: LogWriter | None = None
        self.ever: dict[int, Content] = {}  # each frame that was taken, by its position
        self.seen: dict[int, Content] = {}  # each frame that a reader was ever given
        self.kept: list[int] = []
        self.safe_end = 0
        self.broken = False
        self.acknowledged = 0
        self.spool_id: str | None = None
        self.rotten: set[int] = set()  # places of changed bytes
        self._open()

    def teardown(self) -> None:
        self._abandon()
        shutil.rmtree(self.folder)

    def _open(self) -> None:
        self.disk.heal()
        self.log = self._writer()
        assert self.spool_id in {None, self.log.spool_id}
        self.spool_id = self.log.spool_id
        self.broken = False
        self.safe_end = self.log.end
        self.may_go = self.log.start
        self.kept = self._unacknowledged(self.kept)

    def _writer(self) -> LogWriter:
        return writer(
            self.folder,
            max_bytes=4 * SEGMENTS_OF_BYTES,
            durable=True,
            acknowledged=(self.spool_id, self.acknowledged),
            files=self.disk,
        )

    def _unacknowledged(self, positions: list[int]) -> list[int]:
        """Leave out what a start drops: whole files before what STATE says."""
        assert self.log
        dropped_to = min(self.log.start, self.acknowledged)
        return [position for position in positions if position >= dropped_to]

    @rule(free_bytes=st.integers(0, 500))
    def start_on_a_full_disk(self, free_bytes: int) -> None:
        """It may be refused; then nothing is lost by it."""
        self._abandon()
        self.disk.free_bytes = free_bytes
        with contextlib.suppress(SpoolError):
            self.log = self._writer()
            self._abandon()
        self._open()

    def _abandon(self) -> None:
        """End as a killed process does."""
        if self.log:
            os.close(self.log._handle)  # noqa: SLF001 - nobody else knows them
            os.close(self.log._lock_handle)  # noqa: SLF001
            self.log = None

    def _taken(self, position: int, kind: Kind, connection: int, payload: bytes) -> None:
        assert not self.broken, "a frame was taken although an fsync had failed"
        assert position not in self.ever
        self.ever[position] = (kind, connection, payload)
        self.kept.append(position)

    def _refused(self) -> None:
        """On its way to a full disk's end the log may have dropped what was emitted."""
        assert self.log
        self.broken = bool(self.log._broken)  # noqa: SLF001
        self._note_progress()

    def _note_progress(self) -> None:
        """Closed segments are safe, and their frames may go when they were emitted."""
        assert self.log
        assert self.log.start <= self.may_go, "what was not emitted yet is gone"
        self.safe_end = max(self.safe_end, segments(self.folder)[-1].base)
        self.kept = [position for position in self.kept if position >= self.log.start]

    @rule(connection=st.integers(1, 3), payload=st.binary(max_size=150))
    def append(self, connection: int, payload: bytes) -> None:
        assert self.log
        end = self.log.end
        try:
            position = self.log.append(Kind.BYTES, payload, connection=connection)
        except SpoolError:
            assert self.log.end >= end
            self._refused()
            return
        self._taken(position, Kind.BYTES, connection, payload)
        self._note_progress()

    @rule(connection=st.integers(1, 3), kind=st.sampled_from([Kind.OPENED, Kind.CLOSED]))
    def append_entry(self, connection: int, kind: Kind) -> None:
        assert self.log
        entry = {Kind.OPENED: Opened, Kind.CLOSED: Closed}[kind](connection_id="a")
        try:
            position = self.log.append_entry(entry, connection=connection)
        except SpoolError:
            self._refused()
            return
        self._taken(position, kind, connection, encode(entry))
        self._note_progress()

    @rule()
    def sync(self) -> None:
        assert self.log
        dirty = self.log._dirty  # noqa: SLF001
        try:
            self.log.sync()
        except SpoolError:
            self.broken = True
            return
        assert not self.broken, "an fsync was believed after one had failed"
        self.safe_end = self.log.end if dirty else max(self.safe_end, self.log.end)

    @rule(share=st.floats(0, 1), room=st.booleans())
    def emit(self, share: float, room: bool) -> None:  # noqa: FBT001 - whether the bound is tried
        assert self.log
        if not self.kept:
            return
        position = self.kept[int(share * (len(self.kept) - 1))]
        self.may_go = max(self.may_go, position)
        if room:
            self.log.emitted(position)
        try:
            self.log.has_room() if room else self.log.drop_before(position)
        except SpoolError:
            self.broken = True
        self._note_progress()

    @rule(fault=FAULTS)
    def break_one_call(self, fault: dict[str, int]) -> None:
        self.disk.fails = dict(fault)

    @rule(free_bytes=st.integers(0, 500))
    def fill_disk(self, free_bytes: int) -> None:
        self.disk.free_bytes = free_bytes

    @rule(most_bytes=st.integers(1, 60))
    def write_in_pieces(self, most_bytes: int) -> None:
        self.disk.most_bytes = most_bytes

    @rule()
    def heal(self) -> None:
        self.disk.heal()

    @rule()
    def kill(self) -> None:
        """The process dies; the kernel keeps what it was given."""
        self._abandon()
        self._open()

    @rule()
    def stop(self) -> None:
        """The run ends as it should, if the disk lets it."""
        assert self.log
        position = self.log.end
        outcome = Stopped(reason="stop")
        with contextlib.suppress(SpoolError):
            self.log.finish(outcome)
        self._note_progress()  # it may have needed room
        # A new segment may have begun before it. When the last fsync failed it is of no account.
        last = frames_from(self.folder)[-1]
        if last.kind is Kind.STOPPED and last.position >= position:
            self.broken = False
            self._taken(last.position, Kind.STOPPED, 0, last.payload)
        if self.log._handle < 0:  # noqa: SLF001
            self.log = None
        self._abandon()
        self._open()

    @rule(seed=st.integers(0, 2**32), kind=st.sampled_from(["old", "torn", "mixed"]))
    def cut_power(self, seed: int, kind: str) -> None:
        """The machine dies: what was not forced to disk is there in part, or not at all."""
        safe = [
            one
            for one in self.kept
            if self._end_of(one) <= self.safe_end and self.ever[one][0] is not Kind.STOPPED
        ]
        self._abandon()
        self.disk.cut_power(random.Random(seed), kind=kind)
        self._open()
        found = [frame.position for frame in self._frames(0)]
        assert set(self._unacknowledged(safe)) <= set(found), "what was forced to disk is gone"
        assert set(found) <= set(self.kept), "what was never there came up"
        self.kept = found

    @rule(share=st.floats(0, 1), change=st.integers(1, 255))
    def rot(self, share: float, change: int) -> None:
        """One byte of a file changes while nobody runs: its frame is lost, and told of."""
        self._abandon()
        found = segments(self.folder)
        segment = found[int(share * (len(found) - 1))]
        content = bytearray(segment.path.read_bytes())
        at = int(share * (len(content) - 1))
        if segment.base + at in self.rotten:  # a second change could make it sound
            self._open()
            return
        self.rotten.add(segment.base + at)
        content[at] ^= change
        self._adopt(segment.path, bytes(content))
        self._open()
        hit = segment.base + at
        self.kept = [one for one in self.kept if not one <= hit < self._end_of(one)]

    @precondition(lambda self: self.kept)
    @rule(share=st.floats(0, 1), more=st.integers(1, 4))
    def rot_a_length(self, share: float, more: int) -> None:
        """A frame's length comes to reach to the end of a later one."""
        self._abandon()
        at = int(share * (len(self.kept) - 1))
        position = self.kept[at]
        segment = [one for one in segments(self.folder) if one.base <= position][-1]
        ends = [self._end_of(one) for one in self.kept[at + 1 :]][:more]
        end = max([end for end in ends if end <= segment.end], default=segment.end + more)
        content = bytearray(segment.path.read_bytes())
        length = (end - position - HEADER_BYTES).to_bytes(4, "little")
        self.rotten |= {*range(position, position + len(length))}
        offset = position - segment.base
        content[offset : offset + len(length)] = length
        self._adopt(segment.path, bytes(content))
        self._open()
        self.kept = [one for one in self.kept if one != position]

    def _adopt(self, path: Path, content: bytes) -> None:
        """Put a changed file onto the disk, beside the others as they are shown."""
        contents = {one.path: one.path.read_bytes() for one in segments(self.folder)}
        meta = self.folder / "spool.json"
        self.disk.adopt({**contents, path: content, meta: meta.read_bytes()})

    @rule(back=st.one_of(st.integers(0, 900), st.integers(0, 10**6)))
    def remember(self, back: int) -> None:
        """A STATE of some time, that later runs are given."""
        assert self.log
        self.acknowledged = max(0, self.log.end - back)

    @precondition(lambda self: self.ever)
    @rule(share=st.floats(0, 1))
    def read_from_an_old_position(self, share: float) -> None:
        positions = sorted(self.ever)
        position = positions[int(share * (len(positions) - 1))]
        found = [frame for frame in self._frames(position) if frame.position >= position]
        assert [one.position for one in found] == [one for one in self.kept if one >= position]

    @invariant()
    def readers_get_what_was_taken(self) -> None:
        assert [frame.position for frame in self._frames(0)] == self.kept

    def _end_of(self, position: int) -> int:
        return position + HEADER_BYTES + len(self.ever[position][2])

    def _frames(self, position: int) -> list[Frame]:
        """Read the log; no byte may come twice, and no position may name anything new."""
        frames = frames_from(self.folder, position)
        end = 0
        for frame in frames:
            assert frame.payload_position >= end, "something is read twice"
            end = frame.end
            if frame.kind is not Kind.CORRUPT:
                content = (frame.kind, frame.connection, frame.payload)
                assert self.seen.setdefault(frame.position, content) == content
                if frame.kind is not Kind.CONTEXT:
                    assert self.ever[frame.position] == content, "altered or invented"
        hidden = {Kind.CORRUPT, Kind.CONTEXT}
        return [frame for frame in frames if frame.kind not in hidden]


TestLog = LogMachine.TestCase
LONG_EXAMPLES = os.environ.get("TAP_LOG_EXAMPLES")
TestLog.settings = settings(
    max_examples=int(LONG_EXAMPLES or "40"),
    derandomize=not LONG_EXAMPLES,  # the short form is the same each time, the long one explores
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
