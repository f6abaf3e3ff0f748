"""The bodies X sends with each refusal."""

from __future__ import annotations

import json
from typing import Any

_PROBLEMS = "https://api.x.com/2/problems/"
_OLD_PROBLEMS = "https://api.twitter.com/2/problems/"


def plain(status: int, title: str) -> dict[str, Any]:
    """Return the problem that says no more than its status."""
    return {"title": title, "type": "about:blank", "status": status, "detail": title}


def invalid_request(name: str, value: str | None, message: str) -> dict[str, Any]:
    """Return the problem of a parameter that X does not accept, or (``None``) misses."""
    return {
        "errors": [{"parameters": {name: [] if value is None else [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{_OLD_PROBLEMS}invalid-request",
    }


def old_problem(slug: str, **members: object) -> dict[str, Any]:
    """Return a problem of those whose type still names the old host."""
    return {**members, "type": _OLD_PROBLEMS + slug}


def connection_issue(issue: str, detail: str) -> dict[str, Any]:
    """Return the problem of a stream that cannot be opened now."""
    return {
        "title": "ConnectionException",
        "detail": detail,
        "connection_issue": issue,
        "type": f"{_PROBLEMS}streaming-connection",
    }


def disconnect_notice(disconnect_type: str) -> dict[str, Any]:
    """Return the message that announces the end of a stream, inside the stream."""
    return {
        "errors": [
            {
                "title": "operational-disconnect",
                "disconnect_type": disconnect_type,
                "detail": "This stream has been disconnected for operational reasons.",
                "type": f"{_PROBLEMS}operational-disconnect",
            }
        ]
    }


TOO_MANY_CONNECTIONS = connection_issue(
    "TooManyConnections", "This stream is currently at the maximum allowed connection limit."
)
NO_RULES = connection_issue(
    "RuleConfigurationIssue", "You must define rules before connecting to this stream."
)
_USUAL: dict[int, dict[str, Any]] = {
    401: plain(401, "Unauthorized"),
    402: plain(402, "Payment Required"),
    403: {
        "client_id": "10000001",
        "detail": "This App must be attached to a Project with the right access level.",
        "registration_url": "https://developer.x.com/en/docs/projects/overview",
        "title": "Client Forbidden",
        "required_enrollment": "Appropriate Level of API Access",
        "reason": "client-not-enrolled",
        "type": f"{_OLD_PROBLEMS}client-forbidden",
    },
    404: plain(404, "Not Found"),
    409: NO_RULES,
    429: plain(429, "Too Many Requests"),
    500: plain(500, "Internal Server Error"),
    503: plain(503, "Service Unavailable"),
}


def usual(status: int) -> dict[str, Any]:
    """Return the body that X is known to send with a status."""
    return _USUAL.get(status, plain(status, f"HTTP {status}"))


def body(problem: dict[str, Any]) -> bytes:
    """Return a problem as X writes it."""
    return json.dumps(problem, separators=(",", ":")).encode()
