"""The answers that X and what stands before it are known to give: a name in, status and body out.

Where nobody has recorded a status or a body, the likeliest one stands here.
"""

from __future__ import annotations

from twitter_stream_simulator.protocol.problems import (
    NO_RULES,
    TOO_MANY_CONNECTIONS,
    body,
    connection_issue,
    invalid_request,
    old_problem,
    plain,
    usual,
)
from twitter_stream_simulator.scenario.steps import Http

_HTML = (("content-type", "text/html; charset=utf-8"),)
_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_PROBLEM = (("content-type", "application/problem+json"),)


def _page(status: int, title: str) -> Http:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>"
    return Http(status, page.encode(), _HTML)


def _classic(status: int, code: int, message: str) -> Http:
    return Http(status, body({"errors": [{"code": code, "message": message}]}))


_USAGE_CAPPED = old_problem(
    "usage-capped",
    title="UsageCapExceeded",
    detail="Usage cap exceeded: Monthly product cap",
    period="Monthly",
    scope="Product",
    product_name="standard-basic",
    account_id=1000000000000000001,
)
_WRONG_AUTH = old_problem(
    "unsupported-authentication",
    title="Unsupported Authentication",
    detail="Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.",
    status=403,
)
_PROVISIONING = connection_issue(
    "ProvisioningSubscription",
    "Your subscription change is currently being provisioned, please try again in a minute.",
)
_RULES_INVALID = connection_issue(
    "RulesInvalidIssue", "Rules of this app use operators that are not available to it."
)
_BAD_MINUTES = invalid_request(
    "backfill_minutes",
    "9",
    "The `backfill_minutes` query parameter value [9] is not between 0 and 5",
)
PROBLEMS: dict[str, Http] = {
    "invalid-request": Http(400, body(_BAD_MINUTES)),
    "unauthorized": Http(401, body(usual(401))),
    "invalid-token": _classic(401, 89, "Invalid or expired token."),
    "credits-exhausted": Http(402, body(usual(402))),
    "client-not-enrolled": Http(403, body(usual(403))),
    "unsupported-authentication": Http(403, body(_WRONG_AUTH), _PROBLEM),
    "forbidden-page": _page(403, "Please use V2 filtered and sample volume stream as alternatives"),
    "not-found": Http(404, b""),
    "no-rules": Http(409, body(NO_RULES)),
    "rules-invalid": Http(409, body(_RULES_INVALID)),
    "calm-down": Http(420, b"Exceeded connection limit for user", _TEXT),
    "rate-limited": Http(429, body(plain(429, "Too Many Requests")), reset_in_s=900.0),
    "rate-limited-classic": _classic(429, 88, "Rate limit exceeded"),
    "too-many-connections": Http(429, body(TOO_MANY_CONNECTIONS)),
    "usage-capped": Http(429, body(_USAGE_CAPPED)),
    "internal-error": Http(500, body({"code": 131, "message": "Internal error"})),
    "bad-gateway-page": _page(502, "502 Bad Gateway"),
    "overloaded": Http(503, body(usual(503)), _PROBLEM),
    "provisioning": Http(503, body(_PROVISIONING)),
    "gateway-timeout-text": Http(504, b"upstream request timeout", _TEXT),
}
