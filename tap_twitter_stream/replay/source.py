"""Where the frames of a run come from: a log that a receiver fills, or files of an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tap_twitter_stream.replay.messages import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_twitter_stream.coverage.gaps import Gap
    from tap_twitter_stream.policy.dedupe import Dedupe
    from tap_twitter_stream.replay.replay import Replay
    from tap_twitter_stream.spool.frames import Frame
    from tap_twitter_stream.state import CaptureState


class FrameReader(Protocol):
    """What hands out frames."""

    def read(self) -> list[Frame]:
        """Return the next frames; none when none is ready."""

    def sync(self) -> None:
        """Force what was read to disk."""

    def close(self) -> None:
        """Give everything back."""


class FrameMaker(Protocol):
    """What makes frames beside the run, and rings when there are more."""

    @property
    def ring_handle(self) -> int:
        """Becomes readable at a ring."""

    @property
    def ended(self) -> bool:
        """Whether no more frames come."""

    @property
    def last_words(self) -> str:
        """Why it ended, where no frame says so; empty otherwise."""

    def drain_ring(self) -> None:
        """Take the rings so far."""

    def stop(self) -> None:
        """Ask it to end."""

    def emitted(self, position: int) -> None:
        """Tell it that nothing before the position is needed any more."""

    def fill(self, gap: Gap) -> None:
        """Order a gap to be filled."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Reader and maker of frames, and what a replay of them starts from.

    ``own_from`` is the position where this run's own frames begin, ``keep`` makes the STATE of what
    a replay exports, ``careful_before`` says up to where its lines go one by one, ``durable`` that
    the log has to be on disk before a STATE covers it, ``log_continues`` that frames go on where
    the state was written; ``latest`` is the newest one that a run of this log has begun with.
    """

    link: FrameMaker
    reader: FrameReader
    spool_id: str
    state: CaptureState | None
    resume: int
    own_from: int
    keep: Callable[[CaptureState], CaptureState]
    dedupe: Dedupe
    max_line_bytes: int
    careful_before: Callable[[Replay], int] | None = None
    durable: bool = False
    log_continues: bool = True
    latest: CaptureState | None = None
    delivery: type[Delivery] = Delivery
