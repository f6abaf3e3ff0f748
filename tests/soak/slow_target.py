"""A target that takes so many bytes a second and stores nothing: ``slow_target.py RATE``."""

from __future__ import annotations

import os
import sys
import threading


def main(rate: int) -> None:
    """Read at that rate until the end."""
    pause = threading.Event()
    while os.read(0, rate // 10):
        pause.wait(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
