"""Instants as text and as microseconds since 1970: the one writer and the one reader. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC; without a zone it is written in half the time
_MICROSECOND = timedelta(microseconds=1)
# strptime would take the names of the user's language.
_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_CLASSIC_PARTS = 6  # Wed Oct 10 20:19:24 +0000 2018


def iso(time_us: int) -> str:
    """Return an instant as the records carry it: UTC, microseconds, ``Z``."""
    instant = _NAIVE_EPOCH + timedelta(microseconds=time_us)
    return instant.isoformat(timespec="microseconds") + "Z"


def parse(text: str) -> datetime:
    """Return the instant of RFC 3339 text, without a zone if the text has no offset.

    Raises:
        ValueError: The text is not an instant.
    """
    if text.endswith(("Z", "z")):  # Python 3.10 reads no "Z", and no offset without a colon
        text = text[:-1] + "+00:00"
    elif text[-5:-4] in {"+", "-"} and ":" not in text[-4:]:
        text = f"{text[:-2]}:{text[-2:]}"
    return datetime.fromisoformat(text)


def parse_us(text: str) -> int:
    """Return microseconds since 1970 of RFC 3339 text; without an offset it is UTC.

    Raises:
        ValueError: The text is not an instant.
    """
    return _to_us(parse(text))


def moment_us(value: object) -> int | None:
    """Return microseconds since 1970, or None if the value is not an instant.

    Args:
        value: RFC 3339 text, v1.1's own form, or milliseconds since 1970 as text or number. Without
            an offset it is UTC.
    """
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return _of_ms(value)
        if not isinstance(value, str):
            return None
        if value.isascii() and value.isdigit():
            return _of_ms(int(value))
        return _to_us(_classic(value) if value[:1].isalpha() else parse(value))
    except (ValueError, KeyError, OverflowError):
        return None


def _of_ms(value: int) -> int:
    _ = _EPOCH + timedelta(milliseconds=value)  # raises for what no calendar holds
    return value * 1000


def _classic(text: str) -> datetime:
    parts = text.split()
    if len(parts) != _CLASSIC_PARTS:
        raise ValueError(text)
    month = _MONTHS[parts[1]]
    return parse(f"{parts[5]}-{month:02d}-{int(parts[2]):02d}T{parts[3]}{parts[4]}")


def _to_us(instant: datetime) -> int:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
    return (aware - _EPOCH) // _MICROSECOND
