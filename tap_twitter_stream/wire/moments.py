"""Read instants as X and the tools around it write them. Text goes in, microseconds come out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
# strptime would take the names of the user's language.
_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_CLASSIC_PARTS = 6  # Wed Oct 10 20:19:24 +0000 2018


def moment_us(value: object) -> int | None:
    """Return epoch microseconds, or None for what is no instant.

    Args:
        value: RFC 3339 text, v1.1's own form, or milliseconds since 1970 as text or number.
    """
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return _of_ms(value)
        if not isinstance(value, str):
            return None
        if value.isascii() and value.isdigit():
            return _of_ms(int(value))
        instant = _classic(value) if value[:1].isalpha() else _rfc_3339(value)
        return (instant - _EPOCH) // _MICROSECOND
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
    return _rfc_3339(f"{parts[5]}-{month:02d}-{int(parts[2]):02d}T{parts[3]}{parts[4]}")


def _rfc_3339(text: str) -> datetime:
    if text.endswith(("Z", "z")):  # Python 3.10 reads no "Z", and no offset without a colon
        text = text[:-1] + "+00:00"
    elif text[-5:-4] in {"+", "-"} and ":" not in text[-4:]:
        text = f"{text[:-2]}:{text[-2:]}"
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
