"""Check one setting by itself: its type and bounds, as the table in `settings/schema.py` says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPERTIES: dict[str, dict[str, Any]] = SETTINGS_SCHEMA["properties"]
_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("text", (str,)),
    "integer": ("a whole number", (int,)),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)),
    "array": ("a list", (list, tuple)),
    "object": ("an object", (dict,)),
}


def default_of(name: str) -> Any:  # noqa: ANN401 - the border: JSON values of any kind
    """Return the default of a setting, None when it has none."""
    return PROPERTIES[name].get("default")


def value_of(raw: Any, name: str) -> Any:  # noqa: ANN401 - the same
    """Return the value meant, or the default when none was given."""
    # An empty environment variable arrives as "": nobody means it as a value.
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return default_of(name)
    if isinstance(raw, float) and "integer" in PROPERTIES[name]["type"] and raw.is_integer():
        return int(raw)
    return raw


def misfits(value: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - the same
    """Yield what is wrong with the value of one setting, whatever the others are."""
    if value is not None:
        yield from _schema_misfits(name, value, PROPERTIES[name])


def _schema_misfits(path: str, value: Any, schema: dict[str, Any]) -> Iterator[str]:  # noqa: ANN401 - the same
    json_type = schema["type"][0]
    words, classes = _TYPES[json_type]
    is_number = json_type in {"integer", "number"}
    fits = isinstance(value, classes) and not (is_number and isinstance(value, bool))
    if not fits or not _in_bounds(value, schema):
        quoted = "" if schema.get("secret") else f", not {shown(value)}"
        yield f"`{path}` must be {words}{_bounds(schema)}{quoted}: correct it or leave it out."
    elif schema.get("enum") and value not in schema["enum"]:
        allowed = [str(one) for one in schema["enum"] if one is not None]
        yield f"`{path}` must be one of {', '.join(allowed)}, not {shown(value)}."
    elif json_type == "array":
        for index, item in enumerate(value):
            yield from _schema_misfits(f"{path}[{index}]", item, schema["items"])
    elif json_type == "object":
        yield from _object_misfits(path, value, schema)


def _object_misfits(path: str, value: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    for key in schema["required"]:
        if value.get(key) is None:
            yield f"`{path}` has no `{key}`: add it."
    for key, inner in schema["properties"].items():
        if value.get(key) is not None:
            yield from _schema_misfits(f"{path}.{key}", value[key], inner)


def _in_bounds(value: Any, schema: dict[str, Any]) -> bool:  # noqa: ANN401 - the same
    if not isinstance(value, (int, float)):
        return True
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    return math.isfinite(value) and least <= value <= most


def _bounds(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f" of at least {least}"


def shown(value: object) -> str:
    """Return a value as an error message quotes it. Not for secrets."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - fits a terminal line
