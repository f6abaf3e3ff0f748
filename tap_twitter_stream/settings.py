"""Turn the raw configuration into frozen values: every check and every default, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import SettingsError
from .policy.gap_fill import Method
from .policy.ruleset import RulesPolicy, WantedRule
from .policy.window import Window
from .settings_check import CREDENTIALS, FIELD_LISTS, check_settings, parse_instant
from .settings_files import ParquetFiles, files_settings, storage_secrets
from .settings_schema import API_URL
from .wire.endpoints import ARCHIVE, ENDPOINTS, EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Mapping


class ForeignMatches(str, Enum):
    """What happens to posts that only rules of others matched."""

    EMIT = "emit"
    DROP = "drop"


class WithoutState(str, Enum):
    """What happens to an old spool when a run has no STATE."""

    REPLAY = "replay"
    DISCARD = "discard"


class ProgressLine(str, Enum):
    """When the progress line shows."""

    AUTO = "auto"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Auth:
    """Credentials of the app: a bearer token, or the pair that buys one. Never in a repr."""

    bearer_token: str | None = field(default=None, repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    access_token_secret: str | None = field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """Whether a connection can be tried with these."""
        return bool(self.bearer_token or (self.consumer_key and self.consumer_secret))


@dataclass(frozen=True, slots=True)
class Fields:
    """Field and expansion lists; an empty one leaves the parameter out."""

    tweet_fields: tuple[str, ...]
    user_fields: tuple[str, ...]
    media_fields: tuple[str, ...]
    place_fields: tuple[str, ...]
    poll_fields: tuple[str, ...]
    expansions: tuple[str, ...]

    def as_params(self) -> dict[str, str]:
        """Return X's query parameters: ``tweet.fields=id,text`` and so on."""
        lists = {name: getattr(self, name) for name in FIELD_LISTS}
        return {name.replace("_", "."): ",".join(names) for name, names in lists.items() if names}


@dataclass(frozen=True, slots=True)
class Rules:
    """Wanted rules. ``tag_prefix`` is empty when none was given: then no rule is ours."""

    wanted: tuple[WantedRule, ...] = ()
    policy: RulesPolicy = RulesPolicy.IGNORE
    tag_prefix: str = ""
    foreign_matches: ForeignMatches = ForeignMatches.EMIT


@dataclass(frozen=True, slots=True)
class GapFill:
    """How to get what was missed, and what that may cost."""

    methods: tuple[Method, ...] = ()
    max_cost_usd: float = 0.0
    price_per_post_usd: float = 0.0
    idle_is_gap: bool = False

    def methods_of(self, spec: EndpointSpec) -> tuple[Method, ...]:
        """Return the ways that an endpoint has, the preferred one first."""
        has = {
            Method.BACKFILL: spec.backfill,
            Method.RECOVERY: spec.recovery,
            Method.SEARCH: spec.needs_rules,  # its rules are what to search for
        }
        return tuple(one for one in self.methods if has[one])


@dataclass(frozen=True, slots=True)
class Spool:
    """Event log. Without ``dir`` it is a temporary directory and does not outlive the run."""

    dir: str | None
    max_bytes: int
    fsync_ms: int
    retention_s: float
    without_state: WithoutState


@dataclass(frozen=True, slots=True)
class Dedupe:
    """How long (0: not at all) and how many ids are remembered."""

    window_s: float
    max_ids: int


@dataclass(frozen=True, slots=True)
class Output:
    """What is written and how often."""

    state_interval_s: float
    fast_path: bool
    nested_as_text: bool
    raw_messages: bool
    progress: ProgressLine


@dataclass(frozen=True, slots=True)
class Network:
    """Where X is and how patient we are. URLs have no slash at the end.

    ``elsewhere`` is True when a setting says where X is, False when X's own hosts are meant.
    """

    api_url: str
    stream_url: str
    elsewhere: bool
    stall_timeout_s: float | None
    connect_timeout_s: float
    max_retries: int | None
    proxy: str | None = field(repr=False)
    ca_bundle: str | None
    user_agent: str | None
    max_line_bytes: int
    kill_ghosts: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, checked. ``warnings`` are sentences to log once."""

    auth: Auth
    endpoints: tuple[str, ...]
    archive_paths: tuple[str, ...]
    partitions: Mapping[str, tuple[int, ...]]
    redundant_connections: int
    backfill_minutes: int
    fields: Fields
    rules: Rules
    statuses_filter: Mapping[str, str]
    window: Window
    gap_fill: GapFill
    spool: Spool
    dedupe: Dedupe
    output: Output
    files: ParquetFiles | None
    network: Network
    warnings: tuple[str, ...] = ()

    @property
    def fillable(self) -> frozenset[str]:
        """Return the endpoints whose gaps somebody fills on demand."""
        return frozenset(
            name
            for name in self.endpoints
            if {Method.RECOVERY, Method.SEARCH} & {*self.gap_fill.methods_of(ENDPOINTS[name])}
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every text that must never be shown."""
        auth, proxy = self.auth, urlsplit(self.network.proxy or "")
        known = (*(getattr(auth, name) for name in CREDENTIALS), proxy.password)
        # The pair travels as one text when it buys a token.
        pair = f"{auth.consumer_key}:{auth.consumer_secret}" if auth.consumer_secret else None
        return tuple(one for one in (*known, pair, *storage_secrets(self.files)) if one)


def parse_settings(raw: Mapping[str, Any], *, require_auth: bool = True) -> Settings:
    """Check the raw configuration and freeze it.

    Args:
        raw: As the SDK or a command hands it over: values converted, defaults or not.
        require_auth: False for what opens no connection.

    Raises:
        SettingsError: With a sentence for every problem found.
    """
    checked = check_settings(raw, require_auth=require_auth)
    if checked.errors:
        raise SettingsError(checked.errors)
    values = checked.values
    return Settings(
        auth=Auth(**{name: values[name] for name in CREDENTIALS}),
        endpoints=_unique(values["endpoints"]),
        archive_paths=_archive_paths(values),
        partitions=_partitions(values),
        redundant_connections=values["redundant_connections"],
        backfill_minutes=values["backfill_minutes"],
        fields=Fields(**{name: _unique(values[name]) for name in FIELD_LISTS}),
        rules=_rules(values),
        statuses_filter=_statuses_filter(values["statuses_filter"] or {}),
        window=_window(values),
        gap_fill=_gap_fill(values),
        spool=_spool(values),
        dedupe=Dedupe(float(values["dedupe_window_seconds"]), values["dedupe_max_ids"]),
        output=_output(values),
        files=files_settings(values),
        network=_network(values),
        warnings=tuple(checked.warnings),
    )


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _partitions(values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the partitions of each chosen endpoint; an empty tuple where it has none."""
    given = values["partitions"] or {}
    return {
        name: tuple(sorted(set(given.get(name) or ENDPOINTS[name].partitions)))
        for name in values["endpoints"]
    }


def _archive_paths(values: dict[str, Any]) -> tuple[str, ...]:
    """Return absolute patterns; none unless the archive is what is to be read."""
    if ARCHIVE not in values["endpoints"]:
        return ()
    return tuple(path for one in values["archive_paths"] if (path := _absolute(one)))


def _statuses_filter(given: dict[str, Any]) -> dict[str, str]:
    """Return the parameters as X takes them: lists joined by commas, numbers without ``.0``."""
    params = {}
    for name, value in given.items():
        if isinstance(value, (list, tuple)):
            items = [f"{one:.15g}" if isinstance(one, float) else str(one) for one in value]
            params[name] = ",".join(items)
        elif value is not None:
            params[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return {name: text for name, text in params.items() if text}


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)


def _rules(values: dict[str, Any]) -> Rules:
    # X trims what it stores: unequal white space would make every sync delete and add again.
    wanted = [
        WantedRule(one["value"].strip(), (one.get("tag") or "").strip())
        for one in values["rules"] or ()
    ]
    return Rules(
        wanted=tuple(wanted),
        policy=RulesPolicy(values["rules_policy"]),
        tag_prefix=values["rules_tag_prefix"] or "",
        foreign_matches=ForeignMatches(values["foreign_rule_matches"]),
    )


def _window(values: dict[str, Any]) -> Window:
    return Window(
        max_run_s=_seconds(values["max_run_seconds"]),
        idle_exit_s=_seconds(values["idle_exit_seconds"]),
        max_records=values["max_records"],
        max_bytes=values["max_bytes"],
        stop_at=None if values["stop_at"] is None else parse_instant(values["stop_at"]),
        align_stop_to_s=values["align_stop_to_seconds"],
        shutdown_grace_s=float(values["shutdown_grace_seconds"]),
    )


def _gap_fill(values: dict[str, Any]) -> GapFill:
    return GapFill(
        methods=tuple(Method(name) for name in _unique(values["gap_fill"])),
        max_cost_usd=float(values["gap_fill_max_cost_usd"]),
        price_per_post_usd=float(values["price_per_post_usd"]),
        idle_is_gap=values["count_idle_time_as_gap"],
    )


def _absolute(path: str | None) -> str | None:
    """Return a path that means the same wherever it is read; ``~`` is the user's home."""
    return None if path is None else str(Path(path).expanduser().absolute())


def _spool(values: dict[str, Any]) -> Spool:
    return Spool(
        dir=_absolute(values["spool_dir"]),
        max_bytes=values["spool_max_bytes"],
        fsync_ms=values["spool_fsync_ms"],
        retention_s=float(values["spool_retention_seconds"]),
        without_state=WithoutState(values["spool_without_state"]),
    )


def _output(values: dict[str, Any]) -> Output:
    return Output(
        state_interval_s=float(values["state_interval_seconds"]),
        fast_path=values["fast_path"] == "auto",
        nested_as_text=values["nested_values"] == "text",
        raw_messages=values["raw_messages"],
        progress=ProgressLine(values["progress"]),
    )


def _network(values: dict[str, Any]) -> Network:
    api_url = values["api_url"].rstrip("/")
    return Network(
        api_url=api_url,
        stream_url=(values["stream_url"] or api_url).rstrip("/"),
        elsewhere=bool(values["stream_url"]) or api_url != API_URL,
        stall_timeout_s=_seconds(values["stall_timeout_seconds"]),
        connect_timeout_s=float(values["connect_timeout_seconds"]),
        max_retries=values["max_retries"],
        proxy=values["proxy"],
        ca_bundle=values["ca_bundle"],
        user_agent=values["user_agent"],
        max_line_bytes=values["max_line_bytes"],
        kill_ghosts=values["kill_ghost_connections"],
    )
