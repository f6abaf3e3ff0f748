"""Make any JSON object fit its columns: what does not fit goes to ``_extra``, nothing is lost."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tap_twitter_stream.columns.encode import to_json
from tap_twitter_stream.columns.shapes import EXTRA, ListOf, Scalar, Shape, StructOf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INT64 = 1 << 63
_LARGEST = int(1.7976931348623157e308)  # of all doubles
_decode = msgspec.json.Decoder().decode
# What Arrow's JSON reader takes for an instant; without an offset it is UTC.
INSTANT = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d{1,6})?(?:Z|([+-]\d\d):?(\d\d))?)?"
_instant_parts = re.compile(INSTANT, re.ASCII).fullmatch


class Misfits:
    """What one record holds beyond its columns, by path."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.unknown: set[str] = set()
        """Paths that no column exists for, list items without their number."""
        self.unfit: set[str] = set()
        """Paths whose column takes values of another kind."""

    def add(self, path: str, value: Any, *, known: bool) -> None:  # noqa: ANN401 - any JSON value
        """Keep one value."""
        self.values[path] = value
        name = re.sub(r"\.\d+(?=\.|$)", "[]", path)
        (self.unfit if known else self.unknown).add(name)


def decode(line: bytes) -> dict[str, Any]:
    """Return the object that a line holds; a number beyond all doubles comes as its text."""
    try:
        value = _decode(line)
    except msgspec.DecodeError:
        value = json.loads(line, parse_float=_finite)
    return value if isinstance(value, dict) else {"": value}


def _finite(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def fit(columns: StructOf, record: dict[str, Any]) -> tuple[dict[str, Any], Misfits]:
    """Return the record as its columns take it, and what they do not take.

    ``_extra`` of the returned record holds the misfits already, as JSON text.
    """
    misfits = Misfits()
    row = _members(columns.fields, record, "", misfits)
    if misfits.values and EXTRA in columns.fields:
        if EXTRA in row:  # X has a field of that name now
            misfits.values[EXTRA] = record[EXTRA]
        row[EXTRA] = to_json(misfits.values).decode()
    return row, misfits


def only_extra(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with all of it in ``_extra``: for what even a fitted row cannot hold."""
    return {EXTRA: to_json(record).decode()}


def is_instant(text: str) -> bool:
    """Tell whether Arrow reads a text as an instant."""
    found = _instant_parts(text)
    if not found:
        return False
    day, time, hours, minutes = found.groups()
    try:
        datetime.fromisoformat(f"{day}T{time or '00:00:00'}")
    except ValueError:
        return False
    return int(hours or 0) in range(-23, 24) and int(minutes or 0) in range(60)


def _members(
    fields: Mapping[str, Shape], record: dict[str, Any], prefix: str, misfits: Misfits
) -> dict[str, Any]:
    row = {}
    for name, value in record.items():
        if value is None:
            continue
        path = prefix + _escaped(name)
        shape = fields.get(name)
        if shape is None:
            misfits.add(path, value, known=False)
        else:
            row[name] = _fitted(shape, value, path, misfits)
    return row


def _fitted(shape: Shape, value: Any, path: str, misfits: Misfits) -> Any:  # noqa: ANN401 - any JSON value
    if value is None:
        return None
    if isinstance(shape, StructOf):
        if isinstance(value, dict):
            return _members(shape.fields, value, f"{path}.", misfits)
    elif isinstance(shape, ListOf):
        if isinstance(value, list):
            return [
                _fitted(shape.item, item, f"{path}.{number}", misfits)
                for number, item in enumerate(value)
            ]
    elif (found := _SCALARS[shape](value)) is not None:
        return found
    misfits.add(path, value, known=True)
    return None


def _escaped(name: str) -> str:
    """Return a member's name without dots, as JSON Pointer does it for its slashes."""
    return name.replace("~", "~0").replace(".", "~1") if "." in name or "~" in name else name


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    # Ids came as numbers in other years; as text they are what every query looks for.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, str) else to_json(value).decode()


def _integer(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64:
        return value
    return None


def _number(value: Any) -> int | float | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if isinstance(value, float) or abs(value) < _LARGEST else None


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, bool) else None


def _instant(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, str) and is_instant(value) else None


_SCALARS: dict[Scalar, Callable[[Any], Any]] = {
    Scalar.TEXT: _text,
    Scalar.JSON: _json,
    Scalar.INTEGER: _integer,
    Scalar.NUMBER: _number,
    Scalar.BOOLEAN: _boolean,
    Scalar.INSTANT: _instant,
}
