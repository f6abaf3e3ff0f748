"""Lead a client that knows only X's address to the simulator, without changing what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    import requests

    from twitter_stream_simulator import Simulator

    Timeout: TypeAlias = float | tuple[float, float] | tuple[float, None] | None
    Cert: TypeAlias = bytes | str | tuple[bytes | str, bytes | str] | None

X_URL = "https://api.twitter.com"


class ToSimulator(HTTPAdapter):
    """Sends every request for X to the simulator instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(  # noqa: PLR0913, PLR0917 - the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the same
        timeout: Timeout = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the same
        cert: Cert = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        assert request.url
        assert request.url.startswith(X_URL), "a witness must not leave this machine"
        request.url = request.url.replace(X_URL, self._url)
        return super().send(request, stream, timeout, verify, cert, proxies)


def redirect(session: requests.Session, sim: Simulator) -> None:
    """Make a client's session talk to the simulator."""
    session.mount("https://", ToSimulator(sim.url))
