"""Write the tap's settings into meltano.yml: the settings schema goes in, one YAML block comes out.

usage: python -m scripts.make_meltano_yml [--check]     (--check writes nothing, exits 1 if stale)
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_twitter_stream.settings.schema import SETTINGS_SCHEMA
from tap_twitter_stream.tap import TapTwitterStream

if TYPE_CHECKING:
    from collections.abc import Iterator

MELTANO_YML = Path(__file__).parent.parent / "meltano.yml"
BEGIN, END = "    settings:\n", "    # End of what is made.\n"
# Numbers are integers to Meltano: it cannot pass on a `decimal` that comes from the environment.
KINDS = {"number": "integer", "integer": "integer", "boolean": "boolean", "string": "string"}


def setting_lines(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Describe one setting the way Meltano wants it."""
    yield f"    - name: {name}\n"
    options = [value for value in schema.get("enum", ()) if value is not None]
    kind = "options" if options else KINDS.get(schema["type"][0], schema["type"][0])
    yield f"      kind: {kind}\n"
    if options:
        yield "      options:\n"
        yield from (f"      - {{label: '{value}', value: '{value}'}}\n" for value in options)
    if schema.get("secret"):
        yield "      sensitive: true\n"
    # JSON's strings are YAML's too.
    yield f"      description: {json.dumps(schema['description'])}\n"


def with_settings(text: str) -> str:
    """Return the file's text with the block between its two marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    # With what the SDK adds: stream maps and flattening.
    schema = copy.deepcopy(SETTINGS_SCHEMA)
    TapTwitterStream.append_builtin_config(schema)
    made = (line for item in schema["properties"].items() for line in setting_lines(*item))
    return before + BEGIN + "".join(made) + END + after


def main(arguments: list[str]) -> None:
    """Write the file, or only say whether it is up to date."""
    text = MELTANO_YML.read_text()
    wanted = with_settings(text)
    if "--check" not in arguments:
        MELTANO_YML.write_text(wanted)
    elif text != wanted:
        sys.exit("meltano.yml is stale: run `python -m scripts.make_meltano_yml`.")


if __name__ == "__main__":
    main(sys.argv[1:])
