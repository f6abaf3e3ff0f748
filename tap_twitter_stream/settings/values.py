"""The whole configuration as frozen values, which all other code takes."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the receiver decodes its order by this
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from tap_twitter_stream.coverage.fill_plan import Method
from tap_twitter_stream.policy.ruleset import RulesPolicy, WantedRule
from tap_twitter_stream.policy.window import Window  # noqa: TC001 - the same
from tap_twitter_stream.settings.parquet import ParquetFiles, storage_secrets
from tap_twitter_stream.settings.schema import CREDENTIALS, FIELD_LISTS
from tap_twitter_stream.wire.endpoints import ENDPOINTS, EndpointSpec


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
