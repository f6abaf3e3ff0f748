"""What a person can do about a refusal that no retry will cure: one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ending import HttpRefused

_USAGE = (
    "Raise the spending or usage limit in X's developer console, or wait until its cycle begins"
    " anew; bound the next run with `max_records`."
)
_RULES_MISSING = (
    "Set `rules` with `rules_policy` sync, or add a rule to the app by other means, and start"
    " again."
)
_RULES_INVALID = "Correct or delete the rules that X no longer accepts, and start again."
_ACCESS = (
    "Check in X's developer console that the app belongs to a project and that its plan includes"
    " this endpoint."
)
_ADDRESS = "Check `api_url` and `stream_url`, and that the app's plan includes this endpoint."
_REQUEST = (
    "Compare the field lists, `expansions` and `backfill_minutes` with X's documentation and"
    " remove what X names above."
)
REMEDY_OF_PHASE = {
    "certificate": (
        "Name the file of the authority to trust in `ca_bundle`, check that `api_url` and"
        " `stream_url` name the host meant, and that this machine's clock is right."
    ),
    "proxy_login": "Correct the user and password in `proxy` (http://user:password@host:port).",
}
_REMEDY_OF_STATUS = {
    400: _REQUEST,
    401: (
        "Check the credentials, and whether the token was revoked: X does not accept them. The API"
        " key is not the bearer token."
    ),
    402: "Top up the app's credits or raise its spending limit in X's developer console.",
    403: _ACCESS,
    404: _ADDRESS,
    406: _REQUEST,
    407: REMEDY_OF_PHASE["proxy_login"],
    409: _RULES_MISSING,
    410: _ADDRESS,
    413: _REQUEST,
    416: _REQUEST,
}
_REMEDY_OF_ISSUE = {
    "RuleConfigurationIssue": _RULES_MISSING,
    "RulesInvalidIssue": _RULES_INVALID,
}
REMEDY_OF_DISCONNECT = {
    "ClientApplicationStateDegraded": (
        "Look at the state of the app in X's developer console: it may be suspended, downgraded or"
        " out of credits."
    ),
    "InvalidRules": _RULES_INVALID,
    "TokenRevoked": (
        "Make a new `access_token` and `access_token_secret` in X's developer console: the user"
        " withdrew these or changed the password."
    ),
}


def remedy_for(refused: HttpRefused) -> str:
    """Return what to do about an HTTP answer that ends the run."""
    if refused.slug == "usage-capped":
        return _USAGE
    if refused.connection_issue in _REMEDY_OF_ISSUE:
        return _REMEDY_OF_ISSUE[refused.connection_issue]
    if 300 <= refused.status < 400:  # noqa: PLR2004 - the redirects
        return "Set `api_url` and `stream_url` to the final address: redirects get no credentials."
    return _REMEDY_OF_STATUS.get(refused.status, "Look up this status in X's documentation.")
