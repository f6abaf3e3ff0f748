"""Find the JSON Schema of a stream: its name goes in, the schema as a dict comes out."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries the files inside the package. An editable install does not: there they are where
# they are published, at the top of the checkout.
_FOLDERS = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


@cache
def load_schema(stream: str) -> dict[str, Any]:
    """Return the JSON Schema (Draft 7) of a stream.

    Args:
        stream: Name of the stream, which is the name of the file.

    Returns:
        The schema. All callers share one dict, so that asking again costs nothing: copy it before
        changing it.

    Raises:
        FileNotFoundError: No folder has the file; the message names the folders.
    """
    for folder in _FOLDERS:
        path = folder / f"{stream}.json"
        if path.is_file():
            schema: dict[str, Any] = json.loads(path.read_bytes())
            return schema
    places = " or ".join(str(folder) for folder in _FOLDERS)
    message = f"no schema for stream {stream!r}: {stream}.json is not in {places}"
    raise FileNotFoundError(message)
