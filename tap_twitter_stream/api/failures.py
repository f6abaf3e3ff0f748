"""Which phase of a request failed, and why: requests' exceptions as ``NetworkFailed``."""

from __future__ import annotations

import http.client
import re
import socket
import ssl

import requests
from urllib3.exceptions import NameResolutionError

from tap_twitter_stream.policy.ending import NetworkFailed, NetworkPhase


def network_failure(error: Exception) -> NetworkFailed:
    """Map an exception to the phase of the request that failed; the text holds no addresses."""
    causes = _causes(error)
    reason = type(causes[-1]).__name__
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            reason = cause.strerror
            break
    if any(isinstance(cause, (NameResolutionError, socket.gaierror)) for cause in causes):
        return NetworkFailed("dns", reason)
    if failed := _tls_failure(causes):
        return failed
    if isinstance(error, requests.exceptions.ProxyError):
        return _proxy_failure(causes, reason)
    for kind, phase, words in _PLAIN_FAILURES:
        if any(isinstance(cause, kind) for cause in causes):  # the error itself is the first
            return NetworkFailed(phase, words or reason)
    return NetworkFailed("request", reason)


_PLAIN_FAILURES: tuple[tuple[type[Exception], NetworkPhase, str], ...] = (
    (requests.exceptions.SSLError, "tls", ""),
    (requests.exceptions.ReadTimeout, "request", "no answer in time"),
    (requests.exceptions.ConnectTimeout, "connect", "no connection in time"),
    (ConnectionRefusedError, "connect", ""),
    (http.client.RemoteDisconnected, "request", "closed before any answer"),
)


def _tls_failure(causes: list[BaseException]) -> NetworkFailed | None:
    """Detect an untrusted server certificate, and a server that asks for one of ours."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkFailed("certificate", f"certificate refused, {cause.verify_message}")
        # With TLS 1.3 this comes after the handshake, and looks like a broken answer.
        if isinstance(cause, ssl.SSLError) and "CERTIFICATE" in str(cause.reason):
            return NetworkFailed("tls", str(cause.reason))
    return None


def _proxy_failure(causes: list[BaseException], reason: str) -> NetworkFailed:
    """Distinguish a proxy that refuses the connection from one that cannot be reached."""
    for cause in causes:
        # http.client's words, the only place where the status of the proxy's answer is left.
        if refused := re.search(r"Tunnel connection failed: (\d{3})", str(cause)):
            phase: NetworkPhase = "proxy_login" if refused[1] == "407" else "proxy"
            return NetworkFailed(phase, f"the proxy answered HTTP {refused[1]}")
    return NetworkFailed("proxy", reason)


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and all that lie under it, as urllib3 nests them in its arguments."""
    found: list[BaseException] = []
    todo: list[BaseException] = [error]
    while todo and len(found) < 20:  # noqa: PLR2004 - a bound against cycles
        current = todo.pop(0)
        if current in found:
            continue
        found.append(current)
        reason = getattr(current, "reason", None)
        nested = (reason, current.__cause__, current.__context__, *current.args)
        todo.extend(item for item in nested if isinstance(item, BaseException))
    return found
