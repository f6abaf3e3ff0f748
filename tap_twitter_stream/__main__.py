"""``python -m tap_twitter_stream``: the Singer tap, as the installed command runs it."""

from __future__ import annotations

from .tap import TapTwitterStream

if __name__ == "__main__":
    TapTwitterStream.cli()
