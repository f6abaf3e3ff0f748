"""What a person can do about a refusal that no retry will cure: one sentence each."""

from __future__ import annotations

from .ending import CrowdedOut, DisconnectNotice, Ending, HttpRefused

# v1.1's words for a connection that made way for a younger one with the same credentials.
DUELS = frozenset({"DuplicateStream", "AdminLogout"})
_CROWDED = "If another program uses this app's connection, end that one."
_DUEL = (
    "Another copy connects with the same credentials, and X ends the oldest of the connections:"
    " end one of the two, or they will end each other for ever."
)
_LIKELY_DUEL = (
    "It looks as if another copy connects with the same credentials: X ends the oldest of the"
    " connections without a word, so end one of the two, or they will end each other for ever."
)
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
# Where an endpoint goes other ways than the filtered stream, so does the remedy.
# Figures: https://docs.x.com/x-api/powerstream/introduction
_POWERSTREAM_RULES = (
    "Give Powerstream rules of its own, by POST /2/powerstream/rules (at most 1,000, of 2,048"
    " characters each; X takes 50 such calls a day), and start again: `rules` are those of the"
    " filtered stream."
)
_POWERSTREAM_INVALID = (
    "Correct or delete the rules at /2/powerstream/rules that X no longer accepts, and start"
    " again: `rules` are those of the filtered stream."
)
_POWERSTREAM_PLAN = (
    "Ask X's sales team whether the app's Enterprise plan includes Powerstream; otherwise put"
    " filtered into `endpoints`."
)
_CLASSIC_GONE = (
    "Put filtered or sample into `endpoints`: X has closed the streams of v1.1 to most apps. To use"
    " another server that still has them, name it in `stream_url`."
)
_CLASSIC_LOGIN = (
    "Check the four credentials, and that this machine's clock is right: X accepts neither a"
    " signature of another user nor one of another time."
)
_PREDICATES = (
    "Correct `statuses_filter`: a phrase of `track` has 1 to 60 bytes, `follow` takes numbers of"
    " accounts, a box of `locations` begins with longitude and latitude of its south-west corner."
)
_PREDICATES_LONG = "Take entries out of `statuses_filter`: X allows this account fewer of them."
_CLASSIC = {401: _CLASSIC_LOGIN, **dict.fromkeys((403, 404, 410), _CLASSIC_GONE)}
_REMEDY_OF_ENDPOINT: dict[str, dict[int, str]] = {
    "powerstream": {
        400: "Set `backfill_minutes` to 0, or to what the plan allows (at most 5).",
        409: _POWERSTREAM_RULES,
        **dict.fromkeys((403, 404), _POWERSTREAM_PLAN),
    },
    "statuses_filter": {
        **_CLASSIC,
        **dict.fromkeys((400, 406), _PREDICATES),
        413: _PREDICATES_LONG,
    },
    "statuses_sample": _CLASSIC,
}
_REMEDY_OF_DISCONNECT = {
    "ClientApplicationStateDegraded": (
        "Look at the state of the app in X's developer console: it may be suspended, downgraded or"
        " out of credits."
    ),
    "TokenRevoked": (
        "Make a new `access_token` and `access_token_secret` in X's developer console: the user"
        " withdrew these or changed the password."
    ),
}


def remedy_for(refused: HttpRefused, endpoint: str = "") -> str:
    """Return what to do about an HTTP answer of an endpoint that ends the run."""
    if refused.slug == "usage-capped":
        return _USAGE
    if refused.connection_issue in _REMEDY_OF_ISSUE:
        return rules_remedy(refused.connection_issue, endpoint)
    if 300 <= refused.status < 400:  # noqa: PLR2004 - the redirects
        return "Set `api_url` and `stream_url` to the final address: redirects get no credentials."
    own = _REMEDY_OF_ENDPOINT.get(endpoint, {})
    common = _REMEDY_OF_STATUS.get(refused.status, "Look up this status in X's documentation.")
    return own.get(refused.status, common)


def advice_on_crowding(ending: Ending) -> str:
    """Return what to do when somebody else holds the connection."""
    if isinstance(ending, CrowdedOut):
        return _LIKELY_DUEL
    duel = isinstance(ending, DisconnectNotice) and ending.disconnect_type in DUELS
    return _DUEL if duel else _CROWDED


def rules_remedy(issue: str, endpoint: str) -> str:
    """Return what to do about rules that X misses or no longer accepts."""
    if endpoint != "powerstream":
        return _REMEDY_OF_ISSUE[issue]
    return _POWERSTREAM_RULES if issue == "RuleConfigurationIssue" else _POWERSTREAM_INVALID


def remedy_of_disconnect(disconnect_type: str, endpoint: str) -> str:
    """Return what to do about a disconnect that X announced, if anything."""
    if disconnect_type == "InvalidRules":
        return rules_remedy("RulesInvalidIssue", endpoint)
    return _REMEDY_OF_DISCONNECT.get(disconnect_type, "")


def amount(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it must be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
