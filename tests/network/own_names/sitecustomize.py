"""Answer one host name from a file, in a process that finds this folder on its path.

OWN_NAME is the host, OWN_ADDRESS_FILE holds the address it has at the moment.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

_NAME = os.environ["OWN_NAME"]
_FILE = Path(os.environ["OWN_ADDRESS_FILE"])
_real = socket.getaddrinfo


def _getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
    return _real(_FILE.read_text() if host == _NAME else host, *rest, **more)


socket.getaddrinfo = _getaddrinfo
