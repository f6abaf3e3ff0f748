"""The page for a person who opens the simulator's address: the table of endpoints in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twitter_stream_simulator.protocol.endpoints import Endpoint

_PAGE = """This is a simulator of the streaming endpoints of the X API, on this machine only.
Every person, post and number it sends is made up.

{lines}

Try:  curl -N -H "Authorization: Bearer {token}" {url}/2/tweets/sample/stream
"""


def page(endpoints: Iterable[Endpoint], *, url: str, token: str) -> str:
    """Return the page."""
    return _PAGE.format(lines="\n".join(map(_line, endpoints)), url=url, token=token)


def _line(row: Endpoint) -> str:
    """Describe one endpoint."""
    path = row.path + (f"?partition=1..{row.partitions}" if row.partitions else "")
    about = f"stream {row.name}" if row.is_stream else row.handler.replace("_", " ")
    return f"  {row.method:<4} {path:<48} {about}"
