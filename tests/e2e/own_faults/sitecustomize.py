"""Put a fault into every process of a run that finds this folder on its path.

OWN_FAULT=fsync: once the file BROKEN_DISK exists, forcing a file to disk fails in the receiver;
fsync_of_tap: in the tap. OWN_FAULT=miscount: each post counts twice as routed, as a bug in the
books would have it.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path
from typing import Any

_fdatasync = os.fdatasync


def _broken_fdatasync(handle: int) -> None:
    is_receiver = "tap_twitter_stream.receive" in " ".join(sys.orig_argv)
    hit = is_receiver == (os.environ["OWN_FAULT"] == "fsync")
    if hit and Path(os.environ["BROKEN_DISK"]).exists():
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    _fdatasync(handle)


class _Miscounting:
    """Patches the emitter once it is loaded."""

    def find_spec(self, name: str, *_: Any) -> None:  # noqa: ANN401 - the protocol of finders
        if name != "tap_twitter_stream.capture.run":
            return
        emitter = importlib.import_module("tap_twitter_stream.emit.emitter").Emitter
        write_all = emitter.write_all

        def miscount(self: Any, stream: str, *rest: Any) -> None:  # noqa: ANN401
            self.counts[stream].routed += stream == "tweets"
            write_all(self, stream, *rest)

        emitter.write_all = miscount


if os.environ.get("OWN_FAULT", "").startswith("fsync"):
    os.fdatasync = _broken_fdatasync  # type: ignore[assignment] # only handles come here
elif os.environ.get("OWN_FAULT") == "miscount":
    sys.meta_path.insert(0, _Miscounting())
