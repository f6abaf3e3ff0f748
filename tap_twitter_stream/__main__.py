"""The Singer tap's command, installed or as ``python -m tap_twitter_stream``."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the tap. A Ctrl-C that comes while it is still loading ends it without a traceback."""
    try:
        from tap_twitter_stream.tap import TapTwitterStream  # noqa: PLC0415 - half a second's work
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    TapTwitterStream.cli()


if __name__ == "__main__":
    main()
