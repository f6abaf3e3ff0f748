"""Read the parts of a scenario: decoded JSON in, checked numbers and frozen steps out."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from twitter_stream_simulator.scenario.answers import PROBLEMS
from twitter_stream_simulator.scenario.steps import (
    DISCONNECT_TYPES,
    NOTICE_KINDS,
    BadGzip,
    BadLine,
    Close,
    Cut,
    CutLine,
    Disconnect,
    Drip,
    Duplicate,
    HalfOpen,
    Http,
    Idle,
    NewMember,
    NoAnswer,
    Notice,
    Open,
    Rate,
    Raw,
    Refuse,
    Rst,
    Send,
    Silence,
    Step,
)


class ScenarioError(ValueError):
    """A scenario cannot be used; the message says in one sentence what to change."""


def parse_step(entry: object) -> Step:
    """Read one step.

    Raises:
        ScenarioError: The step or one of its keys is unknown, or a value does not fit.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("do"), str):
        message = f"A step must be an object with a key 'do', not {entry!r}."
        raise ScenarioError(message)
    name = entry["do"]
    if name not in _STEPS:
        message = f"Unknown step {name!r}: use one of {', '.join(sorted(_STEPS))}."
        raise ScenarioError(message)
    keys, make = _STEPS[name]
    unknown = sorted(set(entry) - {"do", *keys})
    if unknown:
        known = ", ".join(keys) or "none"
        message = f"Unknown key {unknown[0]!r} in step {name!r}: its keys are {known}."
        raise ScenarioError(message)
    return make(entry)


def number(
    entry: Mapping[str, Any], key: str, *, least: float = 0, whole: bool = False
) -> float | None:
    """Return a number or ``None`` if the key is absent or null.

    Raises:
        ScenarioError: It is no number, or below ``least``.
    """
    value = entry.get(key)
    if value is None:
        return None
    fits = isinstance(value, int) if whole else isinstance(value, (int, float))
    if isinstance(value, bool) or not fits or not least <= value < math.inf:
        kind = "a whole number" if whole else "a number"
        message = f"{key!r} must be {kind} of at least {least:g}, not {value!r}."
        raise ScenarioError(message)
    return float(value)


def count(entry: Mapping[str, Any], key: str, *, least: int = 1) -> int | None:
    """Return a whole number or ``None`` if the key is absent or null."""
    value = number(entry, key, least=least, whole=True)
    return None if value is None else int(value)


def rate(entry: Mapping[str, Any], key: str = "rate_per_s") -> Rate | None:
    """Return posts per second, ``"max"``, or ``None`` if the key is absent."""
    value = entry.get(key)
    if value == "max":
        return "max"
    return number(entry, key)


def choice(entry: Mapping[str, Any], key: str, legal: tuple[str, ...]) -> str:
    """Return one of the legal words; the first is the default."""
    value = entry.get(key, legal[0])
    if value not in legal:
        message = f"{key!r} must be one of {', '.join(legal)}, not {value!r}."
        raise ScenarioError(message)
    return str(value)


def _payload(entry: Mapping[str, Any], default: bytes | None = None) -> bytes:
    """Return the bytes of the one key among text, hex and base64 that is there."""
    given = [key for key in ("text", "hex", "base64") if key in entry]
    if not given and default is not None:
        return default
    if len(given) != 1 or not isinstance(entry[given[0]], str):
        message = f"Step {entry['do']!r} needs one text in exactly one of text, hex, base64."
        raise ScenarioError(message)
    value = entry[given[0]]
    try:
        if given == ["hex"]:
            return bytes.fromhex(value)
        return base64.b64decode(value, validate=True) if given == ["base64"] else value.encode()
    except (ValueError, binascii.Error) as error:
        message = f"The {given[0]} of step {entry['do']!r} cannot be decoded: {error}."
        raise ScenarioError(message) from error


def _http(entry: Mapping[str, Any]) -> Http:
    """Read the step that answers with a status of its own."""
    problem = entry.get("problem")
    if problem is not None and problem not in PROBLEMS:
        message = f"Unknown problem {problem!r}: use one of {', '.join(PROBLEMS)}."
        raise ScenarioError(message)
    usual = Http(0) if problem is None else PROBLEMS[problem]
    status = count(entry, "status", least=200) or usual.status
    if not 200 <= status <= 599:  # noqa: PLR2004
        message = "Step 'http' needs a 'problem', or a 'status' from 200 to 599."
        raise ScenarioError(message)
    body = _body(entry["body"]) if entry.get("body") is not None else usual.body
    reset_in_s = number(entry, "rate_limit_reset_in_s", least=-math.inf)
    return Http(status, body, (*usual.headers, *_headers(entry)), reset_in_s)


def _headers(entry: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    """Read the headers of a step; null stands for one to leave out."""
    headers = entry.get("headers", {})
    if not isinstance(headers, Mapping):
        message = f"'headers' of step {entry['do']!r} must be an object, not {headers!r}."
        raise ScenarioError(message)
    return tuple((str(k).lower(), None if v is None else str(v)) for k, v in headers.items())


def _body(body: object) -> bytes:
    """Return text as it is, anything else as JSON."""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _cut_line(entry: Mapping[str, Any]) -> CutLine:
    end = choice(entry, "end", ("fin", "rst"))
    where = choice(entry, "where", ("line", "chunk"))
    return CutLine(end="rst" if end == "rst" else "fin", where=where)  # type: ignore[arg-type]


def _notice(entry: Mapping[str, Any]) -> Notice:
    values = entry.get("values", {})
    if not isinstance(values, Mapping):
        message = f"'values' of step 'notice' must be an object, not {values!r}."
        raise ScenarioError(message)
    undelivered = count(entry, "undelivered") or 1
    return Notice(choice(entry, "kind", NOTICE_KINDS), undelivered, tuple(values.items()))


def _bad_gzip(entry: Mapping[str, Any]) -> BadGzip:
    return BadGzip(choice(entry, "how", ("corrupt", "truncated", "checksum")))  # type: ignore[arg-type]


_Maker: TypeAlias = Callable[[Mapping[str, Any]], Step]
_PAYLOAD_KEYS = ("text", "hex", "base64")
# Name of a step: its keys, and what makes it of them.
_STEPS: dict[str, tuple[tuple[str, ...], _Maker]] = {
    "send": (
        ("posts", "seconds", "rate_per_s"),
        lambda e: Send(count(e, "posts", least=0), number(e, "seconds"), rate(e)),
    ),
    "idle": (("seconds",), lambda e: Idle(number(e, "seconds"))),
    "silence": (("seconds",), lambda e: Silence(number(e, "seconds"))),
    "close": ((), lambda _: Close()),
    "half_open": (("seconds",), lambda e: HalfOpen(number(e, "seconds"))),
    "cut": ((), lambda _: Cut()),
    "rst": ((), lambda _: Rst()),
    "cut_line": (("end", "where"), _cut_line),
    "bad_line": (_PAYLOAD_KEYS, lambda e: BadLine(_payload(e, BadLine().payload))),
    "raw": (_PAYLOAD_KEYS, lambda e: Raw(_payload(e))),
    "disconnect": (
        ("disconnect_type", "code"),
        lambda e: Disconnect(choice(e, "disconnect_type", DISCONNECT_TYPES), count(e, "code")),
    ),
    "drip": (
        ("posts", "size_bytes"),
        lambda e: Drip(count(e, "posts") or 1, count(e, "size_bytes") or 0),
    ),
    "duplicate": (("posts",), lambda e: Duplicate(count(e, "posts") or 1)),
    "new_member": ((), lambda _: NewMember()),
    "notice": (("kind", "undelivered", "values"), _notice),
    "bad_gzip": (("how",), _bad_gzip),
    "open": (("headers",), lambda e: Open(_headers(e))),
    "http": (("status", "problem", "body", "headers", "rate_limit_reset_in_s"), _http),
    "refuse": ((), lambda _: Refuse()),
    "no_answer": (("seconds",), lambda e: NoAnswer(number(e, "seconds"))),
}
