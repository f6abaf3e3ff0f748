"""Turn the raw configuration into frozen values: every check and every default, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.coverage.fill_plan import Method
from tap_twitter_stream.errors import SettingsError
from tap_twitter_stream.policy.ruleset import RulesPolicy, WantedRule
from tap_twitter_stream.policy.window import Window
from tap_twitter_stream.settings.check import check_settings, parse_instant
from tap_twitter_stream.settings.parquet import files_settings
from tap_twitter_stream.settings.schema import API_URL, CREDENTIALS, FIELD_LISTS
from tap_twitter_stream.settings.values import (
    Auth,
    Dedupe,
    Fields,
    ForeignMatches,
    GapFill,
    Network,
    Output,
    ProgressLine,
    Rules,
    Settings,
    Spool,
    WithoutState,
)
from tap_twitter_stream.wire.endpoints import ARCHIVE, ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping


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
