"""Read an HTTP error answer of any shape: status, headers and body in, `HttpRefused` out."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .ending import HttpRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

DETAIL_CHARS = 300
_BODY_BYTES = 65_536  # a problem has some hundred bytes; whatever comes later explains nothing
_HTML_CHARS = 8_192
# X varies the type URI and sometimes sends none; its titles are steadier.
_SLUG_OF_TITLE = {
    "usagecapexceeded": "usage-capped",
    "connectionexception": "streaming-connection",
    "clientforbidden": "client-forbidden",
    "unsupportedauthentication": "unsupported-authentication",
}
_NOISE = re.compile(r"[\s\x00-\x1f\x7f]+")
_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PAGE_TITLE = re.compile(r"<title[^<>]*>([^<]*)<", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def problem_from_body(
    status: int, headers: Mapping[str, str], body: bytes, now_s: float
) -> HttpRefused:
    """Make an ending of an HTTP answer that is not a stream. Never raises.

    Args:
        status: HTTP status.
        headers: Names in any case.
        body: A problem object, ``{"errors": […]}``, ``{"code", "message"}``, HTML, text, nothing
            or rubbish: X and the proxies before it send all of these.
        now_s: Seconds since 1970, for a ``Retry-After`` that names a date.
    """
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    remaining = _number(lower.get("x-rate-limit-remaining"))
    title, detail, slug, issue = _explain(body[:_BODY_BYTES])
    return HttpRefused(
        status=status,
        slug=slug,
        title=title,
        detail=detail,
        connection_issue=issue,
        rate_limit_remaining=None if remaining is None else int(remaining),
        rate_limit_reset_s=_number(lower.get("x-rate-limit-reset")),
        retry_after_s=_retry_after(lower.get("retry-after"), now_s),
    )


def fold(text: object, limit_chars: int = DETAIL_CHARS) -> str:
    """Return text fit for one log line: white space folded, control characters out, cut."""
    if not isinstance(text, (str, int, float)):
        return ""
    line = str(text) if not isinstance(text, str) else text[: 4 * limit_chars]
    clean = _NOISE.sub(" ", line).strip().encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= limit_chars else clean[: limit_chars - 1] + "…"


def slug_of(type_uri: object) -> str:
    """Return the last path segment of a problem type; hosts differ between X's generations."""
    last = fold(type_uri).rstrip("/").rpartition("/")[2]
    return "" if last == "about:blank" else last


def _explain(body: bytes) -> tuple[str, str, str, str]:
    """Return title, detail, slug and connection issue."""
    text = body.decode("utf-8", "replace")
    try:
        problem = json.loads(text)
    except (ValueError, RecursionError):
        return "", _plain(text), "", ""
    if isinstance(problem, list):
        problem = next((one for one in problem if isinstance(one, dict)), {})
    return _from_object(problem) if isinstance(problem, dict) else ("", fold(text), "", "")


def _from_object(problem: dict[str, Any]) -> tuple[str, str, str, str]:
    inner = _first_error(problem)
    title = fold(problem.get("title") or inner.get("title") or inner.get("label"))
    issue = fold(problem.get("connection_issue") or inner.get("connection_issue"))
    slug = slug_of(problem.get("type") or inner.get("type"))
    slug = slug or _SLUG_OF_TITLE.get(title.replace(" ", "").lower(), "")
    if issue and not slug:
        slug = "streaming-connection"
    said = [problem.get(key) for key in ("detail", "message", "error_description", "error")]
    said += [inner.get(key) for key in ("detail", "message")]
    unique = dict.fromkeys(folded for one in said if (folded := fold(one)))
    return title, fold(" ".join(unique)), slug, issue


def _first_error(problem: dict[str, Any]) -> dict[str, Any]:
    errors = problem.get("errors")
    if isinstance(errors, list):
        return next((one for one in errors if isinstance(one, dict)), {})
    return errors if isinstance(errors, dict) else {}


def _plain(text: str) -> str:
    """Return what a person would read of a text or an HTML page."""
    if "<" not in text:
        return fold(text)
    page = text[:_HTML_CHARS]
    heading = _PAGE_TITLE.search(page)
    shown = _TAG.sub(" ", _HIDDEN.sub(" ", page))
    title, rest = fold(heading.group(1) if heading else ""), fold(shown)
    return rest if rest.startswith(title) else f"{title} {rest}"


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _retry_after(text: str | None, now_s: float) -> float | None:
    """Return seconds to wait; the header holds seconds or an HTTP date (RFC 9110, 10.2.3)."""
    seconds = _number(text)
    if seconds is None and text:
        try:
            utc = text.strip().replace("GMT", "+0000")
            date = datetime.strptime(utc, "%a, %d %b %Y %H:%M:%S %z")
        except ValueError:
            return None
        seconds = date.timestamp() - now_s
    return None if seconds is None else max(0.0, seconds)
