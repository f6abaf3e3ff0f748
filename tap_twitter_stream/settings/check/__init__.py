"""Check raw settings: a mapping of anything in, known values plus errors and warnings out.

Types, bounds and defaults come from the table in `settings/schema.py`. No value of a secret gets
into a sentence.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.archive import archive_errors, archive_warnings
from tap_twitter_stream.settings.check.classic import NAME as STATUSES_FILTER
from tap_twitter_stream.settings.check.classic import (
    classic_errors,
    classic_warnings,
    listed,
    needs_app,
    needs_user,
    user_errors,
)
from tap_twitter_stream.settings.check.combinations import (
    auth_errors,
    field_errors,
    field_warnings,
    missing_auth,
    parse_instant,
    rule_errors,
    rule_warnings,
    window_errors,
)
from tap_twitter_stream.settings.check.endpoints import (
    endpoint_errors,
    gap_fill_errors,
    partition_warnings,
    redundancy_errors,
)
from tap_twitter_stream.settings.check.files import files_errors, files_warnings
from tap_twitter_stream.settings.check.network import network_errors
from tap_twitter_stream.settings.check.table import PROPERTIES, default_of, misfits, value_of
from tap_twitter_stream.settings.schema import CREDENTIALS, MIB, SDK_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Checked", "check_settings", "parse_instant"]

_SPOOL_BYTES_KEPT = 4 * 1024 * MIB
_SPOOL_BYTES_TEMPORARY = 256 * MIB
_ALMOST, _SIMILAR = 0.85, 0.6  # of 1, as difflib measures it
_CHECKS = (
    *(auth_errors, rule_errors, field_errors, endpoint_errors, window_errors),
    network_errors,
    files_errors,
    classic_errors,
    gap_fill_errors,
    redundancy_errors,
    archive_errors,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Every setting with its value or default, and what is to be said about them."""

    values: dict[str, Any] = field(repr=False)
    errors: list[str]
    warnings: list[str]


def check_settings(raw: Mapping[str, Any], *, require_auth: bool = True) -> Checked:
    """Check everything, and go on after an error so that all of them are found at once.

    Args:
        raw: The configuration as it came.
        require_auth: False for what needs no connection, such as discovery.
    """
    values = {name: value_of(raw.get(name), name) for name in PROPERTIES}
    values[STATUSES_FILTER] = listed(values[STATUSES_FILTER])
    found = {name: list(misfits(value, name)) for name, value in values.items()}
    errors = [error for one in found.values() for error in one]
    values = {
        name: _usable(value, name) if found[name] else value for name, value in values.items()
    }
    _fill_in(values)
    errors += _misspelt(raw)
    errors += [error for check in _CHECKS for error in check(values)]
    if require_auth and not any(found[name] for name in CREDENTIALS):
        errors += missing_auth(values, raw) if needs_app(values) else ()
        errors += user_errors(values)
    warnings = [*_unknown(raw), *field_warnings(values), *rule_warnings(values)]
    warnings += [*partition_warnings(values), *classic_warnings(values), *files_warnings(values)]
    warnings += archive_warnings(values, raw)
    if None not in (values["bearer_token"], values["consumer_key"]) and not needs_user(values):
        warnings.append("`bearer_token` is used; `consumer_key` and `consumer_secret` are not.")
    return Checked(values, errors, warnings)


def _usable(value: Any, name: str) -> Any:  # noqa: ANN401 - the border: JSON values of any kind
    """Return what the other checks can still work with when a setting is wrong."""
    if name == "rules" and isinstance(value, (list, tuple)):
        return [
            one if isinstance(one, dict) and not any(misfits([one], name)) else None
            for one in value
        ]
    return default_of(name)


def _fill_in(values: dict[str, Any]) -> None:
    """Set the two defaults that depend on other settings."""
    if values["spool_max_bytes"] is None:
        kept = values["spool_dir"] is not None
        values["spool_max_bytes"] = _SPOOL_BYTES_KEPT if kept else _SPOOL_BYTES_TEMPORARY
    if values["rules_policy"] is None:
        values["rules_policy"] = "ignore" if values["rules"] is None else "sync"


def _misspelt(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield an error for each name that is almost one of ours.

    A bound that has no effect makes an endless run, and X bills what that receives.
    """
    for name, near in _strangers(raw, _ALMOST):
        if near:
            yield f"`{name}` is not a setting of this tap; did you mean `{near}`? Correct it."


def _unknown(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each other name that nobody reads."""
    almost = {name for name, near in _strangers(raw, _ALMOST) if near}
    for name, near in _strangers(raw, _SIMILAR):
        if name not in almost:
            hint = f"; did you mean `{near}`?" if near else "."
            yield f"`{name}` is not a setting of this tap and has no effect{hint}"


def _strangers(raw: Mapping[str, Any], likeness: float) -> Iterator[tuple[str, str]]:
    """Yield each unknown name with the nearest known one that is alike enough."""
    known = [*PROPERTIES, *SDK_SETTINGS.split()]
    for name in raw:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=likeness)
            yield str(name), near[0] if near else ""
