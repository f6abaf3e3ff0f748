"""Put a bug into a process that finds this folder on its path.

OWN_BUG names a function that then raises, OWN_BUG_SAYS what the exception says.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NoReturn

_PLACES = {
    "classify": ("tap_twitter_stream.wire.classify", "tap_twitter_stream.replay.messages"),
    "open_stream": ("tap_twitter_stream.api.stream", "tap_twitter_stream.receive.endpoint_loop"),
    "prepare": ("tap_twitter_stream.receive.prepare", "tap_twitter_stream.receive.process"),
}


def _fail(*_: object, **__: object) -> NoReturn:
    raise RuntimeError(os.environ["OWN_BUG_SAYS"])


class _Finder:
    """Patches the function once the module that uses it is loaded."""

    def find_spec(self, name: str, *_: Any) -> None:  # noqa: ANN401 - the protocol of finders
        function = os.environ["OWN_BUG"]
        source, user = _PLACES[function]
        if name == user:
            setattr(importlib.import_module(source), function, _fail)


sys.meta_path.insert(0, _Finder())
