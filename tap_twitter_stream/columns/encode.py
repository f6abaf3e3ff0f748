"""Any value as JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def to_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return JSON; a value that JSON does not know, as a map may make, becomes text."""
    try:
        return _encode(value)
    except (TypeError, OverflowError):
        return json.dumps(value, default=str).encode()
