"""Read an archive in this process, one frame after the other, and look at what came out."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import tarfile
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.archive.files import find_files
from tap_twitter_stream.archive.frames import Walk
from tap_twitter_stream.archive.messages import ArchiveDelivery
from tap_twitter_stream.archive.place import from_state, start_from
from tap_twitter_stream.archive.position_map import Trail
from tap_twitter_stream.archive.source import began_at, kept
from tap_twitter_stream.emit.emitter import Emitter
from tap_twitter_stream.emit.lanes import RawLane
from tap_twitter_stream.emit.output import Output
from tap_twitter_stream.policy.dedupe import Dedupe
from tap_twitter_stream.replay.options import ReplayOptions
from tap_twitter_stream.replay.replay import Replay
from tap_twitter_stream.spool.entries import Window
from tap_twitter_stream.state import CaptureState, from_bookmark
from tap_twitter_stream.wire.endpoints import ARCHIVE, COMMON_STREAMS, ENDPOINTS
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Json = dict[str, Any]
STREAMS = (*COMMON_STREAMS, *ENDPOINTS[ARCHIVE].streams)
WINDOW = Window(window_id="w", started_at_us=1, endpoints=(ARCHIVE,))
NOTHING = CaptureState(spool_id="", position=0)


class Reading:
    """One run over an archive.

    Args:
        paths: As in `archive_paths`.
        state: Of an earlier run, as a runner kept it.
        frames_total: Stop after so many frames; None for all.
        max_records: As the setting.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that a test varies
        self,
        paths: Sequence[Path],
        state: CaptureState | None = None,
        *,
        frames_total: int | None = None,
        max_records: int | None = None,
        dedupe: int = 0,
        raw: bool = False,
    ) -> None:
        base = state or NOTHING
        place, complaint = from_state(base.archive)
        assert not complaint
        start = start_from(place, find_files([str(path) for path in paths]))
        self.notes = start.notes
        self._base, self._trail = base, Trail(start.at, place.position)
        self.output = Output()
        self.emitter = Emitter(self.output, {name: RawLane(name) for name in STREAMS})
        options = ReplayOptions("log", 1 << 20, max_records=max_records, raw_messages=raw)
        memory = Dedupe(3600, dedupe) if dedupe else Dedupe(0, 1)
        delivery = ArchiveDelivery(options, self.emitter, memory)
        begun = began_at(start.at, "log", place.position, base)
        self.replay = Replay(options, self.emitter, memory, begun, delivery)
        self.first_mark = self.replay.export().mark
        # By this clock it is 2027, later than anything that the simulator posts.
        frames = Walk(start, self._trail, WINDOW, FakeClock(), place.position).frames()
        self.frames_total = 0
        for frame in frames:
            if self.frames_total == frames_total:
                break
            self.replay.handle(frame)
            self.frames_total += 1
            if self.replay.full:
                break
        frames.close()  # type: ignore[attr-defined]

    @property
    def rows(self) -> list[tuple[str, Json]]:
        """Every record with its stream."""
        messages = [json.loads(line) for line in b"".join(self.output.parts).splitlines()]
        return [(one["stream"], one["record"]) for one in messages]

    def records(self, stream: str) -> list[Json]:
        """Return the records of one stream."""
        return [record for name, record in self.rows if name == stream]

    @property
    def state(self) -> CaptureState:
        """The state as a runner hands it to the next run."""
        exported = kept(self._base, self.replay.export(), self._trail)
        text = json.dumps(exported.to_bookmark())
        back, complaint = from_bookmark(json.loads(text))
        assert back
        assert not complaint
        assert len(text) < 10_000
        return back

    def assert_balanced(self) -> None:
        """Check G5."""
        assert self.replay.tally.balanced
        assert all(count.balanced for count in self.emitter.counts.values())


def tar(members: Mapping[str, bytes], mtime_s: int = 0, how: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar as GNU tar and Python make them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=how) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), mtime_s
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2021, 1, 2, 3, 4, 6)), data)
    return made.getvalue()


def zstd(data: bytes) -> bytes:
    """Return what the command zstd makes of it: a maker that shares nothing with our reader."""
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout  # noqa: S607 - the system's


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": partial(lzma.compress, preset=0),
}
