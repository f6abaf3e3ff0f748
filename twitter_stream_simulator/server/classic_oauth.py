"""OAuth 1.0a as a server checks it: a request in, why its signature is refused out.

Written from RFC 5849, so that a mistake of a client's library is not made twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from twitter_stream_simulator import clock

if TYPE_CHECKING:
    from twitter_stream_simulator.protocol.http import Request

# X refuses a time that is further away than that from its own.
TIME_WINDOW_S = 300
_FORM = "application/x-www-form-urlencoded"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class SignatureCheck:
    """Knows one application and one account of it, and each nonce it saw; safe to share."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str
    token_secret: str = field(repr=False)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self, request: Request) -> str | None:
        """Return in a few words why the request is refused, or ``None`` if it may pass."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "oauth":
            return "Unauthorized"
        given = _header_parameters(rest)
        known = (given.get("oauth_consumer_key"), given.get("oauth_token"))
        if known != (self.consumer_key, self.token):
            return "Invalid or expired token"
        if given.get("oauth_signature_method") != "HMAC-SHA1":
            return "Unsupported signature method"
        if given.get("oauth_version", "1.0") != "1.0":
            return "Unsupported OAuth version"
        if not self._is_signed(request, given):
            return "Could not authenticate you"
        return self._stale(given)

    def _is_signed(self, request: Request, given: dict[str, str]) -> bool:
        """Compare the signature; what ends TLS before this server may have changed the scheme."""
        signature = given.get("oauth_signature", "").encode()
        key = f"{_escape(self.consumer_secret)}&{_escape(self.token_secret)}".encode()
        return any(
            hmac.compare_digest(_signature(key, base_string(request, given, scheme)), signature)
            for scheme in _DEFAULT_PORTS
        )

    def _stale(self, given: dict[str, str]) -> str | None:
        """Check the time, then that the nonce is new."""
        text, now_s = given.get("oauth_timestamp", ""), clock.now_s()
        if not (text.isascii() and text.isdecimal()) or abs(int(text) - now_s) > TIME_WINDOW_S:
            return "Timestamp out of bounds"
        nonce = (given.get("oauth_nonce", ""), text)
        with self._lock:
            fresh = {used: at_s for used, at_s in self._seen.items() if _is_recent(at_s, now_s)}
            self._seen = {**fresh, nonce: now_s}
        return "Nonce was used before" if nonce in fresh or not nonce[0] else None


def base_string(request: Request, given: dict[str, str], scheme: str) -> bytes:
    """Return what is signed: method, address, and every parameter in order."""
    pairs = [(name, value) for name, value in given.items() if name != "oauth_signature"]
    pairs += [*request.query.items(), *form_parameters(request)]
    encoded = sorted((_escape(name), _escape(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    address = f"{scheme}://{_host(request, scheme)}{request.path}"
    return f"{request.method}&{_escape(address)}&{_escape(parameters)}".encode()


def form_parameters(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of a form; any other body has none and is not signed."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return []
    return parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)


def _host(request: Request, scheme: str) -> str:
    """Return host and port as they are signed: small letters, no default port."""
    host = request.headers.get("host", "").lower()
    return host.removesuffix(f":{_DEFAULT_PORTS[scheme]}")


def _header_parameters(text: str) -> dict[str, str]:
    """Read ``name="value", ...`` of an Authorization header; the realm is not signed."""
    pairs = (part.partition("=") for part in text.split(","))
    named = {name.strip(): unquote(value.strip().strip('"')) for name, _, value in pairs}
    return {name: value for name, value in named.items() if name.startswith("oauth_")}


def _signature(key: bytes, text: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, text, hashlib.sha1).digest())


def _escape(text: str) -> str:
    return quote(text, safe="-._~")


def _is_recent(at_s: float, now_s: float) -> bool:
    return now_s - at_s <= 2 * TIME_WINDOW_S
