"""The clients that are compared: a source goes in, the measured sample of one run comes out."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import Sample, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.generator import Source


@dataclass(frozen=True)
class Client:
    """One way to read the stream.

    Attributes:
        posts: How many a run reads: some seconds' worth.
        closes: Whether it reads to the end of the response; others leave by themselves.
    """

    name: str
    label: str
    posts: int
    closes: bool
    piped: bool
    command: Callable[[Source, Path, bool], Sequence[str]]
    endings: tuple[int, ...] = (0,)

    def run(self, source: Source, *, gzip: bool) -> Sample:
        """Read all that the source is set to send."""
        with tempfile.TemporaryDirectory() as folder:
            command = self.command(source, Path(folder), gzip)
            return measure(command, piped=self.piped, endings=self.endings)


def tap_config(source: Source, folder: Path, **more: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Write a configuration and return the tap's command for it; the spool is durable."""
    config = {
        "api_url": source.url,
        "bearer_token": source.token,
        "rules_policy": "ignore",
        "spool_dir": str(folder / "spool"),
        **more,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return [sys.executable, "-m", "tap_twitter_stream", "--config", str(path)]


def _tap(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    return tap_config(source, folder, max_records=source.posts)


def curl(source: Source, folder: Path, gzip: bool) -> Sequence[str]:  # noqa: FBT001
    """Return the command that writes the stream to a file."""
    header = f"Authorization: {source.authorization}"
    command = ["curl", "-sSNf", "-H", header, "-o", str(folder / "stream"), source.stream_url]
    return [*command, "--compressed"] if gzip else command


def _usual(source: Source, folder: Path, _gzip: bool) -> Sequence[str]:  # noqa: FBT001
    config = {"stream_url": source.stream_url, "token": source.token, "posts": source.posts}
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return [sys.executable, "-m", "bench.usual_tap", "--config", str(path)]


def peer(name: str) -> Callable[[Source, Path, bool], Sequence[str]]:
    """Return the command of a client in ``bench/peers.py``."""

    def command(source: Source, _folder: Path, gzip: bool) -> Sequence[str]:  # noqa: FBT001
        program = [sys.executable, "-m", "bench.peers", name]
        coding = "gzip" if gzip else "identity"
        said = source.authorization if name == "raw" else source.token
        return [*program, source.stream_url, said, str(source.posts), coding]

    return command


CURL_ENDINGS = (0, 18)  # 18: the response had no last chunk
CLIENTS = (
    Client("raw", "raw socket, looks at nothing", 65_536, True, False, peer("raw")),  # noqa: FBT003
    Client("curl", "`curl -N > file`", 65_536, True, False, curl, CURL_ENDINGS),  # noqa: FBT003
    Client("tap", "this tap, durable spool, to a pipe", 65_536, False, True, _tap),  # noqa: FBT003
    Client("tweepy", "tweepy `on_tweet`, counts only", 12_800, False, False, peer("tweepy")),  # noqa: FBT003
    Client("twarc2", "twarc2 `stream()`, counts only", 12_800, False, False, peer("twarc2")),  # noqa: FBT003
    Client("usual", "usual SDK tap, to a pipe", 5_120, False, True, _usual),  # noqa: FBT003
)
