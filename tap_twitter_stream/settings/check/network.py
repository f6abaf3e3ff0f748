"""Check the settings of the network: addresses, files, headers."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from tap_twitter_stream.settings.check.table import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_URL_SAFE = re.compile(r"[\x21-\x7e]+")
_HEADER_LINE = re.compile(r"[\x20-\x7e]+")


def network_errors(values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with addresses, files and headers."""
    for name in ("api_url", "stream_url"):
        if values[name] is not None:
            yield from _url_errors(name, values[name])
    if values["proxy"] is not None and not _is_web(_split(values["proxy"])):
        yield "`proxy` must be an address like http://proxy.example:3128: correct it."
    if values["ca_bundle"] is not None:
        yield from _bundle_errors(values["ca_bundle"])
    if values["user_agent"] is not None and not _HEADER_LINE.fullmatch(values["user_agent"]):
        yield "`user_agent` must be one line of plain ASCII: remove what else is in it."


def _bundle_errors(path: str) -> Iterator[str]:
    if not Path(path).is_file():
        yield f"`ca_bundle` names no file: {shown(path)} is not there."
        return
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        why = getattr(error, "reason", None) or error.strerror
        yield f"`ca_bundle` names no file of certificates in PEM form: {shown(path)} ({why})."


def _url_errors(name: str, url: str) -> Iterator[str]:
    parts = _split(url)
    if not _is_web(parts) or parts is None:
        yield f"`{name}` must be an address like https://api.x.com, without spaces: correct it."
    elif parts.username or parts.password or parts.query or parts.fragment:
        yield f"`{name}` must hold no user, password, query or fragment: remove it."
    elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        yield (
            f"`{name}` is plain HTTP to {parts.hostname}, which would send the token unencrypted:"
            " use https (plain HTTP is for a simulator on this machine only)."
        )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it raises for what is no port number
    except ValueError:
        return None
    return parts


def _is_web(parts: SplitResult | None) -> bool:
    if parts is None or not parts.hostname:
        return False
    return parts.scheme in {"http", "https"} and bool(_URL_SAFE.fullmatch(parts.geturl()))
