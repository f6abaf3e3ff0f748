"""What Powerstream says before its first status, if only one data centre is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twitter_stream_simulator import clock

if TYPE_CHECKING:
    from twitter_stream_simulator.protocol.http import Request

DATA_CENTRE = "atla"


def is_local(request: Request) -> bool:
    """Say whether the request is for the statuses of one data centre."""
    return request.query.get("localDcOnly", "").lower() == "true"


def local_headers() -> dict[str, str]:
    """Return what the head of the answer says."""
    return {"x-powerstream-datacenter": DATA_CENTRE, "x-powerstream-localdconly": "true"}


def preamble() -> bytes:
    """Return the first line."""
    about = {"type": "connection_metadata", "datacenter": DATA_CENTRE}
    return json.dumps({**about, "timestamp": int(clock.now_s() * 1000)}).encode()
