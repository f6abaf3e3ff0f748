"""Settings from environment variables: text in, values of each setting's type out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.check.table import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_EXAMPLES = {
    "rules": '[{"value": "cat has:images", "tag": "cats"}]',
    "partitions": '{"sample10": [1, 2]}',
}
_KINDS = {
    "integer": "a whole number, such as 3600",
    "number": "a number, such as 3600",
    "boolean": "true or false",
    "array": "a JSON list, such as {}, or names with commas between them",
    "object": "a JSON object, such as {}",
}


def environment_settings(
    environ: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Read every setting that the environment names.

    Args:
        environ: Names and texts; a blank text counts as not given.
        prefix: Of the names, such as ``TAP_TWITTER_STREAM_``.
        schema: JSON schema of the settings.

    Returns:
        Values by setting, and a sentence for each text that does not fit its setting.
    """
    values: dict[str, Any] = {}
    errors: list[str] = []
    for name, entry in schema["properties"].items():
        variable = prefix + name.upper()
        text = environ.get(variable, "").strip()
        if not text:
            continue
        json_type = _type_of(entry)
        try:
            values[name] = _READERS[json_type](text, entry)
        except ValueError:
            wanted = _wanted(name, json_type, entry)
            errors.append(f"`{variable}` must be {wanted}, not {shown(text)}: correct it.")
    return values, errors


def _type_of(entry: Mapping[str, Any]) -> str:
    """Return the first type that is not null; what has none is read as text."""
    types = entry.get("type", ("string",))
    names = [types] if isinstance(types, str) else types
    return next((one for one in names if one in _READERS), "string")


def _wanted(name: str, json_type: str, entry: Mapping[str, Any]) -> str:
    words = _KINDS[json_type].format(_EXAMPLES.get(name, '["a", "b"]'))
    return words if _takes_commas(entry) else words.partition(", or names")[0]


def _takes_commas(entry: Mapping[str, Any]) -> bool:
    return "string" in entry.get("items", {}).get("type", ())


def _boolean(text: str, _entry: Mapping[str, Any]) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError
    return text.lower() in _TRUE


def _array(text: str, entry: Mapping[str, Any]) -> list[Any]:
    if not text.startswith("[") and _takes_commas(entry):
        return [one.strip() for one in text.split(",") if one.strip()]
    items: list[Any] = _json(text, list)
    return items


def _json(text: str, kind: type[Any]) -> Any:  # noqa: ANN401 - JSON of the kind asked for
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError  # noqa: TRY004 - the one way in which a text is wrong
    return value


_READERS: dict[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "string": lambda text, _: text,
    "integer": lambda text, _: int(text),
    "number": lambda text, _: float(text),
    "boolean": _boolean,
    "array": _array,
    "object": lambda text, _: _json(text, dict),
}
