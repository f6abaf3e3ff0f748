"""A target that stores and acknowledges as it should, and dies of one post.

Run as a script: ``python dying_target.py RECORDS POST_ID``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

STATE = b'{"type":"STATE","value":'


def main(path: Path, killer: bytes) -> None:
    """Copy until the end of standard input, or until the post comes."""
    with path.open("ab") as records:
        for line in sys.stdin.buffer:
            if line.startswith(b'{"type":"RECORD","stream":"tweets"') and killer in line:
                os._exit(1)
            if line.startswith(b'{"type":"RECORD"') and line.endswith(b"}\n"):
                records.write(line)
                records.flush()
            elif line.startswith(STATE) and line.endswith(b"}\n"):
                sys.stdout.buffer.write(line[len(STATE) : -2] + b"\n")
                sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), b'"id":"' + sys.argv[2].encode() + b'"')
