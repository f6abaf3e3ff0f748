"""Keep secrets out of logs: a text and the secrets in, the text without them out."""

from __future__ import annotations

import logging
import sys
import traceback
from base64 import b64encode
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from tap_twitter_stream.policy.ending import HttpRefused
    from tap_twitter_stream.settings.values import Settings

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
        if self.clean(message) != message:
            record.msg, record.args = self.clean(message), ()
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            if self.clean(text) != text:
                record.exc_info = None
                record.exc_text = text
        for name, value in record.__dict__.items():
            if isinstance(value, str):
                record.__dict__[name] = self.clean(value)
        return True

    def clean(self, text: str) -> str:
        """Return a text without the secrets."""
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


def scrub(text: str) -> str:
    """Return what somebody else said without our secrets: an answer may repeat what was asked."""
    return _FILTER.clean(text)


def scrub_refusal(refused: HttpRefused) -> HttpRefused:
    """Do so with every text of a refusal, before it reaches the log, a record or a person."""
    fields: dict[str, Any] = asdict(refused)
    texts = {name: scrub(one) for name, one in fields.items() if isinstance(one, str)}
    return replace(refused, **{**fields, **texts})


def guard_tracebacks(settings: Settings) -> None:
    """Keep the secrets out of what Python says as a process dies, which passes no handler."""
    for secret in settings.secrets:
        hide(secret)
    sys.excepthook = _say_scrubbed


def _say_scrubbed(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(scrub("".join(traceback.format_exception(kind, error, trace))))


def hide(secret: str) -> None:
    """Hide one more secret in all guarded handlers."""
    _FILTER.add(secret)
