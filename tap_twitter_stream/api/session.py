"""Make the HTTP session: the network settings in, a `requests.Session` that keeps secrets out."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase

if TYPE_CHECKING:
    from tap_twitter_stream.settings.values import Network

PACKAGE = "tap-twitter-stream"


class BearerAuth(AuthBase):
    """Put the token into the request. Being an auth object, it also keeps ``~/.netrc`` out."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header; the token goes out as it is, ``%2F`` and all."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoAuth(AuthBase):
    """Add nothing. Without an auth object requests would take credentials from ``~/.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class ApiSession(requests.Session):
    """A session that follows no redirect and lets the settings win over the environment."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Find no target in any response: another host must not get the credentials."""
        return None

    def merge_environment_settings(
        self,
        url: Any,  # noqa: ANN401 - as the base class has it
        proxies: Any,  # noqa: ANN401 - the same
        stream: Any,  # noqa: ANN401 - the same
        verify: Any,  # noqa: ANN401 - the same
        cert: Any,  # noqa: ANN401 - the same
    ) -> Any:  # noqa: ANN401 - the same
        """Fill in from the environment only what the session leaves open.

        The base class asks ``HTTPS_PROXY`` and ``REQUESTS_CA_BUNDLE`` before the session.
        """
        chosen = {**self.proxies, **(proxies or {})}
        trusted = self.verify if verify is None else verify
        return super().merge_environment_settings(url, chosen, stream, trusted, cert)


def make_session(
    network: Network, token: str | None = None, *, signer: AuthBase | None = None
) -> ApiSession:
    """Return a session with the proxy, the trusted certificates and the name of this tap.

    Args:
        network: The network settings.
        token: Sent as bearer token with every request; None sends no credentials.
        signer: Signs every request instead.
    """
    session = ApiSession()
    session.headers["User-Agent"] = network.user_agent or default_user_agent()
    session.headers["Accept-Encoding"] = "gzip"
    session.auth = signer or (_NoAuth() if token is None else BearerAuth(token))
    if network.proxy is not None:
        session.proxies = {"http": network.proxy, "https": network.proxy}
    if network.ca_bundle is not None:
        session.verify = network.ca_bundle
    return session


def default_user_agent() -> str:
    """Return name and version of this tap, as X asks every client to send."""
    try:
        number = version(PACKAGE)
    except PackageNotFoundError:  # run from a source tree that was never installed
        number = "unknown"
    return f"{PACKAGE}/{number} (Singer tap)"
