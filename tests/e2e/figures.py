"""Figures that tests measure anyway, kept as JSON lines in the file that ``TAP_FIGURES`` names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Read when the module is: a fixture keeps such variables out of the tests and their children.
_PATH = os.environ.get("TAP_FIGURES")


def note(what: str, figures: Mapping[str, object]) -> None:
    """Append one line, if anybody asked for figures."""
    if _PATH:
        with Path(_PATH).open("a") as lines:
            lines.write(json.dumps({"what": what, **figures}) + "\n")
