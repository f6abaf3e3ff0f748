"""Keep secrets out of logs: a text and the secrets in, the text without them out."""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_twitter_stream.settings import Settings

REDACTED = "[redacted]"
# Shorter texts occur in any log line, and no credential of X is that short.
LEAST_CHARS = 6


def forms(secret: str) -> set[str]:
    """Return the shapes in which a secret may turn up: plain, in a URL, base64."""
    plain = {secret, quote(secret, safe=""), quote(secret), unquote(secret)}
    encoded = {b64encode(one.encode()).decode().rstrip("=") for one in plain}
    return {one for one in plain | encoded if len(one) >= LEAST_CHARS}


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret, in any of its forms, replaced."""
    found = {form for secret in secrets for form in forms(secret) if form in text}
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, REDACTED)
    return text


class SecretFilter(logging.Filter):
    """Removes known secrets from every record that passes: message, extras and traceback."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide one more secret, such as a token that was just fetched."""
        self._forms = tuple(sorted({*self._forms, *forms(secret)}, key=len, reverse=True))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; always lets it pass."""
        message = record.getMessage()
        if self._clean(message) != message:
            record.msg, record.args = self._clean(message), ()
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            if self._clean(text) != text:
                record.exc_info = None
                record.exc_text = text
        for name, value in record.__dict__.items():
            if isinstance(value, str):
                record.__dict__[name] = self._clean(value)
        return True

    def _clean(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return text


# Handlers belong to the process, so does what must not pass them.
_FILTER = SecretFilter()


def install(settings: Settings) -> SecretFilter:
    """Guard every handler of the root logger. Call it again after logging is set up anew."""
    for secret in settings.secrets:
        _FILTER.add(secret)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_FILTER)  # adding it twice is the same as once
    return _FILTER


def hide(secret: str) -> None:
    """Hide one more secret in all guarded handlers."""
    _FILTER.add(secret)
