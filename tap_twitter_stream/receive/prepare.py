"""Prepare what the receivers connect to: the token, the rules, one target an endpoint."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.api.auth import fetch_bearer_token, user_signer
from tap_twitter_stream.api.call import Caller
from tap_twitter_stream.api.rules import RestClient
from tap_twitter_stream.api.rules_sync import RuleRow, RulesOutcome, sync_rules
from tap_twitter_stream.api.search import Search, SearchRule
from tap_twitter_stream.api.session import make_session
from tap_twitter_stream.api.stale_connections import GhostHunter
from tap_twitter_stream.api.stream import StreamRequest
from tap_twitter_stream.coverage.fill_plan import Method, Purse
from tap_twitter_stream.errors import CaptureFailedError
from tap_twitter_stream.policy.ruleset import RulesPolicy
from tap_twitter_stream.receive.attempts_file import BudgetFile, app_fingerprint
from tap_twitter_stream.receive.endpoint_loop import Target
from tap_twitter_stream.receive.gap_filler import Means
from tap_twitter_stream.settings.values import ForeignMatches
from tap_twitter_stream.spool.entries import Page, PageRule, Problem, RuleEntry, Rules
from tap_twitter_stream.wire.endpoints import ENDPOINTS, EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import requests

    from tap_twitter_stream.clock import Clock
    from tap_twitter_stream.coverage.gaps import GapKey
    from tap_twitter_stream.receive.recovery import Recovery
    from tap_twitter_stream.receive.waiting_log import WaitingLog
    from tap_twitter_stream.settings.values import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything the receivers need. ``session`` makes one with the target's credentials."""

    targets: tuple[Target, ...]
    session: Callable[[Target], requests.Session]
    budget: Callable[[Target], BudgetFile]
    caller: Caller
    hunter: GhostHunter | None = None


def prepare(settings: Settings, clock: Clock) -> tuple[Prepared, RestClient]:
    """Get the token and lay out the targets. Makes at most one request.

    Raises:
        ApiError: X gives no token, or cannot be reached.
    """
    network, auth = settings.network, settings.auth
    token, specs = auth.bearer_token, [ENDPOINTS[name] for name in settings.endpoints]
    if token is None and not all(spec.signed for spec in specs):
        bare = Caller(
            make_session(network),
            network.api_url,
            clock=clock,
            connect_timeout_s=network.connect_timeout_s,
        )
        token = fetch_bearer_token(bare, auth.consumer_key or "", auth.consumer_secret or "")
    folder = None if settings.spool.dir is None else Path(settings.spool.dir)
    caller = Caller(
        make_session(network, token),
        network.api_url,
        clock=clock,
        connect_timeout_s=network.connect_timeout_s,
    )
    prepared = Prepared(
        targets=tuple(
            replace(_target(settings, spec, partition), copy=copy)
            for spec in specs
            for partition in settings.partitions[spec.name] or (0,)
            for copy in range(1, settings.redundant_connections + 1)
        ),
        session=partial(_session, settings, token),
        budget=partial(_budget, folder, app_fingerprint(auth.consumer_key or token or "")),
        caller=caller,
        hunter=GhostHunter(caller, clock.now_s()) if network.kill_ghosts else None,
    )
    return prepared, RestClient(caller)


def record_rules(settings: Settings, rest: RestClient, log: WaitingLog) -> tuple[RuleRow, ...]:
    """Bring the rules in line, and put them and what X said about them into the log.

    Returns:
        The rules that X has now; none for endpoints without.

    Raises:
        ApiError: X refused or could not be reached.
        CaptureFailedError: There is no rule at all: X would answer 409 to the connection.
    """
    if not any(ENDPOINTS[name].needs_rules for name in settings.endpoints):
        return ()
    rules = settings.rules
    outcome = sync_rules(rest, rules.wanted, rules.tag_prefix, rules.policy)
    log.note(Rules(rules=tuple(RuleEntry(**asdict(row)) for row in outcome.rows)))
    for problem in outcome.problems:
        log.note(Problem(kind="rule", endpoint="filtered", problem=problem))
        logger.warning("Rules: %s", _words(problem))
    _tell(outcome, rules.policy)
    if not outcome.active_total:
        reason = "The app has no rules, so X refuses the filtered stream."
        remedy = "Set `rules` and `rules_tag_prefix`, or add rules to the app some other way."
        raise CaptureFailedError(reason, remedy)
    if outcome.problems and rules.policy is RulesPolicy.CHECK:
        reason = "The app's rules differ from the wanted ones (`rules_policy: check`)."
        raise CaptureFailedError(reason, "Mend the rules, or set `rules_policy: sync`.")
    return tuple(row for row in outcome.rows if row.status == "active")


def gap_means(  # noqa: PLR0913 - what filling takes, each named at the only call
    settings: Settings,
    prepared: Prepared,
    rules: Sequence[RuleRow],
    log: WaitingLog,
    next_id: Callable[[], str],
    *,
    recovery: Recovery,
) -> Means:
    """Lay out what gaps can be filled with."""
    purse = Purse(settings.gap_fill.max_cost_usd, settings.gap_fill.price_per_post_usd)
    spec, prefix = ENDPOINTS["filtered"], settings.rules.tag_prefix
    ours = settings.rules.foreign_matches is ForeignMatches.DROP

    def store(gap: GapKey, rule: SearchRule, page: dict[str, Any]) -> None:
        of = PageRule(**asdict(rule))
        log.note(Page(connection_id=next_id(), endpoint=spec.name, gap=gap, rule=of, page=page))

    return Means(
        methods={
            name: settings.gap_fill.methods_of(ENDPOINTS[name]) for name in settings.endpoints
        },
        targets=prepared.targets,
        recovery=recovery,
        search=Search(prepared.caller, _fields(settings, spec), purse, store),
        rules=[
            SearchRule(row.id, row.value, prefix + row.tag if row.owned else row.tag)
            for row in rules
            if row.owned or not ours
        ],
    )


def _target(settings: Settings, spec: EndpointSpec, partition: int) -> Target:
    network = settings.network
    params = {**_fields(settings, spec), **dict(spec.fixed_params)}
    if partition:
        params["partition"] = str(partition)
    base = spec.home if spec.home and not network.elsewhere else network.stream_url
    request = StreamRequest(
        url=base + spec.path,
        params=params,
        method=spec.method,
        form=settings.statuses_filter if spec.method == "POST" else None,
        headers={},
        connect_timeout_s=network.connect_timeout_s,
        answer_timeout_s=max(network.connect_timeout_s, spec.keep_alive_s + 10.0),
    )
    return Target(
        spec.name,
        partition,
        request,
        network.stall_timeout_s or spec.stall_s,
        backfills=Method.BACKFILL in settings.gap_fill.methods_of(spec),
        backfill_minutes=settings.backfill_minutes if spec.backfill else 0,
    )


def _fields(settings: Settings, spec: EndpointSpec) -> dict[str, str]:
    """Return the fields and expansions that an endpoint takes, as parameters."""
    wanted = settings.fields.as_params()
    return {name: value for name, value in wanted.items() if name in spec.field_params}


def _session(settings: Settings, token: str | None, target: Target) -> requests.Session:
    if ENDPOINTS[target.endpoint].signed:
        return make_session(settings.network, signer=user_signer(settings.auth))
    return make_session(settings.network, token)


def _budget(folder: Path | None, app: str, target: Target) -> BudgetFile:
    spec = ENDPOINTS[target.endpoint]
    return BudgetFile(
        folder, app, spec.name, limit=spec.connects_per_window, period_s=spec.connect_window_s
    )


def _tell(outcome: RulesOutcome, policy: RulesPolicy) -> None:
    plan = outcome.plan
    if policy is RulesPolicy.SYNC and not plan.empty:
        gone = len(plan.delete_first) + len(plan.delete)
        logger.info("Rules: %d added, %d deleted, %d kept.", len(plan.add), gone, len(plan.keep))
    foreign = sum(not row.owned and row.status == "active" for row in outcome.rows)
    if foreign:
        logger.info("Rules: %d of the app's rules are not ours; they are left alone.", foreign)


def _words(problem: dict[str, object]) -> str:
    text = str(problem.get("detail") or problem.get("title") or "X refused a rule")
    value = problem.get("value")
    return f"{text} (rule: {value})" if value else text
