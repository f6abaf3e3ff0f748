"""Fill README's tables of settings, streams and metrics from the code; ``--check`` only compares.

python -m scripts.make_readme_tables [--check]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tap_twitter_stream.monitoring.metrics import CaptureMetric
from tap_twitter_stream.schema import load_schema
from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tap_twitter_stream.tap import TapTwitterStream

README = Path(__file__).parent.parent / "README.md"
_LONG_DEFAULT = 40


def settings_table() -> str:
    """Return one row a setting: name, type, default, first sentence of its description."""
    rows = ["| Setting | Type | Default | What it does |", "|---|---|---|---|"]
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        kind = next(one for one in spec["type"] if one != "null")
        text = spec["description"].replace("|", "\\|").replace("\n", " ")
        rows.append(f"| `{name}` | {kind} | {_default(spec)} | {text} |")
    return "\n".join(rows)


def streams_table() -> str:
    """Return one row a stream: name, keys, first sentence of its schema's description."""
    rows = ["| Stream | Key | What it holds |", "|---|---|---|"]
    tap = TapTwitterStream(validate_config=False, setup_mapper=False)
    for stream in tap.discover_streams():
        keys = ", ".join(f"`{key}`" for key in stream.primary_keys or ())
        text = str(load_schema(stream.name).get("description", "")).split(". ")[0].rstrip(".")
        rows.append(f"| `{stream.name}` | {keys} | {text} |")
    return "\n".join(rows)


def metrics_list() -> str:
    """Return the names of the METRIC lines."""
    return ", ".join(f"`{metric.value}`" for metric in CaptureMetric) + "."


def filled(text: str) -> str:
    """Return the README with every marked part made anew."""
    for name, make in (
        ("settings", settings_table),
        ("streams", streams_table),
        ("metrics", metrics_list),
    ):
        pattern = re.compile(rf"(<!-- {name}: made by [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
        # Doubled, or a backslash of the table would count as an escape of the replacement.
        body = make().replace("\\", "\\\\")
        text = pattern.sub(rf"\g<1>{body}\n\g<2>", text)
    return text


def _default(spec: dict[str, Any]) -> str:
    if "default" not in spec or spec["default"] is None:
        return ""
    shown = json.dumps(spec["default"])
    return f"`{shown}`" if len(shown) <= _LONG_DEFAULT else "see `--about`"


def main() -> int:
    """Write or compare; return the exit code."""
    before = README.read_text(encoding="utf-8")
    after = filled(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            sys.stderr.write("README.md is behind the code: python -m scripts.make_readme_tables\n")
            return 1
        return 0
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
