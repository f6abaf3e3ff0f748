from __future__ import annotations

import io
import logging
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tap_twitter_stream.api.redact import REDACTED, SecretFilter, hide, install, redact
from tap_twitter_stream.settings.parse import parse_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "CANARY/0123=456"


@pytest.fixture
def root_output() -> Iterator[io.StringIO]:
    """A handler of the root logger, and what it wrote."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    logging.getLogger().addHandler(handler)
    yield output
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    "shape",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        b64encode(SECRET.encode()).decode(),
    ],
)
def test_no_form_of_a_secret_stays(shape: str) -> None:
    assert redact(f"before {shape} after", [SECRET]).startswith(f"before {REDACTED}")


def test_token_with_escapes_is_found_unescaped_too() -> None:
    assert redact("AAAA/made=up", ["AAAA%2Fmade%3Dup"]) == REDACTED


def test_other_text_is_unchanged() -> None:
    assert redact("nothing to hide", [SECRET, "a", ""]) == "nothing to hide"


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("t").makeRecord(
        "t", logging.INFO, "f", 1, message, args, None, extra=extra
    )


def test_message_arguments_and_extras_are_cleaned() -> None:
    one = record("asked %s as %s", f"/x?t={SECRET}", "me", url=SECRET)
    assert SecretFilter([SECRET]).filter(one)
    assert one.getMessage() == f"asked /x?t={REDACTED} as me"
    assert one.__dict__["url"] == REDACTED


def test_harmless_record_keeps_its_arguments() -> None:
    one = record("waited %d s", 5)
    SecretFilter([SECRET]).filter(one)
    assert one.args == (5,)


def test_installed_filter_cleans_what_every_logger_writes(root_output: io.StringIO) -> None:
    install(parse_settings({"bearer_token": "CANARY-bearer-token"}))
    hide("CANARY-fetched-later")
    logger = logging.getLogger("urllib3.connectionpool")
    logger.warning("Authorization: Bearer %s", "CANARY-bearer-token")
    try:
        message = "bad CANARY-fetched-later"
        raise ValueError(message)  # noqa: TRY301 - the traceback is the point
    except ValueError:
        logger.exception("It failed")
    written = root_output.getvalue()
    assert "ValueError" in written
    assert "CANARY" not in written
