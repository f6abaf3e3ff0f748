"""Write docs/reference/faults.md: try each fault and report what the tap did.

``--check`` only compares.

python -m scripts.make_fault_matrix [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from scripts.fault_trial import SILENT_S, Result, try_fault
from tap_twitter_stream.policy.ending import (
    CrowdedOut,
    DisconnectNotice,
    Ending,
    HttpRefused,
    NetworkFailed,
    describe,
)
from tap_twitter_stream.policy.governor import Fatal, Governor

PAGE = Path(__file__).parent.parent / "docs/reference/faults.md"
REPEATS = 6
ONE: dict[str, Any] = {"do": "send", "posts": 1, "rate_per_s": "max"}
FEW: dict[str, Any] = {"do": "send", "posts": 2, "rate_per_s": "max"}
END: dict[str, Any] = {"do": "close"}


def http(**what: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a step's own values
    """Return the script of an answer in place of a stream."""
    return [{"do": "http", **what}]


def notice(kind: str) -> list[dict[str, Any]]:
    """Return the script of an announced disconnect."""
    return [FEW, {"do": "disconnect", "disconnect_type": kind}]


# What a person calls the fault -> its script in the simulator, and what else the scenario says.
STREAMS_THAT_END: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "200, then a clean end at once": ([END], {}),
    "200, one post, a clean end": ([ONE, END], {}),
    "200 with an empty body": (http(status=200, body=""), {}),
    "closed without the response's end": ([FEW, {"do": "cut"}], {}),
    "reset": ([FEW, {"do": "rst"}], {}),
    "closed in the middle of a line": ([FEW, {"do": "cut_line"}], {}),
    "closed in the middle of a chunk": ([FEW, {"do": "cut_line", "where": "chunk"}], {}),
    "silent from the start": ([{"do": "silence"}], {}),
    "silent after some posts (a stall)": ([FEW, {"do": "silence"}], {}),
    "half-open: nothing read, sent or closed": ([FEW, {"do": "half_open", "seconds": 9}], {}),
    "gzip that cannot be inflated": ([FEW, {"do": "bad_gzip"}], {"gzip": True}),
    "gzip that ends before its end": (
        [FEW, {"do": "bad_gzip", "how": "truncated"}],
        {"gzip": True},
    ),
    "gzip of several members, then the end": (
        [FEW, {"do": "new_member"}, FEW, END],
        {"gzip": True},
    ),
    "a line that is not JSON, then the end": ([FEW, {"do": "bad_line"}, FEW, END], {}),
    "posts twice, then the end": ([FEW, {"do": "duplicate", "posts": 2}, END], {}),
    "posts byte by byte, then the end": ([{"do": "drip", "posts": 2}, END], {}),
    "disconnect: OperationalDisconnect": (notice("OperationalDisconnect"), {}),
    "disconnect: UpstreamOperationalDisconnect": (notice("UpstreamOperationalDisconnect"), {}),
    "disconnect: UpstreamUncleanDisconnect": (notice("UpstreamUncleanDisconnect"), {}),
    "disconnect: SlowReader": (notice("SlowReader"), {}),
    "disconnect: ForceDisconnect": (notice("ForceDisconnect"), {}),
    "disconnect: InternalError": (notice("InternalError"), {}),
    "disconnect: ClientApplicationStateDegraded": (notice("ClientApplicationStateDegraded"), {}),
    "disconnect: InvalidRules": (notice("InvalidRules"), {}),
}
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "no answer at all": [{"do": "no_answer", "seconds": 9}],
    "closed before an answer": [{"do": "refuse"}],
    "302 to another host": http(status=302, headers={"location": "https://x.example/"}),
    "400, a parameter that X refuses": http(problem="invalid-request"),
    "401, unknown token": http(problem="unauthorized"),
    "401, X's older words": http(problem="invalid-token"),
    "402, no credits": http(problem="credits-exhausted"),
    "403, the app's plan": http(problem="client-not-enrolled"),
    "403, a user's token": http(problem="unsupported-authentication"),
    "403, a page of HTML": http(problem="forbidden-page"),
    "404": http(problem="not-found"),
    "409, no rules": http(problem="no-rules"),
    "409, rules that X no longer accepts": http(problem="rules-invalid"),
    "410": http(status=410),
    "420, calm down": http(problem="calm-down"),
    "429, too many connects": http(problem="rate-limited"),
    "429, too many connections": http(problem="too-many-connections"),
    "429, the usage cap": http(problem="usage-capped"),
    "429 without any header": http(status=429, headers={"x-rate-limit-reset": None}),
    "429, its reset in the past": http(status=429, rate_limit_reset_in_s=-60),
    "429, its reset in a day": http(status=429, rate_limit_reset_in_s=86400),
    "429, Retry-After of 300 s": http(status=429, headers={"retry-after": "300"}),
    "500": http(problem="internal-error"),
    "502, a page of HTML": http(problem="bad-gateway-page"),
    "503, overloaded": http(problem="overloaded"),
    "503, provisioning": http(problem="provisioning"),
    "504, plain text": http(problem="gateway-timeout-text"),
    "a status nobody has heard of": http(status=599),
}
NETWORK: dict[str, NetworkFailed | HttpRefused] = {
    "the name has no address": NetworkFailed("dns", "Name or service not known"),
    "nobody listens": NetworkFailed("connect", "Connection refused"),
    "no connection in `connect_timeout_seconds`": NetworkFailed("connect", "no connection in time"),
    "TLS fails": NetworkFailed("tls", "TLSV1_ALERT_INTERNAL_ERROR"),
    "a certificate that proves nothing": NetworkFailed(
        "certificate", "certificate refused, self-signed certificate"
    ),
    "the proxy cannot be reached": NetworkFailed("proxy", "Connection refused"),
    "the proxy answers 502 or 403": NetworkFailed("proxy", "the proxy answered HTTP 502"),
    "the proxy wants another login": NetworkFailed("proxy_login", "the proxy answered HTTP 407"),
    "the proxy's 407 to plain HTTP": HttpRefused(407, title="Proxy Authentication Required"),
}
# Endpoint, what a person calls the fault, and the ending.
OWN_WAYS: tuple[tuple[str, str, Ending], ...] = (
    ("statuses_sample", "the same credentials connect elsewhere", DisconnectNotice("AdminLogout")),
    ("statuses_sample", "the same, without a word of X's", CrowdedOut(3)),
    ("statuses_sample", "the user withdraws the tokens", DisconnectNotice("TokenRevoked")),
    ("statuses_sample", "401, credentials or clock", HttpRefused(401, title="Unauthorized")),
    ("statuses_sample", "403, v1.1 is closed to the app", HttpRefused(403, title="Forbidden")),
    ("statuses_sample", "420, connected too often", HttpRefused(420, detail="Enhance Your Calm")),
    ("statuses_filter", "406, a predicate", HttpRefused(406, title="Not Acceptable")),
    ("statuses_filter", "413, too many predicates", HttpRefused(413, title="Too Long")),
    ("powerstream", "403, the plan", HttpRefused(403, title="Client Forbidden")),
    ("powerstream", "409, no rules", HttpRefused(409, connection_issue="RuleConfigurationIssue")),
)
HEAD = """\
# Faults, and what the tap does

Written by `python -m scripts.make_fault_matrix`: each fault is met {repeats} times in a row by the
tap's own receiving loop on real sockets, then comes a good connection. Only the waits are skipped;
chance adds up to a tenth of each, never takes from it. A connection that brought data and lived for
a minute starts the waits anew, so a single drop of a healthy stream is followed by a reconnect at
once. X's limit of connects (50 in 15 minutes) holds on top of all this.

*Rows* counts the rows in `errors`, `notices` and `dead_letters`; every connect has a row in
`capture_connections` besides. Of the posts that came whole, none was missing in any trial.

"""
COLUMNS = (
    "| Fault | What the tap says | Waits | Connects | Rows | Then |\n|---|---|---|---:|---|---|\n"
)


def page() -> str:
    """Try everything and return the page."""
    parts = [HEAD.format(repeats=REPEATS), "## X answers something else\n\n", COLUMNS]
    parts += [row(name, try_fault(steps, REPEATS)) for name, steps in ANSWERS.items()]
    parts += ["\n## A stream that ends or stalls\n\n", COLUMNS]
    for name, (steps, more) in STREAMS_THAT_END.items():
        parts.append(row(name, try_fault(steps, REPEATS, **more)))
    parts += ["\n## X is not reached\n\nThese do not count as connects at X.\n\n"]
    parts += ["| Fault | What the tap says | Waits | Then |\n|---|---|---|---|\n"]
    parts += [network_row(name, ending) for name, ending in NETWORK.items()]
    parts += ["\n## Endpoints with ways of their own\n\n"]
    parts += ["X allows five connects in five minutes on v1.1.\n\n"]
    parts += ["| Fault | What the tap says | Waits | Then |\n|---|---|---|---|\n"]
    parts += [network_row(f"{at}: {name}", ending, at) for at, name, ending in OWN_WAYS]
    return "".join(parts)


def row(name: str, result: Result) -> str:
    """Return one row of a table."""
    rows = ", ".join(f"{total} {stream}" for stream, total in result.rows) or "-"
    # A trial waits a moment for a byte, a user as long as the setting says.
    said = result.seen.replace(f"{SILENT_S:.0f} s", "`stall_timeout_seconds`")
    then = _then(result.remedy)
    if result.posts_lost:
        then += f"; {result.posts_lost} POSTS MISSING"
    return f"| {name} | {said} | {_waits(result.waits_s)} | {result.connects} | {rows} | {then} |\n"


def network_row(name: str, ending: Ending, endpoint: str = "") -> str:
    """Return the row of a failure that the governor alone judges."""
    governor, remedy = Governor(endpoint=endpoint), ""
    waits: list[float] = []
    while not remedy and len(waits) < REPEATS:
        decision, governor = governor.next(ending, 0.0, False, 0.0, lambda: 0.0)
        if isinstance(decision, Fatal):
            remedy = decision.remedy
        else:
            waits.append(decision.seconds)
    return f"| {name} | {describe(ending)} | {_waits(tuple(waits))} | {_then(remedy)} |\n"


def _waits(waits_s: tuple[float, ...]) -> str:
    return ", ".join(map(_span, waits_s)) or "-"


def _span(wait_s: float) -> str:
    return f"{wait_s:g} s" if wait_s < 60 else f"{round(wait_s / 60)} min"  # noqa: PLR2004 - a minute


def _then(remedy: str) -> str:
    return f"ends the run, exit 1: {remedy}" if remedy else "goes on"


def main() -> int:
    """Write the page, or return 1 when it differs from what is tried now."""
    made = page()
    if "--check" in sys.argv:
        return int(PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
