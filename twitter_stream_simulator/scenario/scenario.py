"""What a simulator is to do, as a checked value: JSON or keyword arguments in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from twitter_stream_simulator.protocol.endpoints import ENDPOINTS
from twitter_stream_simulator.protocol.naming import NAMINGS
from twitter_stream_simulator.scenario.checks import check_keep_alive, check_plain, must_be_number
from twitter_stream_simulator.scenario.patience import Patience
from twitter_stream_simulator.scenario.random_faults import RandomFaults
from twitter_stream_simulator.scenario.rest_faults import RestFault, fault_of
from twitter_stream_simulator.scenario.scripts import Entry, Script, as_list, as_object, parse_entry
from twitter_stream_simulator.scenario.search_options import SearchOptions
from twitter_stream_simulator.scenario.step_parser import ScenarioError, choice, count, rate

if TYPE_CHECKING:
    from pathlib import Path

    from twitter_stream_simulator.scenario.steps import Instead, Rate

DEFAULT_BEARER_TOKEN = "SIMULATED-BEARER-TOKEN"
DEFAULT_CONSUMER_KEY = "SIMULATED-CONSUMER-KEY"
DEFAULT_CONSUMER_SECRET = "SIMULATED-CONSUMER-SECRET"
DEFAULT_ACCESS_TOKEN = "SIMULATED-ACCESS-TOKEN"
DEFAULT_ACCESS_TOKEN_SECRET = "SIMULATED-ACCESS-TOKEN-SECRET"

EXTRA_CONNECTION = ("refuse", "disconnect", "drop_oldest", "disconnect_oldest")
# X sends a blank line at least that often.
KEEP_ALIVE_S = 20.0
CLASSIC_KEEP_ALIVE_S = 30.0


@dataclass(frozen=True)
class Scenario:
    """The script and settings of one simulator run. ``None`` switches a limit off.

    Attributes:
        seed: Decides people and texts; ids and times are always new.
        rate_per_s: Posts per second on each endpoint or partition, whatever the number of its
            connections, or ``"max"``.
        keep_alive_s: A blank line goes out after that long without a byte; an object may name it
            for some endpoints, the others keep X's 20 seconds (v1.1: 30).
        access: ``"enterprise"``, or ``"self_serve"`` for an app that gets a 403 on volume and
            compliance streams and a 400 on backfill and recovery.
        gzip: Whether a client that accepts gzip gets it.
        chunking: ``"message"`` for one HTTP chunk to a message; ``"64k"`` for chunks of 64 KB, cut
            anywhere, as far as posts are due at once.
        limit_posts: Messages on each endpoint or partition, over all its connections; then
            keep-alives only. What backfill and recovery bring does not count.
        max_connections: Open connections on each endpoint or partition; all bring the same posts.
        max_recoveries: Recoveries (connects with ``start_time``) at a time on each of them.
        extra_connection: What one more gets: ``"refuse"`` for the 429, ``"disconnect"`` for a 200
            and an in-stream disconnect; or it is served and the oldest one ends, with
            ``"drop_oldest"`` properly, with ``"disconnect_oldest"`` after an in-stream disconnect.
        slow_reader: ``{"seconds": ..., "bytes": ..., "notice": true}``: a client whose oldest byte
            waits that long, or for which so many wait, loses its stream, with a notice if it
            makes room for that in time.
        ghost_slot_s: How long a stream that has ended still counts as open.
        connect_limit: Connects on each endpoint in a window of ``connect_window_s``.
        rest_limits: Whether the other endpoints have X's limits.
        connections: ``{"steps": [...]}`` objects, perhaps with an ``"endpoint"`` and a
            ``"partition"`` for which alone they hold. The n-th connect that passes every check
            follows the n-th that holds for it, then sends steadily. Recoveries follow those with
            ``"recovery": true``, then bring the rest of their span and end.
        after: What connects beyond the script do: ``"steady"`` or ``"repeat_last"``.
        random_faults: ``{"seed": ..., "every_s": ..., "kinds": [...]}``: connects beyond the script
            get faults drawn by chance, on each endpoint one in ``every_s`` on average.
        rest_faults: ``{"endpoint": "search_recent", "call": 2, "do": "http", ...}`` objects: what
            that call (each one without ``"call"``) gets in the place of its answer.
        rules: ``{"value": ..., "tag": ...}`` objects to begin with.
        search: How recent search works, as in ``SearchOptions``.
        rules_cap: How many rules there may be.
        untagged_rules: How messages show a rule without a tag: ``"empty"``, ``"absent"``, or
            ``"mixed"``.
        naming: ``"tweet"`` for the names that streams use, ``"post"`` for those that X's OpenAPI
            document has for the same members.
        largest_id_every: One id in that many is close to 2**63.
        record_messages: Whether the oracle keeps the exact line of every post.
        price_per_post_usd: For the bill.
        bearer_tokens: The tokens accepted; ``/oauth2/token`` gives the first.
        consumer_key: The key that ``/oauth2/token`` accepts.
        consumer_secret: The secret that goes with it.
        access_token: The account that may sign requests for v1.1 streams.
        access_token_secret: The secret that goes with it.

    Raises:
        ScenarioError: A value does not fit; the message is one sentence.
    """

    seed: int = 1
    rate_per_s: Rate = 50.0
    keep_alive_s: float | Mapping[str, float] = KEEP_ALIVE_S
    access: str = "enterprise"
    gzip: bool = True
    chunking: str = "message"
    limit_posts: int | None = None
    max_connections: int | None = 1
    max_recoveries: int | None = 2
    extra_connection: str = "refuse"
    slow_reader: Mapping[str, Any] | None = None
    ghost_slot_s: float = 0.0
    connect_limit: int | None = 50
    connect_window_s: float = 900.0
    rest_limits: bool = True
    connections: Sequence[Mapping[str, Any]] = ()
    after: str = "steady"
    random_faults: Mapping[str, Any] | None = None
    rest_faults: Sequence[Mapping[str, Any]] = ()
    rules: Sequence[Mapping[str, Any]] = ()
    rules_cap: int = 1000
    untagged_rules: str = "mixed"
    naming: str = "tweet"
    largest_id_every: int | None = None
    record_messages: bool = False
    price_per_post_usd: float = 0.005
    bearer_tokens: Sequence[str] = (DEFAULT_BEARER_TOKEN,)
    consumer_key: str = DEFAULT_CONSUMER_KEY
    consumer_secret: str = DEFAULT_CONSUMER_SECRET
    access_token: str = DEFAULT_ACCESS_TOKEN
    access_token_secret: str = DEFAULT_ACCESS_TOKEN_SECRET
    search: Mapping[str, Any] = field(default_factory=dict)
    _scripts: tuple[Entry, ...] = field(init=False, repr=False, compare=False)
    _rest_faults: tuple[RestFault, ...] = field(init=False, repr=False, compare=False)
    _faults: RandomFaults | None = field(init=False, repr=False, compare=False)
    patience: Patience | None = field(init=False, repr=False, compare=False)
    searching: SearchOptions = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every value, and read the scripts."""
        values = vars(self)
        for name in ("ghost_slot_s", "connect_window_s", "price_per_post_usd"):
            must_be_number(values, name)
        check_keep_alive(values)
        for name in ("limit_posts", "connect_limit"):
            count(values, name, least=0)
        for name in ("max_connections", "max_recoveries", "largest_id_every"):
            count(values, name)
        if count(values, "seed", least=0) is None or count(values, "rules_cap") is None:
            message = "'seed' and 'rules_cap' must be whole numbers."
            raise ScenarioError(message)
        if rate(values) is None:
            message = "'rate_per_s' must be a number or \"max\"."
            raise ScenarioError(message)
        choice(values, "chunking", ("message", "64k"))
        choice(values, "extra_connection", EXTRA_CONNECTION)
        choice(values, "access", ("enterprise", "self_serve"))
        choice(values, "after", ("steady", "repeat_last"))
        choice(values, "untagged_rules", ("mixed", "empty", "absent"))
        choice(values, "naming", NAMINGS)
        check_plain(values)
        connections = as_list(values, "connections")
        object.__setattr__(self, "_scripts", tuple(map(parse_entry, connections)))
        rest_faults = as_list(values, "rest_faults")
        object.__setattr__(self, "_rest_faults", tuple(map(RestFault.from_json, rest_faults)))
        searching = SearchOptions.from_json(as_object(self.search))
        object.__setattr__(self, "searching", searching)
        slow = self.slow_reader
        patience = None if slow is None else Patience.from_json(as_object(slow))
        object.__setattr__(self, "patience", patience)
        faults = None
        if self.random_faults is not None:
            faults = RandomFaults.from_json(as_object(self.random_faults))
            faults.check_rate(self.connect_limit, self.connect_window_s)
        object.__setattr__(self, "_faults", faults)

    @classmethod
    def from_json(cls, values: object) -> Scenario:
        """Read a decoded JSON object.

        Raises:
            ScenarioError: It is no object, has an unknown key, or a value does not fit.
        """
        if not isinstance(values, Mapping):
            message = "A scenario must be a JSON object."
            raise ScenarioError(message)
        known = [item.name for item in fields(cls) if item.init]
        unknown = sorted(set(values) - set(known))
        if unknown:
            message = f"Unknown scenario key {unknown[0]!r}: use some of {', '.join(known)}."
            raise ScenarioError(message)
        return cls(**values)

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """Read a scenario file.

        Raises:
            ScenarioError: The file cannot be read, or is no scenario.
        """
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            if isinstance(error, ScenarioError):
                raise
            message = f"The scenario file {path} cannot be read: {error}."
            raise ScenarioError(message) from error

    def keep_alive_of(self, endpoint: str) -> float:
        """Return the seconds after which a quiet stream gets a blank line."""
        is_classic = endpoint.startswith("statuses_")
        usual_s = CLASSIC_KEEP_ALIVE_S if is_classic else KEEP_ALIVE_S
        if isinstance(self.keep_alive_s, Mapping):
            return self.keep_alive_s.get(endpoint, usual_s)
        return usual_s if self.keep_alive_s == KEEP_ALIVE_S else self.keep_alive_s

    def script(
        self, endpoint: str, attempt: int, partition: int | None = None, *, recovery: bool = False
    ) -> Script:
        """Return the steps of an attempt (from 0) on an endpoint; beyond the script, none."""
        scripts = [
            one.script
            for one in self._scripts
            if one.holds_for(endpoint, partition, recovery=recovery)
        ]
        if attempt < len(scripts):
            return scripts[attempt]
        if self._faults:
            return self._by_chance(self._faults, endpoint, attempt, partition, recovery=recovery)
        return scripts[-1] if scripts and self.after == "repeat_last" else ()

    def rest_fault(self, endpoint: str, call: int) -> Instead | None:
        """Return what a call (from 1) that is no connect gets in the place of its answer."""
        return fault_of(self._rest_faults, endpoint, call)

    def _by_chance(
        self,
        faults: RandomFaults,
        endpoint: str,
        attempt: int,
        partition: int | None,
        *,
        recovery: bool,
    ) -> Script:
        """Return the faults of an attempt; those of one endpoint share its rate."""
        channel = f"{endpoint}/{partition or 0}"
        if recovery:
            return faults.recovery(channel, attempt)
        total = next(row.partitions for row in ENDPOINTS if row.name == endpoint) or 1
        return faults.script(channel, attempt, channels_total=total)
